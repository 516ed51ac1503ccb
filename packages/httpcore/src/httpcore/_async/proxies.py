"""The connection for an origin behind proxies, according to the last of them: the others only lead there."""

from collections.abc import Sequence
from typing import Any

from httpcore_models import AsyncConnectionInterface, AsyncNetworkBackend, Origin, Proxy
from httpcore_models.network import AsyncDialler, AsyncDirectDialler
from httpcore_proxy import SOCKS_SCHEMES, AsyncSocksDialler, AsyncSocksProxyDialler

from .http_proxy import AsyncForwardHTTPConnection, AsyncTunnelHTTPConnection, async_tunnel_dialler
from .socks_proxy import AsyncSocks4Connection, AsyncSocks5Connection


def async_connection_through(
    proxies: Sequence[Proxy],
    origin: Origin,
    *,
    network_backend: AsyncNetworkBackend,
    **options: Any,
) -> AsyncConnectionInterface:
    """Return a new connection to `origin` through `proxies`, nearest first; the options are those of a connection."""
    *nearer, last = proxies
    options["network_backend"] = network_backend
    options["through"] = _dialler_through(nearer, options) if nearer else None
    proxy = last.url.origin
    if proxy.scheme in SOCKS_SCHEMES:
        kind = AsyncSocks4Connection if proxy.scheme in (b"socks4", b"socks4a") else AsyncSocks5Connection
        return kind(proxy, origin, last.auth, rdns=last.rdns, **options)
    if origin.scheme == b"http":
        # Over HTTP/1.1, and without TLS to the origin.
        options = {name: value for name, value in options.items() if name not in ("ssl_context", "http1", "http2")}
        return AsyncForwardHTTPConnection(proxy, origin, last.headers, proxy_ssl_context=last.ssl_context, **options)
    return AsyncTunnelHTTPConnection(
        proxy, origin, proxy_headers=last.headers, proxy_ssl_context=last.ssl_context, **options
    )


def _dialler_through(proxies: Sequence[Proxy], options: dict[str, Any]) -> AsyncDialler:
    direct = AsyncSocksProxyDialler if proxies[0].url.scheme in SOCKS_SCHEMES else AsyncDirectDialler
    dialler: AsyncDialler = direct(
        options["network_backend"],
        local_address=options["local_address"],
        uds=options["uds"],
        socket_options=options["socket_options"],
    )
    for proxy in proxies:
        origin = proxy.url.origin
        if origin.scheme in SOCKS_SCHEMES:
            dialler = AsyncSocksDialler(dialler, origin, proxy.auth, proxy.rdns)
        else:
            dialler = async_tunnel_dialler(dialler, origin, proxy.headers, proxy.ssl_context)
    return dialler
