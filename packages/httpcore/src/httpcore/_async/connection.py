"""A connection to an origin, from connecting to closing. It chooses between HTTP/1.1 and HTTP/2."""

import logging
import os
from collections.abc import Callable, Iterable
from typing import Any

from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import (
    SOCKET_OPTION,
    AsyncConnectionInterface,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectionNotAvailable,
    ConnectTimeout,
    Origin,
    Request,
    Response,
    SSLContextTypes,
)
from httpcore_models.deadline import Deadline
from httpcore_models.lowlevel import (
    AsyncCloseOnExit,
    RequestLimits,
    async_close_unopened,
    async_get_tracer,
    begin_request,
    enforce_port,
    enforce_ssl_context,
    observer_of,
)
from httpcore_models.network import AsyncDialler, AsyncDirectDialler

from .._arguments import enforce_backend, enforce_keepalive_expiry, enforce_pings, enforce_retries
from .._connection_facts import ConnectionFacts
from .._default_backends import AutoBackend
from .._lazy import legacy_name, preload_http2
from .._options import ConnectionOptions
from .._ssl import TLS_SCHEMES, requested_server_name
from .attempts import RETRIES_BACKOFF_FACTOR as RETRIES_BACKOFF_FACTOR
from .attempts import AsyncAttempts
from .attempts import exponential_backoff as exponential_backoff
from .connecting import AsyncConnectCall, AsyncConnecting
from .legacy_connection import AsyncLegacyConnection
from .opening import async_open_stream

_logger = logging.getLogger("httpcore.connection")


class AsyncHTTPConnection(AsyncCloseOnExit, AsyncLegacyConnection, ConnectionFacts, AsyncConnectionInterface):
    """A connection to one origin, opened by its first request.

    * `ssl_context`: for `https` and `wss` origins, or a function; by default a shared one with certifi's CA bundle.
    * `keepalive_expiry`: how many seconds the connection may stay idle, `None` for no limit.
    * `http1`, `http2`: the protocols to offer. When the server chooses HTTP/2, a request without the extra `http2`
      raises `ModuleNotFoundError`.
    * `retries`: how often to retry a failed attempt to connect, at growing intervals.
    * `local_address`: the address to connect from.
    * `uds`: the path of a Unix domain socket to connect to instead of the origin's host and port.
    * `network_backend`: opens the stream. The default uses the running async library.
    * `socket_options`: arguments for `socket.setsockopt()`, set before connecting.
    * `http2_ping_interval`: after how many seconds of silence a server that owes a response is sent a PING, `None` for
      never. If it does not answer within `http2_ping_timeout` seconds, the requests fail with `ReadError`.
    """

    #: Whether `_connect()` opens the stream. A replaced `_connect()` would bypass a proxy.
    _connects_directly = True

    def __init__(
        self,
        origin: Origin,
        ssl_context: SSLContextTypes | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        retries: int = 0,
        local_address: str | None = None,
        uds: str | os.PathLike[str] | None = None,
        network_backend: AsyncNetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        *,
        http2_ping_interval: float | None = None,
        http2_ping_timeout: float = 20.0,
    ) -> None:
        if ssl_context is not None:
            enforce_ssl_context(ssl_context, name="ssl_context")
        enforce_keepalive_expiry(keepalive_expiry)
        retries = enforce_retries(retries)
        enforce_backend(network_backend)
        enforce_pings(http2_ping_interval, http2_ping_timeout)
        super().__init__()
        if http2:
            preload_http2()
        self._origin = origin
        backend: AsyncNetworkBackend = AutoBackend() if network_backend is None else network_backend
        self._options = ConnectionOptions(
            ssl_context,
            keepalive_expiry,
            http1,
            http2,
            retries,
            local_address,
            uds,
            backend,
            socket_options,
            http2_ping_interval,
            http2_ping_timeout,
        )
        self._direct = AsyncDirectDialler(backend, local_address=local_address, uds=uds, socket_options=socket_options)
        self._dialler: AsyncDialler = self._direct
        self._established: AsyncConnectionInterface | None = None
        self._connect_failed = False
        self._connecting = AsyncConnecting(origin)
        self._on_capacity_change: Callable[[], None] | None = None
        self._assumed_stream_limit: int | None = None
        # The name that TLS verified instead of the origin's, if the request that connected asked for one.
        self._verified_name: str | None = None

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request, after connecting if necessary; see `AsyncConnectionInterface`.

        Raises `ConnectTimeout` or `ConnectError` when connecting fails, for instance because the connection is closed
        meanwhile. Raises `ConnectionNotAvailable` when the connection is busy or closed, or when TLS has verified the
        server for another name than this request's, and `RuntimeError` for another origin.
        """
        connection = self._established
        if connection is None:
            # An established connection checks this itself.
            origin = request.url.origin
            if origin is not self._origin and not self.can_handle_request(origin):
                raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._origin}")
            if "total" in request.extensions.get("timeout", ()):
                request = begin_request(request)
            connection = await self._establish(request)
        if self._verified_name is not None or "sni_hostname" in request.extensions:
            self._check_tls_name(request)
        return await connection.handle_async_request(request)

    def _check_tls_name(self, request: Request) -> None:
        """Refuse a request for another server name than the one that TLS has verified."""
        if self._origin.scheme in TLS_SCHEMES:
            host = self._origin.host.decode("ascii")
            verified, wanted = self._verified_name or host, requested_server_name(request) or host
            if verified != wanted:
                raise ConnectionNotAvailable(
                    f"The server of this connection to {self._origin} was checked for the name {verified!r}, "
                    f"not for {wanted!r}"
                )

    # Connecting.

    async def _establish(self, request: Request) -> AsyncConnectionInterface:
        if self._dialler is not self._direct:
            # A direct connection leaves this check to the backend: a user's own backend may accept any port.
            enforce_port(self._origin.host, self._origin.port)
        connecting = self._connecting
        timeouts = request.extensions.get("timeout", {})
        call = AsyncConnectCall(Deadline(timeouts.get("connect")), timeouts)
        if "observe" in request.extensions:
            call.observer = observer_of(request)
            call.facts = {"connection_id": self._connection_number}
        try:
            await connecting.join(call)
            return self._established or await self._open(request, call)
        except BaseException as exc:
            call.error = exc
            raise
        finally:
            try:
                connecting.leave(call)
            except BaseException:
                # Raised by a signal handler. The followers must not wait for ever.
                connecting.leave(call)
                raise
            call.error = None  # breaks a cycle: its traceback refers to the call

    async def _open(self, request: Request, call: AsyncConnectCall) -> AsyncConnectionInterface:
        connecting = self._connecting
        stream: AsyncNetworkStream | None = None
        try:
            stream = await call.attempt.run(self._connect if self._connects_directly else self._dial, request)
            if stream is None:
                raise connecting.closed_error()
            return self._use(self._protocol_on(stream), request)
        except BaseException as exc:
            if self._established is None:
                self._connect_failed = True
                if stream is not None:
                    await async_close_unopened(stream)
            if connecting.closed and isinstance(exc, Exception):
                raise connecting.closed_error() from exc
            raise

    def _use(self, connection: AsyncConnectionInterface, request: Request) -> AsyncConnectionInterface:
        """Use the connection that was opened for `request`. Raises `ConnectError` if this was closed meanwhile."""
        connecting = self._connecting
        with connecting.lock:
            if connecting.closed:
                raise connecting.closed_error()
            if "sni_hostname" in request.extensions and self._origin.scheme in TLS_SCHEMES:
                self._verified_name = requested_server_name(request)
            self._established = connection
            connecting.established = True
        if self._on_opened is not None or "observe" in request.extensions:
            self._report_opened(request)
        return connection

    def _protocol_on(self, stream: AsyncNetworkStream) -> AsyncConnectionInterface:
        options = self._options
        # Without TLS to the origin, the TLS of the stream is that of a proxy.
        ssl_object = stream.get_extra_info("ssl_object") if self._origin.scheme in TLS_SCHEMES else None
        chosen = None if ssl_object is None else ssl_object.selected_alpn_protocol()
        if chosen == "h2" or (options.http2 and not options.http1):
            preload_http2()  # in case that another library's TLS or context has offered it
            from httpcore_h2 import AsyncHTTP2Connection, require_h2

            require_h2()
            connection = AsyncHTTP2Connection(
                self._origin,
                stream,
                options.keepalive_expiry,
                ping_interval=options.http2_ping_interval,
                ping_timeout=options.http2_ping_timeout,
                connection_info=self._describe(stream, "HTTP/2"),
            )
            connection.on_capacity_change = self._on_capacity_change
            if self._assumed_stream_limit is not None:
                connection.assume_stream_limit(self._assumed_stream_limit)
            return connection
        return AsyncHTTP11Connection(
            self._origin, stream, options.keepalive_expiry, connection_info=self._describe(stream, "HTTP/1.1")
        )

    def _adopt(self, connection: AsyncConnectionInterface | None) -> None:
        """Use a connection that a subclass has established."""
        with self._connecting.lock:
            self._established = connection
            self._connecting.established = connection is not None
        self.on_capacity_change = self._on_capacity_change

    async def _connect(self, request: Request) -> AsyncNetworkStream:
        """Open the stream. Programs replace this method of 1.0, to forbid some hosts or to use another TLS library."""
        return await self._dial(request)

    async def _dial(self, request: Request) -> AsyncNetworkStream:
        # Looked at as late as this: a guard that is put up after the connection was made counts, too.
        if AsyncHTTPConnection._connect is not STOCK_CONNECT:
            self._use_replaced_connect()
        timeouts = request.extensions.get("timeout", {})
        limits = timeouts if isinstance(timeouts, RequestLimits) else None
        limit = timeouts.get("connect") if limits is None else limits.own("connect")
        call = self._connecting.leader
        if call is not None and call.has_followed and call.is_of(timeouts, limit):
            timeout = call.deadline.remaining_as_limit()
        else:  # or a subclass calls this by itself, or for another request
            timeout = limit
        attempts = AsyncAttempts(request, self._options.retries, self._connecting, self._direct.backend)
        while True:
            tls: dict[str, Any] = {}
            try:
                return await async_open_stream(
                    self._dialler, self._origin, request, timeout, limits, self._options, tls
                )
            except (ConnectError, ConnectTimeout) as exc:
                if not attempts.may_repeat(exc):
                    raise
            await attempts.pause(tls or self._dialler.describe(self._origin, timeout))
            timeout = limit

    # The connection as its pool sees it.

    async def aclose(self) -> None:
        """Close the connection. Requests in flight, and those that wait for the connection, fail."""
        # A connection that was never used may be used later, unless its pool closes it.
        closed = self._connecting.close(for_good=self._on_capacity_change is not None)
        if self._established is None:
            if closed:
                self._dialler.cancel()
            return
        close = self._established.aclose
        # There is no request whose callback could be told, but there may be a debug log.
        tracer = async_get_tracer(_logger, None) if _logger.isEnabledFor(logging.DEBUG) else None
        await (close() if tracer is None else tracer.run("close", {}, close))

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether `origin` is that of this connection."""
        return origin == self._origin

    def is_available(self) -> bool:
        """Whether the connection can take a request now, or may take several once it is established."""
        if self._established is not None:
            return self._established.is_available()
        options = self._options
        may_be_http2 = options.http2 and (self._origin.scheme in TLS_SCHEMES or not options.http1)
        return may_be_http2 and not self._is_over

    @property
    def on_capacity_change(self) -> Callable[[], None] | None:
        """A callback of the pool, without arguments, for when the connection can take more or fewer requests.

        When it is set, a request beyond the server's limit raises `ConnectionNotAvailable`. Otherwise such a request
        waits, over HTTP/2, for at most the `pool` timeout.
        """
        return self._on_capacity_change

    @on_capacity_change.setter
    def on_capacity_change(self, callback: Callable[[], None] | None) -> None:
        self._on_capacity_change = callback
        connection: Any = self._established
        if hasattr(connection, "on_capacity_change"):
            connection.on_capacity_change = callback

    def assume_stream_limit(self, limit: int) -> None:
        """Assume that the server allows `limit` concurrent requests until its HTTP/2 SETTINGS arrive."""
        self._assumed_stream_limit = limit
        connection: Any = self._established
        if hasattr(connection, "assume_stream_limit"):
            connection.assume_stream_limit(limit)

    def has_expired(self) -> bool:
        """Whether the connection should be closed instead of used."""
        return self._is_over if self._established is None else self._established.has_expired()

    def is_idle(self) -> bool:
        """Whether no request is in flight."""
        return self._is_over if self._established is None else self._established.is_idle()

    def is_closed(self) -> bool:
        """Whether the connection is closed or could not be established."""
        return self._is_over if self._established is None else self._established.is_closed()

    @property
    def _is_over(self) -> bool:
        return self._connecting.closed or (self._connect_failed and self._connecting.leader is None)

    def info(self) -> str:
        """Return origin, protocol, state and number of requests, as text."""
        if self._established is None:
            return "CLOSED" if self._connecting.closed else "CONNECTION FAILED" if self._is_over else "CONNECTING"
        return self._established.info()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.info()}]>"


# They show whether a program has replaced these methods of the class.
STOCK_CONNECT = AsyncHTTPConnection._connect  # noqa: SLF001 - the class is of this module
STOCK_HANDLE_REQUEST = AsyncHTTPConnection.handle_async_request


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
