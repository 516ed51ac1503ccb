"""httpx itself; `tests/integration` tests it in more detail."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpcore
import httpx
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.proxies import AUTH, ProxyServer

VERSIONS = {"HTTP/1.1": {"http2": False}, "HTTP/2": {"http2": True}}
SCHEMES = ("http", "socks5", "socks5h")
LARGE = 1_000_000


def pieces() -> Iterator[bytes]:
    """A body of unknown length."""
    for _ in range(10):
        yield bytes(LARGE // 10)


async def async_pieces() -> AsyncIterator[bytes]:
    """The same."""
    for piece in pieces():
        yield piece


@pytest.fixture(params=VERSIONS)
def options(request: pytest.FixtureRequest, certificates: Certificates) -> dict[str, Any]:
    """Arguments of clients."""
    return {"verify": certificates.client_context(), "trust_env": False, **VERSIONS[request.param]}


def version(options: dict[str, Any]) -> str:
    """The protocol of clients with these options."""
    return "HTTP/2" if options["http2"] else "HTTP/1.1"


class TestSync:
    def test_requests(self, caddy: CaddyServer, options: dict[str, Any]) -> None:
        seen = []
        hooks = {"request": [lambda request: seen.append(request.url.path)]}
        with httpx.Client(**options, base_url=caddy.https_url, event_hooks=hooks, follow_redirects=True) as client:
            assert type(client._transport._pool) is httpcore.ConnectionPool
            assert client.get("/").http_version == version(options)
            assert client.post("/echo", json={"key": "value"}).content == b'{"key":"value"}'
            assert client.post("/echo", content=pieces()).content == bytes(LARGE)
            assert client.get("/redirect").url.path == "/small.txt"
            with client.stream("GET", "/1mb.bin") as response:
                assert sum(len(part) for part in response.iter_raw()) == LARGE
            remote_ports = {client.get("/").headers["X-Remote-Port"] for _ in range(3)}
        assert len(remote_ports) == 1
        assert seen[:5] == ["/", "/echo", "/echo", "/redirect", "/small.txt"]

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_proxies(self, caddy: CaddyServer, proxy: ProxyServer, options: dict[str, Any], scheme: str) -> None:
        through = httpx.Proxy(proxy.url(scheme), auth=AUTH)
        with httpx.Client(**options, proxy=through) as client:
            response = client.get(caddy.https_url + "/1mb.bin")
            assert (response.http_version, len(response.content)) == (version(options), LARGE)
            assert client.get(caddy.http_url + "/").text == "Hello, world!\n"
        wrong = httpx.Proxy(proxy.url(scheme), auth=("user", "wrong"))
        with httpx.Client(**options, proxy=wrong) as client, pytest.raises(httpx.ProxyError):
            client.get(caddy.https_url + "/")

    def test_limits(self, caddy: CaddyServer, certificates: Certificates) -> None:
        limits = httpx.Limits(max_connections=1)
        timeout = httpx.Timeout(5.0, pool=0.01)
        with httpx.Client(limits=limits, timeout=timeout) as client:
            with client.stream("GET", caddy.http_url + "/50mb.bin"), pytest.raises(httpx.PoolTimeout):
                client.get(caddy.http_url + "/")
            assert client.get(caddy.http_url + "/").status_code == 200

    def test_errors(self, caddy: CaddyServer, options: dict[str, Any]) -> None:
        with httpx.Client(**options) as client:
            with pytest.raises(httpx.ReadTimeout):
                client.get(caddy.https_url + "/slow", timeout=httpx.Timeout(5.0, read=0.01))
            with pytest.raises(httpx.ConnectError):
                client.get("http://127.0.0.1:1/")
            assert client.get(caddy.https_url + "/").status_code == 200


@pytest.mark.anyio
class TestAsync:
    async def test_requests(self, caddy: CaddyServer, options: dict[str, Any]) -> None:
        async with httpx.AsyncClient(**options, base_url=caddy.https_url, follow_redirects=True) as client:
            assert type(client._transport._pool) is httpcore.AsyncConnectionPool
            assert (await client.get("/")).http_version == version(options)
            assert (await client.post("/echo", json={"key": "value"})).content == b'{"key":"value"}'
            assert (await client.post("/echo", content=async_pieces())).content == bytes(LARGE)
            assert (await client.get("/redirect")).url.path == "/small.txt"
            async with client.stream("GET", "/1mb.bin") as response:
                assert sum([len(part) async for part in response.aiter_raw()]) == LARGE
            remote_ports = {(await client.get("/")).headers["X-Remote-Port"] for _ in range(3)}
        assert len(remote_ports) == 1

    @pytest.mark.parametrize("scheme", SCHEMES)
    async def test_proxies(self, caddy: CaddyServer, proxy: ProxyServer, options: dict[str, Any], scheme: str) -> None:
        through = httpx.Proxy(proxy.url(scheme), auth=AUTH)
        async with httpx.AsyncClient(**options, proxy=through) as client:
            response = await client.get(caddy.https_url + "/1mb.bin")
            assert (response.http_version, len(response.content)) == (version(options), LARGE)
        wrong = httpx.Proxy(proxy.url(scheme), auth=("user", "wrong"))
        async with httpx.AsyncClient(**options, proxy=wrong) as client:
            with pytest.raises(httpx.ProxyError):
                await client.get(caddy.https_url + "/")

    async def test_limits(self, caddy: CaddyServer) -> None:
        limits = httpx.Limits(max_connections=1)
        timeout = httpx.Timeout(5.0, pool=0.01)
        async with httpx.AsyncClient(limits=limits, timeout=timeout) as client:
            async with client.stream("GET", caddy.http_url + "/50mb.bin"):
                with pytest.raises(httpx.PoolTimeout):
                    await client.get(caddy.http_url + "/")
            assert (await client.get(caddy.http_url + "/")).status_code == 200

    async def test_errors(self, caddy: CaddyServer, options: dict[str, Any]) -> None:
        async with httpx.AsyncClient(**options) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get(caddy.https_url + "/slow", timeout=httpx.Timeout(5.0, read=0.01))
            with pytest.raises(httpx.ConnectError):
                await client.get("http://127.0.0.1:1/")
            assert (await client.get(caddy.https_url + "/")).status_code == 200
