"""httpx-socks, whose pools and connections are subclasses of httpcore's, over streams made by python-socks."""

import httpcore
import httpx
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.proxies import AUTH, ProxyServer
from httpx_socks import AsyncProxyTransport, ProxyError, SyncProxyTransport

SCHEMES = ("socks5", "http")


def url_of(proxy: ProxyServer, scheme: str) -> str:
    """The URL of a proxy, with credentials."""
    return f"{scheme}://{AUTH[0]}:{AUTH[1]}@127.0.0.1:{proxy.port}"


@pytest.mark.parametrize("scheme", SCHEMES)
class TestSync:
    def test_requests(self, proxy: ProxyServer, caddy: CaddyServer, scheme: str) -> None:
        with httpx.Client(transport=SyncProxyTransport.from_url(url_of(proxy, scheme))) as client:
            responses = [client.post(caddy.http_url + "/echo", content=b"text") for _ in range(3)]
        assert {response.content for response in responses} == {b"text"}
        assert len({response.headers["X-Remote-Port"] for response in responses}) == 1

    @pytest.mark.parametrize("http2", [False, True])
    def test_tls(
        self, proxy: ProxyServer, caddy: CaddyServer, certificates: Certificates, scheme: str, http2: bool
    ) -> None:
        transport = SyncProxyTransport.from_url(
            url_of(proxy, scheme), verify=certificates.client_context(), http2=http2
        )
        with httpx.Client(transport=transport) as client:
            responses = [client.get(caddy.https_url + "/1mb.bin") for _ in range(2)]
        assert responses[0].http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        assert {len(response.content) for response in responses} == {1_000_000}
        assert len({response.headers["X-Remote-Port"] for response in responses}) == 1

    @pytest.mark.fault("T5")
    @pytest.mark.parametrize("http2", [False, True])
    def test_uploads_over_tls(
        self, proxy: ProxyServer, caddy: CaddyServer, certificates: Certificates, scheme: str, http2: bool
    ) -> None:
        transport = SyncProxyTransport.from_url(
            url_of(proxy, scheme), verify=certificates.client_context(), http2=http2
        )
        content = bytes(200_000)
        with httpx.Client(transport=transport) as client:
            for _ in range(3):
                response = client.post(caddy.https_url + "/echo", content=content)
                assert response.content == content

    def test_wrong_credentials(self, proxy: ProxyServer, caddy: CaddyServer, scheme: str) -> None:
        url = f"{scheme}://{AUTH[0]}:wrong@127.0.0.1:{proxy.port}"
        with httpx.Client(transport=SyncProxyTransport.from_url(url)) as client, pytest.raises(ProxyError):
            client.get(caddy.http_url + "/")

    def test_leaving_early(self, proxy: ProxyServer, caddy: CaddyServer, scheme: str) -> None:
        transport = SyncProxyTransport.from_url(url_of(proxy, scheme), limits=httpx.Limits(max_connections=1))
        with httpx.Client(transport=transport) as client:
            for _ in range(2):
                with client.stream("GET", caddy.http_url + "/50mb.bin") as response:
                    assert next(response.iter_bytes())


# The generators of httpx close none of those inside.
@pytest.mark.filterwarnings(r"ignore:Async generator 'httpx\.:ResourceWarning")
@pytest.mark.anyio
@pytest.mark.parametrize("scheme", SCHEMES)
class TestAsync:
    async def test_requests(self, proxy: ProxyServer, caddy: CaddyServer, scheme: str) -> None:
        async with httpx.AsyncClient(transport=AsyncProxyTransport.from_url(url_of(proxy, scheme))) as client:
            responses = [await client.post(caddy.http_url + "/echo", content=b"text") for _ in range(3)]
        assert {response.content for response in responses} == {b"text"}
        assert len({response.headers["X-Remote-Port"] for response in responses}) == 1

    @pytest.mark.parametrize("http2", [False, True])
    async def test_tls(
        self, proxy: ProxyServer, caddy: CaddyServer, certificates: Certificates, scheme: str, http2: bool
    ) -> None:
        transport = AsyncProxyTransport.from_url(
            url_of(proxy, scheme), verify=certificates.client_context(), http2=http2
        )
        async with httpx.AsyncClient(transport=transport) as client:
            responses = [await client.get(caddy.https_url + "/1mb.bin") for _ in range(2)]
        assert responses[0].http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        assert {len(response.content) for response in responses} == {1_000_000}
        assert len({response.headers["X-Remote-Port"] for response in responses}) == 1

    @pytest.mark.fault("T5")
    @pytest.mark.parametrize("http2", [False, True])
    async def test_uploads_over_tls(
        self, proxy: ProxyServer, caddy: CaddyServer, certificates: Certificates, scheme: str, http2: bool
    ) -> None:
        transport = AsyncProxyTransport.from_url(
            url_of(proxy, scheme), verify=certificates.client_context(), http2=http2
        )
        content = bytes(200_000)
        async with httpx.AsyncClient(transport=transport) as client:
            for _ in range(3):
                response = await client.post(caddy.https_url + "/echo", content=content)
                assert response.content == content

    async def test_wrong_credentials(self, proxy: ProxyServer, caddy: CaddyServer, scheme: str) -> None:
        url = f"{scheme}://{AUTH[0]}:wrong@127.0.0.1:{proxy.port}"
        async with httpx.AsyncClient(transport=AsyncProxyTransport.from_url(url)) as client:
            with pytest.raises(ProxyError):
                await client.get(caddy.http_url + "/")

    async def test_leaving_early(self, proxy: ProxyServer, caddy: CaddyServer, scheme: str) -> None:
        transport = AsyncProxyTransport.from_url(url_of(proxy, scheme), limits=httpx.Limits(max_connections=1))
        async with httpx.AsyncClient(transport=transport) as client:
            for _ in range(2):
                async with client.stream("GET", caddy.http_url + "/50mb.bin") as response:
                    assert await anext(response.aiter_bytes())


def test_its_pools_subclass_those_of_this_package() -> None:
    with SyncProxyTransport.from_url("socks5://127.0.0.1:1") as transport:
        assert isinstance(transport._pool, httpcore.ConnectionPool)
