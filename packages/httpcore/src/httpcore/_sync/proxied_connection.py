# Generated from ../_async/proxied_connection.py by tools/make_sync.py: edit that file, then run it.
"""Connections through proxies: forwarding, HTTP tunnels and SOCKS, and the choice between them."""

import dataclasses
import functools
import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

from httpcore_models import (
    SOCKET_OPTION,
    ConnectionInterface,
    NetworkBackend,
    Origin,
    Proxy,
    Request,
    Response,
    SSLContextTypes,
)
from httpcore_models.lowlevel import begin_request, enforce_port
from httpcore_models.network import Dialler, DirectDialler
from httpcore_proxy import (
    SOCKS_SCHEMES,
    SocksDialler,
    SocksProxyDialler,
    TLSDialler,
    TunnelDialler,
    forwarded_request,
)

from .._options import ConnectionOptions
from .._ssl import TLS_SCHEMES, shared_ssl_context
from .connection import HTTPConnection
from .legacy_proxied import LegacyForward, LegacySocks, LegacyTunnel

Kind = TypeVar("Kind")


def proxied_connection(proxies: Sequence[Proxy], origin: Origin, options: ConnectionOptions) -> ConnectionInterface:
    """Return a new connection to `origin` through `proxies`, nearest first.

    The last proxy decides the kind of connection. The others only lead to it.
    """
    connection = _connection_through(proxies, origin, options)
    connection.proxies = tuple(str(proxy.url.origin) for proxy in proxies)
    return connection


def _connection_through(proxies: Sequence[Proxy], origin: Origin, options: ConnectionOptions) -> HTTPConnection:
    *nearer, last = proxies
    through = _dialler_through(nearer, options) if nearer else None
    proxy = last.url.origin
    if proxy.scheme in SOCKS_SCHEMES:
        if proxy.scheme in (b"socks4", b"socks4a"):
            kind: type[Socks5Connection] = Socks4Connection
        else:
            kind = _current("socks_proxy", Socks5Connection)
        return kind(proxy, origin, last.auth, rdns=last.rdns, options=options, through=through)
    if origin.scheme == b"http":
        return _current("http_proxy", ForwardHTTPConnection)(
            proxy, origin, last.headers, proxy_ssl_context=last.ssl_context, options=options, through=through
        )
    return _current("http_proxy", TunnelHTTPConnection)(
        proxy,
        origin,
        proxy_headers=last.headers,
        proxy_ssl_context=last.ssl_context,
        options=options,
        through=through,
    )


def _current(module: str, kind: type[Kind]) -> type[Kind]:
    """Return `kind`, or the class that a program has put in its place in a module of 1.0."""
    found: type[Kind] = getattr(sys.modules.get(f"{__package__}.{module}"), kind.__name__, kind)
    return found


def _dialler_through(proxies: Sequence[Proxy], options: ConnectionOptions) -> Dialler:
    kind = SocksProxyDialler if proxies[0].url.scheme in SOCKS_SCHEMES else DirectDialler
    direct = kind(
        options.network_backend,
        local_address=options.local_address,
        uds=options.uds,
        socket_options=options.socket_options,
    )
    direct.purpose = "proxy"
    dialler: Dialler = direct
    for proxy in proxies:
        origin = proxy.url.origin
        if origin.scheme in SOCKS_SCHEMES:
            dialler = SocksDialler(dialler, origin, proxy.auth, proxy.rdns)
        else:
            if origin.scheme in TLS_SCHEMES:
                dialler = _over_tls(dialler, proxy.ssl_context)
            dialler = TunnelDialler(dialler, origin, proxy.headers)
    return dialler


def _over_tls(dialler: Dialler, ssl_context: SSLContextTypes | None) -> Dialler:
    """Return a dialler that adds TLS with a proxy to the streams of `dialler`."""
    return TLSDialler(dialler, ssl_context or functools.partial(shared_ssl_context, ("http/1.1",)))


class ForwardHTTPConnection(LegacyForward):
    """A connection to an HTTP proxy that forwards requests to one `http` origin.

    `options` replace the single options. `through` reaches the proxy where it is not reached directly.
    """

    def __init__(
        self,
        proxy_origin: Origin,
        remote_origin: Origin,
        proxy_headers: Sequence[tuple[bytes, bytes]] | None = None,
        keepalive_expiry: float | None = None,
        network_backend: NetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        proxy_ssl_context: SSLContextTypes | None = None,
        *,
        options: ConnectionOptions | None = None,
        through: Dialler | None = None,
    ) -> None:
        if options is None:
            options = ConnectionOptions(
                keepalive_expiry=keepalive_expiry, network_backend=network_backend, socket_options=socket_options
            )
        # TLS is with the proxy only, and HTTP/1.1 is what proxies speak.
        options = dataclasses.replace(options, ssl_context=proxy_ssl_context, http1=True, http2=False)
        super().__init__(proxy_origin, **vars(options))
        self._remote_origin = remote_origin
        self.proxies = (str(proxy_origin),)
        self._proxy_headers = list(proxy_headers or ())
        self._direct.purpose = "proxy"
        self._dialler = through or self._dialler

    def handle_request(self, request: Request) -> Response:
        """Send a request to the proxy; see `ConnectionInterface`."""
        origin = request.url.origin
        if not self.can_handle_request(origin):
            raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._remote_origin}")
        connection = self._established
        if connection is None and "total" in request.extensions.get("timeout", ()):
            request = begin_request(request)
        # The last copy of the request: traces recognise it, and hide the credentials that are added here.
        request = forwarded_request(request, self._origin, self._proxy_headers)
        if connection is None:
            enforce_port(origin.host, origin.port)
            connection = self._establish(request)
        return connection.handle_request(request)

    @property
    def _served_origin(self) -> Origin:
        return self._remote_origin

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether `origin` is the one that this connection is for."""
        return origin == self._remote_origin


class TunnelHTTPConnection(LegacyTunnel):
    """A connection to an origin through a tunnel that an HTTP proxy opens.

    `options` replace the single options. `through` reaches the proxy where it is not reached directly.
    """

    def __init__(
        self,
        proxy_origin: Origin,
        remote_origin: Origin,
        ssl_context: SSLContextTypes | None = None,
        proxy_ssl_context: SSLContextTypes | None = None,
        proxy_headers: Sequence[tuple[bytes, bytes]] | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        network_backend: NetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        *,
        options: ConnectionOptions | None = None,
        through: Dialler | None = None,
    ) -> None:
        if options is None:
            options = ConnectionOptions(
                ssl_context,
                keepalive_expiry,
                http1,
                http2,
                network_backend=network_backend,
                socket_options=socket_options,
            )
        super().__init__(remote_origin, **vars(options))
        self.proxies = (str(proxy_origin),)
        self._direct.purpose = "proxy"
        self._proxy_origin = proxy_origin
        self._proxy_ssl_context = proxy_ssl_context
        self._dialler_to_proxy = dialler = through or self._dialler
        if proxy_origin.scheme in TLS_SCHEMES:
            dialler = _over_tls(dialler, proxy_ssl_context)
        self._dialler = TunnelDialler(dialler, proxy_origin, proxy_headers or ())


class Socks5Connection(LegacySocks):
    """A connection to an origin through a SOCKS5 proxy.

    `options` replace the single options. `through` reaches the proxy where it is not reached directly. `rdns` says who
    resolves names, see `Proxy`.
    """

    def __init__(
        self,
        proxy_origin: Origin,
        remote_origin: Origin,
        proxy_auth: tuple[bytes, bytes] | None = None,
        ssl_context: SSLContextTypes | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        network_backend: NetworkBackend | None = None,
        *,
        rdns: bool | None = None,
        options: ConnectionOptions | None = None,
        through: Dialler | None = None,
    ) -> None:
        if options is None:
            options = ConnectionOptions(ssl_context, keepalive_expiry, http1, http2, network_backend=network_backend)
        super().__init__(remote_origin, **vars(options))
        self.proxies = (str(proxy_origin),)
        if through is None:
            through = self._direct = SocksProxyDialler(
                self._direct.backend,
                local_address=options.local_address,
                uds=options.uds,
                socket_options=options.socket_options,
            )
        self._dialler = SocksDialler(through, proxy_origin, proxy_auth, rdns)


class Socks4Connection(Socks5Connection):
    """A connection to an origin through a SOCKS4 or SOCKS4a proxy: the scheme of `proxy_origin` says which."""
