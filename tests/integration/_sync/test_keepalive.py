# Generated from ../_async/test_keepalive.py by tools/make_sync.py: edit that file, then run it.
"""TCP keepalive reaches every socket that a pool opens, to origins and to proxies."""

from typing import Any

import pytest
from httpcore import ConnectionPool, Proxy, tcp_keepalive
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.proxies import AUTH, RealProxies

pytestmark = pytest.mark.anyio

LIMITS = {"timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}}
OPTIONS = tcp_keepalive(idle=33, interval=11, count=7)
WAYS = {
    "direct": [],
    "HTTP": [("open", "http")],
    "HTTPS": [("https", "https")],
    "SOCKS4": [("open", "socks4")],
    "SOCKS5": [("open", "socks5")],
    "HTTP, SOCKS5": [("open", "http"), ("closed", "socks5")],
    "SOCKS5, HTTP": [("open", "socks5"), ("http", "http")],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_options_reach_the_socket(
    caddy: CaddyServer, proxies: RealProxies, certificates: Certificates, way: list[tuple[str, str]], scheme: str
) -> None:
    chain = [
        Proxy(
            getattr(proxies, name).url(protocol),
            auth=None if name == "open" else AUTH,
            ssl_context=certificates.client_context() if protocol == "https" else None,
        )
        for name, protocol in way
    ]
    url = caddy.http_url if scheme == "http" else caddy.https_url
    context = certificates.client_context()
    with ConnectionPool(context, proxy=chain or None, socket_options=OPTIONS) as pool:
        response = pool.request("GET", f"{url}/inspect", extensions=LIMITS)
        sock: Any = response.extensions["network_stream"].get_extra_info("socket")
        port = chain[0].url.port if chain else None
        assert port is None or sock.getpeername()[1] == port
        assert [sock.getsockopt(*option[:2]) for option in OPTIONS] == [1, 33, 11, 7]
