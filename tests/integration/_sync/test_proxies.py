# Generated from ../_async/test_proxies.py by tools/make_sync.py: edit that file, then run it.
"""Real proxies in front of a real server, alone and in chains."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import httpcore_proxy._sync.socks
import pytest
from httpcore import ConnectionPool, ConnectTimeout, Proxy, ProxyError, ReadTimeout, Response
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.node import NodeServer
from httpcore_test_support.proxies import AUTH, ProxyServer, RealProxies
from httpcore_test_support.sockets import refusing_port
from httpcore_test_support.waiting import at_once

pytestmark = pytest.mark.anyio

LIMITS: dict[str, Any] = {"timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}}

NewPool = Callable[..., ConnectionPool]

# The proxies of a chain, nearest first: each with its protocol.
WAYS: dict[str, Sequence[tuple[str, str]]] = {
    "HTTP": [("open", "http")],
    "HTTP with auth": [("closed", "http")],
    "another HTTP": [("http", "http")],
    "HTTPS": [("https", "https")],
    "SOCKS4": [("open", "socks4")],
    "SOCKS5": [("open", "socks5")],
    "SOCKS5 with auth": [("closed", "socks5h")],
    "HTTP, SOCKS5": [("open", "http"), ("closed", "socks5")],
    "SOCKS5, HTTP": [("open", "socks5"), ("http", "http")],
    "HTTPS, SOCKS4": [("https", "https"), ("open", "socks4")],
    "SOCKS5, HTTPS": [("closed", "socks5"), ("https", "https")],
    "HTTPS, HTTP, SOCKS5": [("https", "https"), ("closed", "http"), ("open", "socks5")],
}


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
def way(request: pytest.FixtureRequest, proxies: RealProxies, certificates: Certificates) -> list[Proxy]:
    """Each way to reach the server."""
    return [proxy(getattr(proxies, name), scheme, certificates, name != "open") for name, scheme in request.param]


def proxy(server: ProxyServer, scheme: str, certificates: Certificates, authenticated: bool = True) -> Proxy:
    """A proxy with its credentials and TLS context."""
    context = certificates.client_context() if scheme == "https" else None
    return Proxy(server.url(scheme), auth=AUTH if authenticated else None, ssl_context=context)


@pytest.fixture
def new_pool(certificates: Certificates) -> NewPool:
    """A function that makes pools that trust the server."""
    return lambda *args, **options: ConnectionPool(certificates.client_context(), *args, **options)


def header(response: Response, name: bytes) -> bytes:
    """The value of a header."""
    return next(value for key, value in response.headers if key.lower() == name)


def assert_came_through(response: Response, first: Proxy) -> None:
    """The client connects to the first proxy, and another connection leads to the server."""
    stream = response.extensions["network_stream"]
    assert stream.get_extra_info("server_addr")[1] == first.url.port
    assert stream.get_extra_info("client_addr")[1] != int(header(response, b"x-remote-port"))


class TestWays:
    def test_plain_http(self, way: list[Proxy], new_pool: NewPool, caddy: CaddyServer) -> None:
        with new_pool(way) as pool:
            response = pool.request("GET", f"{caddy.http_url}/inspect?a=b", extensions=LIMITS)
            assert response.content.startswith(b"GET /inspect?a=b HTTP/1.1 ")
            assert_came_through(response, way[0])

    def test_tls(self, way: list[Proxy], new_pool: NewPool, caddy: CaddyServer) -> None:
        with new_pool(way) as pool:
            response = pool.request("GET", f"{caddy.https_url}/inspect", extensions=LIMITS)
            assert response.content.startswith(b"GET /inspect HTTP/1.1 ")
            assert_came_through(response, way[0])

    def test_http2(self, way: list[Proxy], new_pool: NewPool, caddy: CaddyServer) -> None:
        """All requests share one tunnel, of any kind."""
        with new_pool(way, http2=True) as pool:

            def get() -> Response:
                return pool.request("GET", f"{caddy.https_url}/inspect", extensions=LIMITS)

            assert (get()).extensions["http_version"] == b"HTTP/2"
            responses = at_once(*[get] * 5)
            assert len({header(response, b"x-remote-port") for response in responses}) == 1
            assert [response.content[:21] for response in responses] == [b"GET /inspect HTTP/2.0"] * 5

    def test_large_bodies(self, way: list[Proxy], new_pool: NewPool, caddy: CaddyServer) -> None:
        content = bytes(range(256)) * 2048
        with new_pool(way) as pool:
            response = pool.request("POST", f"{caddy.https_url}/echo", content=content, extensions=LIMITS)
            assert response.content == content
            response = pool.request("GET", f"{caddy.https_url}/1mb.bin", extensions=LIMITS)
            assert hashlib.sha256(response.content).hexdigest() == caddy.files["/1mb.bin"].sha256

    @pytest.mark.field(9)
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_one_connection_for_all_requests(
        self, way: list[Proxy], new_pool: NewPool, caddy: CaddyServer, scheme: str
    ) -> None:
        url = caddy.http_url if scheme == "http" else caddy.https_url
        with new_pool(way) as pool:
            for _ in range(5):
                assert (pool.request("GET", url, extensions=LIMITS)).status == 200
            assert (pool.stats().connections_active, pool.stats().connections_idle) == (0, 1)
            [connection] = pool.connections
            assert connection.is_idle()
            assert "Request Count: 5" in repr(connection)

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_limit_of_the_whole_request(
        self, way: list[Proxy], new_pool: NewPool, caddy: CaddyServer, scheme: str
    ) -> None:
        url = caddy.http_url if scheme == "http" else caddy.https_url
        with new_pool(way, http2=True) as pool:
            assert (pool.request("GET", url, extensions=LIMITS)).status == 200
            limits: dict[str, Any] = {"timeout": {**LIMITS["timeout"], "total": 0.2}}
            with pytest.raises(ReadTimeout, match=r"within the total limit of 0\.2 seconds"):
                pool.request("GET", f"{url}/slow", extensions=limits)
            assert (pool.request("GET", url, extensions=LIMITS)).status == 200

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_body_that_waits_for_consent(
        self, way: list[Proxy], new_pool: NewPool, node: NodeServer, scheme: str
    ) -> None:
        url = node.http_url if scheme == "http" else node.https_url
        headers = {"Expect": "100-continue"}
        with new_pool(way, http2=True) as pool:
            response = pool.request("POST", url, headers=headers, content=bytes(70_000), extensions=LIMITS)
            assert (response.status, response.content) == (200, b"70000")

    def test_last_proxy_resolves_names(self, way: list[Proxy], new_pool: NewPool, caddy: CaddyServer) -> None:
        """Except with SOCKS4."""
        with new_pool(way) as pool:
            url = f"https://localhost:{caddy.https_port}/inspect"
            response = pool.request("GET", url, extensions=LIMITS)
            assert header(response, b"x-server-name") == b"localhost"


class TestNames:
    @pytest.mark.field(68)
    @pytest.mark.parametrize("scheme", ["socks4", "socks5"])
    def test_names_resolved_by_the_client(
        self, scheme: str, proxies: RealProxies, caddy: CaddyServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def resolve(host: str, timeout: float | None) -> list[str]:
            return {"localhost": ["127.0.0.1"]}[host]  # some machines know ::1 first, where the server does not listen

        monkeypatch.setattr(httpcore_proxy._sync.socks, "resolve", resolve)
        with ConnectionPool(proxy=Proxy(proxies.open.url(scheme), rdns=False)) as pool:
            response = pool.request("GET", f"http://localhost:{caddy.http_port}/inspect", extensions=LIMITS)
        assert response.content.startswith(b"GET /inspect HTTP/1.1 localhost")


class TestUnixSocket:
    @pytest.mark.field(59)
    @pytest.mark.parametrize("scheme", ["http", "socks5", "socks4"])
    def test_proxy_behind_a_proxy(
        self, scheme: str, new_pool: NewPool, proxies: RealProxies, caddy: CaddyServer
    ) -> None:
        with new_pool(Proxy(f"{scheme}://localhost"), uds=proxies.unix.unix_socket) as pool:
            for url in (caddy.http_url, caddy.https_url):
                assert (pool.request("GET", url, extensions=LIMITS)).content == b"Hello, world!\n"


class TestRefusals:
    @pytest.mark.field(63)
    @pytest.mark.parametrize("name", ["closed", "http", "https"])
    @pytest.mark.parametrize("auth", [None, ("user", "wrong")])
    def test_without_the_right_credentials(
        self,
        name: str,
        auth: Any,
        new_pool: NewPool,
        proxies: RealProxies,
        caddy: CaddyServer,
        certificates: Certificates,
    ) -> None:
        scheme = "https" if name == "https" else "http"
        right = proxy(getattr(proxies, name), scheme, certificates)
        wrong = Proxy(right.url, auth=auth, ssl_context=right.ssl_context)
        with new_pool(wrong, max_connections=1) as pool:
            with pytest.raises(ProxyError, match=r"^407 ") as caught:
                pool.request("GET", caddy.https_url, extensions=LIMITS)
            assert caught.value.status == 407
            assert any(key.lower() == b"proxy-authenticate" for key, _ in caught.value.headers)
            assert (pool.request("GET", caddy.http_url, extensions=LIMITS)).status == 407
            assert pool.stats().connections_active == 0

    @pytest.mark.field(66)
    @pytest.mark.fault("N18")
    @pytest.mark.parametrize("scheme", ["socks4", "socks5"])
    @pytest.mark.parametrize("auth", [None, ("user", "wrong")])
    def test_refusal_by_a_socks_proxy(self, scheme: str, auth: Any, proxies: RealProxies, caddy: CaddyServer) -> None:
        """pproxy just closes the connection."""
        refusing = Proxy(proxies.closed.url(scheme), auth=auth)
        with ConnectionPool(proxy=refusing, max_connections=1) as pool:
            for _ in range(2):
                with pytest.raises(ProxyError, match=r"^Proxy closed the connection during the SOCKS n") as caught:
                    pool.request("GET", caddy.http_url, extensions=LIMITS)
                assert str(caught.value).endswith(
                    f" to {caddy.http_url} through the proxy {proxies.closed.url(scheme)})"
                )
            assert pool.connections == []

    def test_a_proxy_that_wants_tls(self, proxies: RealProxies) -> None:
        with ConnectionPool(proxy=Proxy(proxies.https.url("http")), max_connections=1) as pool:
            with pytest.raises(ProxyError):
                pool.request("GET", "ws://127.0.0.1/", extensions=LIMITS)
            assert pool.connections == []

    @pytest.mark.field(65)
    @pytest.mark.parametrize("scheme", ["socks4", "socks5"])
    def test_a_proxy_that_does_not_speak_socks(self, scheme: str, proxies: RealProxies) -> None:
        """The proxy waits for the rest of a request."""
        with ConnectionPool(proxy=Proxy(proxies.http.url(scheme)), max_connections=1) as pool:
            for _ in range(2):
                with pytest.raises(ConnectTimeout):
                    pool.request("GET", "http://127.0.0.1/", extensions={"timeout": {"connect": 0.1}})
            assert pool.connections == []

    def test_an_origin_that_is_down(self, proxies: RealProxies, certificates: Certificates) -> None:
        refused = proxy(proxies.http, "http", certificates)
        with refusing_port() as port:
            with ConnectionPool(proxy=refused, max_connections=1) as pool:
                with pytest.raises(ProxyError) as caught:
                    pool.request("GET", f"https://127.0.0.1:{port}/", extensions=LIMITS)
                assert pool.connections == []
        assert caught.value.status == 502
