# Generated from ../_async/http_proxy.py by tools/make_sync.py: edit that file, then run it.
"""Connections through HTTP proxies, and a pool of them."""

import ssl
from collections.abc import Iterable, Sequence
from typing import Any

from httpcore_models import SOCKET_OPTION, URL, HeaderTypes, NetworkBackend, Origin, Request, Response
from httpcore_models.lowlevel import enforce_port
from httpcore_models.network import Dialler
from httpcore_proxy import TLSDialler, TunnelDialler, forwarded_request

from .._extras import find
from .._proxies import the_proxy
from .._ssl import shared_ssl_context
from .connection import HTTPConnection
from .connection_pool import ConnectionPool
from .legacy import LegacyForward, LegacyProxy, LegacyTunnel


class ForwardHTTPConnection(LegacyForward, HTTPConnection):
    """A connection to an HTTP proxy that forwards requests to one `http` origin.

    `through` reaches the proxy where it is not reached directly; for further options see `HTTPConnection`.
    """

    def __init__(
        self,
        proxy_origin: Origin,
        remote_origin: Origin,
        proxy_headers: Sequence[tuple[bytes, bytes]] | None = None,
        keepalive_expiry: float | None = None,
        network_backend: NetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        proxy_ssl_context: ssl.SSLContext | None = None,
        *,
        through: Dialler | None = None,
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

    def handle_request(self, request: Request) -> Response:
        """Send a request to the proxy; see `ConnectionInterface`."""
        origin = request.url.origin
        if not self.can_handle_request(origin):
            raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._remote_origin}")
        request = forwarded_request(request, self._origin, self._proxy_headers)
        connection = self._established
        if connection is None:
            enforce_port(origin.host, origin.port)
            connection = self._establish(request)
        return connection.handle_request(request)

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether `origin` is the one that this connection is for."""
        return origin == self._remote_origin


class TunnelHTTPConnection(LegacyTunnel, HTTPConnection):
    """A connection to an origin through a tunnel that an HTTP proxy opens.

    `through` reaches the proxy where it is not reached directly; for further options see `HTTPConnection`.
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
        network_backend: NetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        *,
        through: Dialler | None = None,
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
        self._dialler = tunnel_dialler(self._to_proxy, proxy_origin, proxy_headers or (), proxy_ssl_context)


def tunnel_dialler(
    dialler: Dialler,
    proxy_origin: Origin,
    proxy_headers: Sequence[tuple[bytes, bytes]],
    proxy_ssl_context: ssl.SSLContext | None,
) -> Dialler:
    """Return what opens tunnels through the proxy that `dialler` reaches."""
    if proxy_origin.scheme in (b"https", b"wss"):
        dialler = TLSDialler(dialler, proxy_ssl_context or shared_ssl_context(("http/1.1",)))
    return TunnelDialler(dialler, proxy_origin, proxy_headers)


class HTTPProxy(LegacyProxy, ConnectionPool):
    """A connection pool that sends all requests through an HTTP proxy.

    * `proxy_url`, `proxy_auth`, `proxy_headers`, `proxy_ssl_context`: see `Proxy`.
    * All else: see `ConnectionPool`, of which this is a shorthand.
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
        network_backend: NetworkBackend | None = None,
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
