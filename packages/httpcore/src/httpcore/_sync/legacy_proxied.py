# Generated from ../_async/legacy_proxied.py by tools/make_sync.py: edit that file, then run it.
"""Private names of 1.0's connections through proxies that published programs use."""

from typing import Any, TypeAlias

from httpcore_models import ConnectionInterface, NetworkStream, Origin, Request
from httpcore_models.lowlevel import AttributeAlias
from httpcore_models.network import Dialler, DirectDialler
from httpcore_proxy import SocksDialler, TunnelDialler, connect_request

from .connection import HTTPConnection

Headers: TypeAlias = list[tuple[bytes, bytes]]


class LegacyProxied(HTTPConnection):
    """Names of a connection to an origin that a proxy connects to."""

    # A replaced `_connect()` connects to an origin and knows nothing of proxies.
    _connects_directly = False

    # For python-proxy-headers and other subclasses, as is `_connected`.
    _remote_origin = AttributeAlias("_origin")
    _connect_lock = AttributeAlias("_request_lock")

    @property
    def _connected(self) -> bool:
        return self._established is not None

    @_connected.setter
    def _connected(self, value: bool) -> None:
        """Do nothing: assigning `_connection` has done it."""


class LegacySocks(LegacyProxied):
    """Names of a connection through a SOCKS proxy, for subclasses and for programs that assign other values."""

    _proxy_origin = AttributeAlias("_dialler.proxy")
    _proxy_auth = AttributeAlias("_dialler.auth")


class LegacyTunnel(LegacyProxied):
    """Names of a tunnel. Subclasses, such as those of python-proxy-headers, open it in their own way."""

    _dialler: Any
    _proxy_origin: Origin
    _proxy_ssl_context: Any
    _dialler_to_proxy: Dialler
    _connection_to_proxy: HTTPConnection | None = None

    @property
    def _proxy_headers(self) -> Headers:
        """Headers of the CONNECT request, for subclasses and for programs that add credentials."""
        headers: Headers = self._dialler.headers
        return headers

    @_proxy_headers.setter
    def _proxy_headers(self, value: Headers) -> None:
        self._dialler.headers = value
        if self._connection_to_proxy is not None:
            self._connect_through(self._connection_to_proxy)

    @property
    def _connection(self) -> ConnectionInterface:
        """The connection to the origin or, before there is one, a connection to the proxy for a CONNECT request.

        Programs that forbid some proxies replace the backend or `_connect()` of the latter. Others assign another
        connection, with options that a tunnel lacks.
        """
        return self._established or self._for_connect()

    @_connection.setter
    def _connection(self, value: ConnectionInterface | None) -> None:
        if isinstance(value, HTTPConnection) and value.can_handle_request(self._proxy_origin):
            self._connect_through(value)
            if not hasattr(self, "_established"):  # deleted before
                self._adopt(None)
        else:
            self._adopt(value)

    @_connection.deleter
    def _connection(self) -> None:
        # For `mock.patch.object()`, which deletes what it has set before it assigns the former value.
        del self._established

    def _use_replaced_connect(self) -> None:
        self._for_connect()

    def _for_connect(self) -> HTTPConnection:
        if self._connection_to_proxy is not None:
            return self._connection_to_proxy
        connection = ConnectionToProxy(
            self._proxy_origin, self._proxy_ssl_context, self._direct, self._dialler_to_proxy
        )
        self._connect_through(connection)
        return connection

    def _connect_through(self, connection: HTTPConnection) -> None:
        """Connect to the proxy through `connection`, whose methods a program may have replaced."""
        self._connection_to_proxy = connection
        connection._direct.purpose = "proxy"
        headers = self._proxy_headers
        dialler = ConnectionDialler(connection, headers)
        self._dialler = TunnelDialler(dialler, self._proxy_origin, headers)
        self._dialler.headers = headers

    def close(self) -> None:
        """Close the connection, and the one to the proxy if there is one; see `HTTPConnection.close()`."""
        try:
            super().close()
        finally:
            if self._connection_to_proxy is not None:
                self._connection_to_proxy.close()


class LegacyForward(HTTPConnection):
    """Names of a connection to a proxy that forwards requests."""

    _proxy_origin = AttributeAlias("_origin")

    @property
    def _connection(self) -> ConnectionInterface | None:
        """The connection to the proxy, which has the state of this one. Its `_connection` is the one over HTTP/1.1."""
        view = object.__new__(HTTPConnection)
        view.__dict__ = self.__dict__
        return view

    @_connection.setter
    def _connection(self, value: ConnectionInterface | None) -> None:
        self._adopt(value)


class ConnectionToProxy(HTTPConnection):
    """The connection to a proxy that a tunnel shows before it is open. It connects with the diallers of the tunnel."""

    def __init__(self, origin: Origin, ssl_context: Any, direct: DirectDialler, dialler: Dialler) -> None:
        super().__init__(origin, ssl_context, network_backend=direct.backend)
        self._direct = direct
        self._dialler = dialler


class ConnectionDialler(Dialler):
    """Reaches a proxy through a connection to it, which may be a program's own or have another `_connect()`."""

    def __init__(self, connection: HTTPConnection, headers: Headers) -> None:
        self.logger = connection._dialler.logger
        self.hops: int = connection._dialler.hops
        self._connection = connection
        self._headers = headers

    def dial(self, origin: Origin, request: Request, timeout: float | None) -> NetworkStream:
        """Have the connection connect for the CONNECT request."""
        timeouts = {**request.extensions.get("timeout", {}), "connect": timeout}
        extensions = {**request.extensions, "timeout": timeouts}
        connect = connect_request(request.url.origin, extensions, origin, self._headers)
        return self._connection._connect(connect)

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """Return what the dialler of the connection reports."""
        return self._connection._dialler.describe(origin, timeout)

    def cancel(self) -> None:
        """Interrupt the dialler of the connection."""
        self._connection._dialler.cancel()


class StreamDialler(Dialler):
    """Returns a stream that exists already."""

    def __init__(self, stream: NetworkStream) -> None:
        self._stream = stream

    def dial(self, origin: Origin, request: Request, timeout: float | None) -> NetworkStream:
        """Return the stream."""
        return self._stream


def _init_socks5_connection(
    stream: NetworkStream, *, host: bytes, port: int, auth: tuple[bytes, bytes] | None = None
) -> None:
    """Have the SOCKS5 proxy at the other end of `stream` connect, for subclasses of `Socks5Connection`."""
    dialler = SocksDialler(StreamDialler(stream), Origin(b"socks5", b"proxy", 1080), auth)
    dialler.dial(Origin(b"http", host, port), Request("CONNECT", "http://proxy"), None)
