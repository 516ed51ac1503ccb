"""Connections through HTTP proxies, and a pool of them."""

import ssl
from collections.abc import Iterable, Sequence
from typing import Any

from httpcore_models import SOCKET_OPTION, URL, AsyncNetworkBackend, HeaderTypes, Origin, Request, Response
from httpcore_models.lowlevel import enforce_port
from httpcore_models.network import AsyncDialler
from httpcore_proxy import AsyncTLSDialler, AsyncTunnelDialler, forwarded_request

from .._extras import find
from .._proxies import the_proxy
from .._ssl import shared_ssl_context
from .connection import AsyncHTTPConnection
from .connection_pool import AsyncConnectionPool
from .legacy import AsyncLegacyForward, AsyncLegacyProxy, AsyncLegacyTunnel


class AsyncForwardHTTPConnection(AsyncLegacyForward, AsyncHTTPConnection):
    """A connection to an HTTP proxy that forwards requests to one `http` origin.

    `through` reaches the proxy where it is not reached directly; for further options see `AsyncHTTPConnection`.
    """

    def __init__(
        self,
        proxy_origin: Origin,
        remote_origin: Origin,
        proxy_headers: Sequence[tuple[bytes, bytes]] | None = None,
        keepalive_expiry: float | None = None,
        network_backend: AsyncNetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        proxy_ssl_context: ssl.SSLContext | None = None,
        *,
        through: AsyncDialler | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            origin=proxy_origin,
            ssl_context=proxy_ssl_context,
            keepalive_expiry=keepalive_expiry,
            network_backend=network_backend,
            socket_options=socket_options,
            **options,
        )
        self._remote_origin = remote_origin
        self._proxy_headers = list(proxy_headers or ())
        self._dialler = through or self._dialler

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request to the proxy; see `AsyncConnectionInterface`."""
        origin = request.url.origin
        if not self.can_handle_request(origin):
            raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._remote_origin}")
        request = forwarded_request(request, self._origin, self._proxy_headers)
        connection = self._established
        if connection is None:
            enforce_port(origin.host, origin.port)
            connection = await self._establish(request)
        return await connection.handle_async_request(request)

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether `origin` is the one that this connection is for."""
        return origin == self._remote_origin


class AsyncTunnelHTTPConnection(AsyncLegacyTunnel, AsyncHTTPConnection):
    """A connection to an origin through a tunnel that an HTTP proxy opens.

    `through` reaches the proxy where it is not reached directly; for further options see `AsyncHTTPConnection`.
    """

    def __init__(
        self,
        proxy_origin: Origin,
        remote_origin: Origin,
        ssl_context: ssl.SSLContext | None = None,
        proxy_ssl_context: ssl.SSLContext | None = None,
        proxy_headers: Sequence[tuple[bytes, bytes]] | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        network_backend: AsyncNetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        *,
        through: AsyncDialler | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            origin=remote_origin,
            ssl_context=ssl_context,
            keepalive_expiry=keepalive_expiry,
            http1=http1,
            http2=http2,
            network_backend=network_backend,
            socket_options=socket_options,
            **options,
        )
        self._proxy_origin = proxy_origin
        self._proxy_ssl_context = proxy_ssl_context
        self._to_proxy = through or self._dialler
        self._dialler = async_tunnel_dialler(self._to_proxy, proxy_origin, proxy_headers or (), proxy_ssl_context)


def async_tunnel_dialler(
    dialler: AsyncDialler,
    proxy_origin: Origin,
    proxy_headers: Sequence[tuple[bytes, bytes]],
    proxy_ssl_context: ssl.SSLContext | None,
) -> AsyncDialler:
    """Return what opens tunnels through the proxy that `dialler` reaches."""
    if proxy_origin.scheme in (b"https", b"wss"):
        dialler = AsyncTLSDialler(dialler, proxy_ssl_context or shared_ssl_context(("http/1.1",)))
    return AsyncTunnelDialler(dialler, proxy_origin, proxy_headers)


class AsyncHTTPProxy(AsyncLegacyProxy, AsyncConnectionPool):
    """A connection pool that sends all requests through an HTTP proxy.

    * `proxy_url`, `proxy_auth`, `proxy_headers`, `proxy_ssl_context`: see `Proxy`.
    * All else: see `AsyncConnectionPool`, of which this is a shorthand.
    """

    def __init__(
        self,
        proxy_url: URL | bytes | str,
        proxy_auth: tuple[bytes | str, bytes | str] | None = None,
        proxy_headers: HeaderTypes = None,
        ssl_context: ssl.SSLContext | None = None,
        proxy_ssl_context: ssl.SSLContext | None = None,
        max_connections: int | None = 10,
        max_keepalive_connections: int | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        retries: int = 0,
        local_address: str | None = None,
        uds: str | None = None,
        network_backend: AsyncNetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> None:
        proxy = the_proxy(proxy_url, proxy_auth, proxy_headers, proxy_ssl_context)
        if proxy_ssl_context is not None and proxy.url.scheme == b"http":
            raise RuntimeError("The `proxy_ssl_context` argument is not allowed for the http scheme")
        super().__init__(
            ssl_context=ssl_context,
            proxy=proxy,
            max_connections=max_connections,
            max_keepalive_connections=max_keepalive_connections,
            keepalive_expiry=keepalive_expiry,
            http1=http1,
            http2=http2,
            retries=retries,
            local_address=local_address,
            uds=uds,
            network_backend=network_backend,
            socket_options=socket_options,
        )


def __getattr__(name: str) -> Any:
    return find(__name__, name)
