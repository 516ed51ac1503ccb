"""httpx2 and SDKs on httpcore without a transport: `sys.modules["httpcore2"]` is httpcore."""

import sys

import httpcore

sys.modules["httpcore2"] = httpcore

import httpx2  # noqa: E402
import openai  # noqa: E402
import pytest  # noqa: E402
from httpcore_test_support.caddy import CaddyServer  # noqa: E402
from httpcore_test_support.certificates import Certificates  # noqa: E402
from httpcore_test_support.hypercorn import HypercornServer  # noqa: E402
from httpcore_test_support.proxies import AUTH, ProxyServer  # noqa: E402


@pytest.mark.parametrize("http2", [False, True])
def test_requests(caddy: CaddyServer, certificates: Certificates, http2: bool) -> None:
    with httpx2.Client(verify=certificates.client_context(), http2=http2) as client:
        assert type(client._transport._pool) is httpcore.ConnectionPool
        for url in (caddy.http_url, caddy.https_url):
            assert client.post(f"{url}/echo", content=b"text").content == b"text"
        assert client.get(caddy.https_url).http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        with pytest.raises(httpx2.ConnectError):
            client.get("http://127.0.0.1:1")


@pytest.mark.anyio
async def test_async_requests(caddy: CaddyServer) -> None:
    async with httpx2.AsyncClient() as client:
        assert type(client._transport._pool) is httpcore.AsyncConnectionPool
        async with client.stream("GET", f"{caddy.http_url}/1mb.bin") as response:
            assert len(await response.aread()) == 1_000_000


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_proxies(caddy: CaddyServer, proxy: ProxyServer, scheme: str) -> None:
    with httpx2.Client(proxy=httpx2.Proxy(proxy.url(scheme), auth=AUTH)) as client:
        assert client.get(caddy.http_url).status_code == 200


def test_openai(services: HypercornServer) -> None:
    with openai.OpenAI(base_url=services.http_url + "/v1", api_key="secret") as client:
        messages = [{"role": "user", "content": "Say hello."}]
        answer = client.chat.completions.create(model="model", messages=messages)
        assert answer.choices[0].message.content == "Hello, world!"
