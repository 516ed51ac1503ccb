# Generated from ../_async/proxies.py by tools/make_sync.py: edit that file, then run it.
"""The connection for an origin behind proxies, according to the last of them: the others only lead there."""

from collections.abc import Sequence
from typing import Any

from httpcore_models import ConnectionInterface, NetworkBackend, Origin, Proxy
from httpcore_models.network import Dialler, DirectDialler
from httpcore_proxy import SOCKS_SCHEMES, SocksDialler, SocksProxyDialler

from .http_proxy import ForwardHTTPConnection, TunnelHTTPConnection, tunnel_dialler
from .socks_proxy import Socks4Connection, Socks5Connection


def connection_through(
    proxies: Sequence[Proxy],
    origin: Origin,
    *,
    network_backend: NetworkBackend,
    **options: Any,
) -> ConnectionInterface:
    """Return a new connection to `origin` through `proxies`, nearest first; the options are those of a connection."""
    *nearer, last = proxies
    options["network_backend"] = network_backend
    options["through"] = _dialler_through(nearer, options) if nearer else None
    proxy = last.url.origin
    if proxy.scheme in SOCKS_SCHEMES:
        kind = Socks4Connection if proxy.scheme in (b"socks4", b"socks4a") else Socks5Connection
        return kind(proxy, origin, last.auth, rdns=last.rdns, **options)
    if origin.scheme == b"http":
        # Over HTTP/1.1, and without TLS to the origin.
        options = {name: value for name, value in options.items() if name not in ("ssl_context", "http1", "http2")}
        return ForwardHTTPConnection(proxy, origin, last.headers, proxy_ssl_context=last.ssl_context, **options)
    return TunnelHTTPConnection(
        proxy, origin, proxy_headers=last.headers, proxy_ssl_context=last.ssl_context, **options
    )


def _dialler_through(proxies: Sequence[Proxy], options: dict[str, Any]) -> Dialler:
    direct = SocksProxyDialler if proxies[0].url.scheme in SOCKS_SCHEMES else DirectDialler
    dialler: Dialler = direct(
        options["network_backend"],
        local_address=options["local_address"],
        uds=options["uds"],
        socket_options=options["socket_options"],
    )
    for proxy in proxies:
        origin = proxy.url.origin
        if origin.scheme in SOCKS_SCHEMES:
            dialler = SocksDialler(dialler, origin, proxy.auth, proxy.rdns)
        else:
            dialler = tunnel_dialler(dialler, origin, proxy.headers, proxy.ssl_context)
    return dialler
