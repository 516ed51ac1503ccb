# Generated from ../_async/test_proxies.py by tools/make_sync.py: edit that file, then run it.
"""Proxies of all kinds, one behind the other, with real programs."""

import sys
from typing import Any

import httpcore
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.proxies import AUTH, ProxyServer, RealProxies

pytestmark = pytest.mark.anyio

USER, PASSWORD = AUTH


def assert_goes_through(client: Any, caddy: CaddyServer, first: ProxyServer) -> None:
    """Requests with and without TLS, through proxies of which `first` is the nearest."""
    with client:
        for url in (caddy.http_url, caddy.https_url):
            response = client.get(f"{url}/inspect", params={"a": "b"})
            assert response.text.startswith("GET /inspect?a=b HTTP/")
            stream = response.extensions["network_stream"]
            assert stream.get_extra_info("server_addr")[1] == first.port


@pytest.mark.parametrize("scheme", ["http", "socks4", "socks4a", "socks5", "socks5h"])
def test_urls(form: Any, caddy: CaddyServer, proxies: RealProxies, scheme: str) -> None:
    limits = form.httpx.Limits()
    for url in (proxies.open.url(scheme), form.httpx.URL(proxies.open.url(scheme))):
        assert_goes_through(form.client(proxy=url, limits=limits), caddy, proxies.open)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_credentials(form: Any, caddy: CaddyServer, proxies: RealProxies, scheme: str) -> None:
    url, with_auth = proxies.closed.url(scheme), proxies.closed.url(scheme, f"{USER}:{PASSWORD}@127.0.0.1")
    for proxy in (with_auth, form.httpx.Proxy(url, auth=AUTH), httpcore.Proxy(url, auth=AUTH)):
        assert_goes_through(form.client(proxy=proxy, limits=form.httpx.Limits()), caddy, proxies.closed)
    with form.client(proxy=url) as client:
        with pytest.raises(form.httpx.ProxyError):
            client.get(caddy.https_url)


def test_a_chain(form: Any, caddy: CaddyServer, proxies: RealProxies) -> None:
    chain = [
        proxies.open.url("socks5"),
        form.httpx.Proxy(proxies.closed.url("http"), auth=AUTH),
        httpcore.Proxy(proxies.open.url("socks4")),
    ]
    client = form.client(proxy=chain, limits=form.httpx.Limits(), http2=True)
    assert_goes_through(client, caddy, proxies.open)


def test_tls_to_the_proxy(
    form: Any, caddy: CaddyServer, proxies: RealProxies, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = proxies.https.url("https")
    proxy = form.httpx.Proxy(url, auth=AUTH, ssl_context=certificates.client_context())
    assert_goes_through(form.client(proxy=proxy, limits=form.httpx.Limits()), caddy, proxies.https)
    # Without a context of its own, the proxy is verified as origins are by default, whatever `verify` is.
    proxy = form.httpx.Proxy(url, auth=AUTH)
    with form.client(proxy=proxy) as client:
        with pytest.raises(form.httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            client.get(caddy.http_url)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority_pem))
    assert_goes_through(form.client(proxy=proxy, limits=form.httpx.Limits()), caddy, proxies.https)


def test_headers_for_the_proxy(form: Any, caddy: CaddyServer, proxies: RealProxies) -> None:
    transport = form.transports.HTTPTransport(
        proxy=form.httpx.Proxy(proxies.open.url("http"), headers={"X-Proxy": "a"})
    )
    with transport:
        (proxy,) = transport._pool._proxies
        assert (b"X-Proxy", b"a") in proxy.headers


def test_wrong_proxies(form: Any) -> None:
    for wrong in ("ftp://127.0.0.1", "127.0.0.1:80"):
        with pytest.raises(ValueError, match=r"[Uu]nknown scheme for proxy URL|must be"):
            form.transports.HTTPTransport(proxy=wrong)


VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Without the proxies of this machine."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


def test_mounts_from_the_environment(
    form: Any, caddy: CaddyServer, proxies: RealProxies, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("HTTP_PROXY", proxies.open.url("http"))
    environment.setenv("ALL_PROXY", proxies.open.url("socks5"))
    mounts = form.transports.mounts_from_environment(verify=False)
    client = form.client(mounts=mounts, limits=form.httpx.Limits())
    assert_goes_through(client, caddy, proxies.open)
    environment.setenv("NO_PROXY", "127.0.0.1")
    mounts = form.transports.mounts_from_environment(verify=False)
    with form.client(mounts=mounts) as client:
        stream = (client.get(caddy.http_url)).extensions["network_stream"]
        assert stream.get_extra_info("server_addr")[1] == caddy.http_port


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"},
        {"https_proxy": "127.0.0.1:1"},
        {"ALL_PROXY": "socks5://127.0.0.1:1", "NO_PROXY": "*"},
        {"ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": " example.com, .example.org,localhost,LOCALHOST,http://a.b"},
        {"ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1,::1,10.0.0.0/8,,a.b:80"},
        {"NO_PROXY": "example.com"},
    ],
    ids=str,
)
@pytest.mark.parametrize("hidden", [False, True], ids=["", "the library's function is hidden"])
def test_mounts_are_those_of_a_client(
    form: Any, environment: pytest.MonkeyPatch, variables: dict[str, str], hidden: bool
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    with form.httpx.Client(verify=False) as client:
        expected = {pattern.pattern: transport is None for pattern, transport in client._mounts.items()}
    if hidden:
        environment.setitem(sys.modules, f"{form.httpx.__name__}._utils", None)
    mounts = form.transports.mounts_from_environment()
    assert {pattern: transport is None for pattern, transport in mounts.items()} == expected
    assert len({id(transport) for transport in mounts.values() if transport}) <= 1


@pytest.mark.parametrize(
    "hosts", ["*.example.com", "[::1]", "[::1]:8080", "fe80::/10", "example.com/path", "example.com:abc"]
)
def test_rare_forms_of_no_proxy_are_read_as_by_a_client(form: Any, environment: pytest.MonkeyPatch, hosts: str) -> None:
    environment.setenv("ALL_PROXY", "http://127.0.0.1:1")
    environment.setenv("NO_PROXY", hosts)
    try:
        with form.httpx.Client(verify=False) as client:
            expected = {pattern.pattern: transport is None for pattern, transport in client._mounts.items()}
    except form.httpx.InvalidURL:  # httpx reads fewer forms than httpx2
        return
    mounts = form.transports.mounts_from_environment()
    assert {pattern: transport is None for pattern, transport in mounts.items()} == expected
    with form.client(mounts=mounts):
        pass
