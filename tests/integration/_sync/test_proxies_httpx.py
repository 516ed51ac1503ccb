# Generated from ../_async/test_proxies_httpx.py by tools/make_sync.py: edit that file, then run it.
"""httpx's own proxy settings, unchanged, with real proxies."""

import httpcore
import httpx
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.proxies import AUTH, ProxyServer, RealProxies
from httpcore_test_support.sockets import refusing_port

pytestmark = pytest.mark.anyio

USER, PASSWORD = AUTH
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def with_auth(server: ProxyServer, scheme: str) -> str:
    """The URL of a proxy with credentials in it."""
    return server.url(scheme, f"{USER}:{PASSWORD}@127.0.0.1")


def assert_goes_through(client: httpx.Client, caddy: CaddyServer, server: ProxyServer | None) -> None:
    """Requests with and without TLS, through a proxy or directly."""
    for url in (caddy.http_url, caddy.https_url):
        response = client.get(f"{url}/inspect", params={"a": "b"})
        assert response.text.startswith("GET /inspect?a=b HTTP/")
        stream = response.extensions["network_stream"]
        assert stream.get_extra_info("server_addr")[1] == (httpx.URL(url).port if server is None else server.port)


class TestProxyArgument:
    def test_httpx_uses_this_package(self, proxies: RealProxies) -> None:
        transport = httpx.HTTPTransport(proxy=proxies.open.url("http"))
        assert type(transport._pool) is httpcore.HTTPProxy
        transport = httpx.HTTPTransport(proxy=proxies.open.url("socks5"))
        assert type(transport._pool) is httpcore.SOCKSProxy

    @pytest.mark.parametrize("http2", [False, True])
    @pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
    def test_a_url(
        self, scheme: str, http2: bool, proxies: RealProxies, caddy: CaddyServer, certificates: Certificates
    ) -> None:
        context = certificates.client_context()
        with httpx.Client(proxy=proxies.open.url(scheme), verify=context, http2=http2) as client:
            assert_goes_through(client, caddy, proxies.open)
            assert (client.get(caddy.https_url)).http_version == ("HTTP/2" if http2 else "HTTP/1.1")

    @pytest.mark.parametrize("scheme", ["http", "socks5"])
    def test_a_url_with_credentials(
        self, scheme: str, proxies: RealProxies, caddy: CaddyServer, certificates: Certificates
    ) -> None:
        url = with_auth(proxies.closed, scheme)
        with httpx.Client(proxy=url, verify=certificates.client_context()) as client:
            assert_goes_through(client, caddy, proxies.closed)

    def test_a_proxy_over_tls(self, proxies: RealProxies, caddy: CaddyServer, certificates: Certificates) -> None:
        """With separate TLS contexts for proxy and origin, or one for both."""
        context = certificates.client_context()
        for proxy_context in (certificates.client_context(), context):
            proxy = httpx.Proxy(proxies.https.url("https"), auth=AUTH, ssl_context=proxy_context)
            with httpx.Client(proxy=proxy, verify=context, http2=True) as client:
                assert_goes_through(client, caddy, proxies.https)

    def test_headers(self, proxies: RealProxies, caddy: CaddyServer, certificates: Certificates) -> None:
        headers = {"Proxy-Authorization": "Basic dXNlcjpzZWNyZXQ="}
        proxy = httpx.Proxy(proxies.http.url("http"), headers=headers)
        with httpx.Client(proxy=proxy, verify=certificates.client_context()) as client:
            assert_goes_through(client, caddy, proxies.http)

    def test_redirects_uploads_and_streams(
        self, proxies: RealProxies, caddy: CaddyServer, certificates: Certificates
    ) -> None:
        """Redirects, uploads and streams."""
        context = certificates.client_context()
        with httpx.Client(proxy=proxies.open.url("http"), verify=context, follow_redirects=True) as client:
            for url in (caddy.http_url, caddy.https_url):
                assert (client.get(f"{url}/redirect")).url.path == "/small.txt"
                assert (client.post(f"{url}/echo", content=b"x" * 100_000)).content == b"x" * 100_000
                with client.stream("GET", f"{url}/1mb.bin") as response:
                    assert len(response.read()) == 1_000_000


class TestMounts:
    def test_one_proxy_per_scheme(self, proxies: RealProxies, caddy: CaddyServer, certificates: Certificates) -> None:
        context = certificates.client_context()
        mounts = {
            "http://": httpx.HTTPTransport(proxy=proxies.open.url("http")),
            "https://": httpx.HTTPTransport(proxy=proxies.open.url("socks5"), verify=context),
        }
        with httpx.Client(mounts=mounts) as client:
            assert_goes_through(client, caddy, proxies.open)

    def test_with_exceptions(self, proxies: RealProxies, caddy: CaddyServer, certificates: Certificates) -> None:
        context = certificates.client_context()
        mounts = {"all://": httpx.HTTPTransport(proxy=proxies.open.url("http")), "all://127.0.0.1": None}
        with httpx.Client(mounts=mounts, verify=context) as client:
            assert_goes_through(client, caddy, None)
            response = client.get(f"http://localhost:{caddy.http_port}/")
            assert response.extensions["network_stream"].get_extra_info("server_addr")[1] == proxies.open.port


class TestEnvironment:
    @pytest.mark.parametrize("scheme", ["http", "socks5"])
    def test_proxy_from_the_environment(
        self,
        scheme: str,
        proxies: RealProxies,
        caddy: CaddyServer,
        certificates: Certificates,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", with_auth(proxies.closed, scheme))
        with httpx.Client(verify=certificates.client_context()) as client:
            assert_goes_through(client, caddy, proxies.closed)

    def test_one_proxy_per_scheme(
        self, proxies: RealProxies, caddy: CaddyServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", proxies.open.url("http"))
        monkeypatch.setenv("HTTPS_PROXY", proxies.open.url("http"))
        with httpx.Client(verify=certificates.client_context()) as client:
            assert_goes_through(client, caddy, proxies.open)

    def test_exceptions(
        self, proxies: RealProxies, caddy: CaddyServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", proxies.open.url("http"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with httpx.Client(verify=certificates.client_context()) as client:
            assert_goes_through(client, caddy, None)


class TestErrors:
    def test_refusal_is_a_proxy_error_of_httpx(self, proxies: RealProxies, caddy: CaddyServer) -> None:
        """httpx's own exception, caused by that of this package."""
        with httpx.Client(proxy=proxies.http.url("http")) as client:
            with pytest.raises(httpx.ProxyError, match=r"^407 ") as caught:
                client.get(caddy.https_url)
        cause = caught.value.__cause__
        assert isinstance(cause, httpcore.ProxyError)
        assert (cause.status, cause.body) == (407, b"Proxy Authentication Required")

    def test_a_proxy_that_is_down(self, caddy: CaddyServer) -> None:
        with refusing_port() as port:
            for scheme in ("http", "socks5"):
                with httpx.Client(proxy=f"{scheme}://127.0.0.1:{port}") as client:
                    with pytest.raises(httpx.ConnectError):
                        client.get(caddy.http_url)
