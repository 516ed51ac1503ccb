# Generated from ../_async/connection.py by tools/make_sync.py: edit that file, then run it.
"""A connection to an origin, from dialling to closing: the one place that chooses the protocol."""

import itertools
import logging
import ssl
import sys
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any

from httpcore_h11 import HTTP11Connection
from httpcore_models import (
    SOCKET_OPTION,
    ConnectError,
    ConnectionInterface,
    ConnectionNotAvailable,
    ConnectTimeout,
    NetworkBackend,
    NetworkStream,
    Origin,
    Request,
    Response,
)
from httpcore_models.lowlevel import close_unopened, enforce_ssl_context, get_tracer
from httpcore_models.network import Dialler, DirectDialler, start_tls

from .._default_backends import SyncBackend
from .._extras import find
from .._ssl import requested_server_name, shared_ssl_context
from .legacy import LegacyConnection
from .opening import Opening, Turn

_logger = logging.getLogger("httpcore.connection")

# The wait before the second retry, in seconds; it doubles with each further one, and the first comes at once.
RETRIES_BACKOFF_FACTOR = 0.5


def exponential_backoff(factor: float) -> Iterator[float]:
    """Give the seconds to wait before each retry."""
    yield 0.0
    delay = factor
    while True:
        yield delay
        delay *= 2


class HTTPConnection(LegacyConnection, ConnectionInterface):
    """A connection to one origin, opened by its first request.

    * `ssl_context`: for `https` and `wss` origins; by default a shared one with certifi's CA bundle.
    * `keepalive_expiry`: seconds that the connection may stay idle, `None` for ever.
    * `http1`, `http2`: the protocols to offer; without the extra `http2`, a request raises `ModuleNotFoundError` when
      the server chooses HTTP/2.
    * `retries`: how often a failed attempt to connect is repeated, at growing intervals.
    * `local_address`: the address to connect from.
    * `uds`: the path of a Unix domain socket to connect to instead of the origin's host and port.
    * `network_backend`: what opens the stream; by default sockets of the running async library.
    * `socket_options`: arguments for `socket.setsockopt()`, set before connecting.
    * `http2_ping_interval`: seconds of silence after which a server that a request waits for is sent a PING, `None`
      for never; unless it answers within `http2_ping_timeout` seconds, the requests fail with `ReadError`.
    """

    def __init__(
        self,
        origin: Origin,
        ssl_context: ssl.SSLContext | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        retries: int = 0,
        local_address: str | None = None,
        uds: str | None = None,
        network_backend: NetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        *,
        http2_ping_interval: float | None = None,
        http2_ping_timeout: float = 20.0,
    ) -> None:
        enforce_ssl_context(ssl_context, name="ssl_context")
        self._origin = origin
        self._ssl_context = ssl_context
        self._keepalive_expiry = keepalive_expiry
        self._http1 = http1
        self._http2 = http2
        self._http2_ping_interval = http2_ping_interval
        self._http2_ping_timeout = http2_ping_timeout
        self._retries = retries
        self._direct = DirectDialler(
            SyncBackend() if network_backend is None else network_backend,
            local_address=local_address,
            uds=uds,
            socket_options=socket_options,
        )
        self._dialler: Dialler = self._direct
        self._established: ConnectionInterface | None = None
        self._connect_failed = False
        self._opening = Opening(origin)
        self._on_capacity_change: Callable[[], None] | None = None
        self._assumed_stream_limit: int | None = None
        # The name that TLS checked instead of the origin's, by the request that opened the connection.
        self._sni_hostname: str | None = None

    def handle_request(self, request: Request) -> Response:
        """Send a request, connecting first if this is the first one; see `ConnectionInterface`.

        Raises `ConnectTimeout` or `ConnectError` when connecting fails, which it does when the connection is closed
        meanwhile, `ConnectionNotAvailable` when the connection is busy, closed, or one whose server was checked for
        another name than this request's, and `RuntimeError` for another origin.
        """
        connection = self._established
        if connection is None:
            # Once established, the connection below makes sure of that.
            origin = request.url.origin
            if not self.can_handle_request(origin):
                raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._origin}")
            connection = self._establish(request)
        if self._sni_hostname is not None or "sni_hostname" in request.extensions:
            self._check_tls_name(request)
        return connection.handle_request(request)

    def _check_tls_name(self, request: Request) -> None:
        """Refuse a request for which the certificate of the server was not checked."""
        if self._uses_tls:
            host = self._origin.host.decode("ascii")
            checked, wanted = self._sni_hostname or host, requested_server_name(request) or host
            if checked != wanted:
                raise ConnectionNotAvailable(
                    f"the server of this connection to {self._origin} was checked for the name {checked!r}, "
                    f"not for {wanted!r}"
                )

    @property
    def _uses_tls(self) -> bool:
        return self._origin.scheme in (b"https", b"wss")

    # Opening.

    def _establish(self, request: Request) -> ConnectionInterface:
        self._dialler.check(self._origin)
        turn = Turn(request.extensions.get("timeout", {}).get("connect"))
        try:
            self._opening.wait(turn)
            return self._established or self._open(request, turn)
        except BaseException as exc:
            turn.error = exc
            raise
        finally:
            try:
                self._opening.leave(turn)
            except BaseException:
                # Raised by a signal handler. The others must not wait for ever.
                self._opening.leave(turn)
                raise
            turn.error = None  # which holds the frames that hold the turn

    def _open(self, request: Request, turn: Turn) -> ConnectionInterface:
        opening = self._opening
        stream: NetworkStream | None = None
        try:
            if self._connects_by_itself():
                stream = turn.attempt.run(self._connect, request)
            else:
                stream = turn.attempt.run(self._dial, request, turn)
            if stream is None:
                raise opening.closed_meanwhile()
            connection = self._protocol_on(stream)
            with opening.lock:
                if opening.closed:
                    raise opening.closed_meanwhile()
                self._sni_hostname = requested_server_name(request)
                self._established = connection
                opening.is_open = True
            return connection
        except BaseException as exc:
            if self._established is None:
                self._connect_failed = True
                if stream is not None:
                    close_unopened(stream)
            if opening.closed and isinstance(exc, Exception):
                raise opening.closed_meanwhile() from exc
            raise

    def _protocol_on(self, stream: NetworkStream) -> ConnectionInterface:
        # In a clear connection through a proxy over TLS, the TLS is that of the proxy.
        ssl_object = stream.get_extra_info("ssl_object") if self._uses_tls else None
        chosen = None if ssl_object is None else ssl_object.selected_alpn_protocol()
        if chosen == "h2" or (self._http2 and not self._http1):
            from httpcore_h2 import HTTP2Connection, require_h2

            require_h2()
            connection = HTTP2Connection(
                self._origin,
                stream,
                self._keepalive_expiry,
                ping_interval=self._http2_ping_interval,
                ping_timeout=self._http2_ping_timeout,
            )
            connection.on_capacity_change = self._on_capacity_change
            if self._assumed_stream_limit is not None:
                connection.assume_stream_limit(self._assumed_stream_limit)
            return connection
        return HTTP11Connection(self._origin, stream, self._keepalive_expiry)

    def _adopt(self, connection: ConnectionInterface | None) -> None:
        """Take a connection over that somebody else has opened."""
        with self._opening.lock:
            self._established = connection
            self._opening.is_open = connection is not None
        self.on_capacity_change = self._on_capacity_change

    def _dial(self, request: Request, turn: Turn) -> NetworkStream:
        timeout = turn.remaining() if turn.waited else turn.timeout
        delays = exponential_backoff(RETRIES_BACKOFF_FACTOR)
        for attempt in itertools.count():
            info = self._dialler.describe(self._origin, timeout)
            stream: NetworkStream | None = None
            try:
                stream = self._dialler.dial(self._origin, request, timeout)
                if not self._uses_tls:
                    return stream
                info = self._tls_arguments(request, timeout)
                # Contexts of our own are set to offer what they have to.
                offer = None if self._ssl_context is None else self._offer()
                return start_tls(stream, request, self._dialler.logger, **info, alpn_protocols=offer)
            except BaseException as exc:
                if stream is not None:
                    close_unopened(stream)
                is_failure = isinstance(exc, (ConnectError, ConnectTimeout))
                if not is_failure or attempt >= self._retries or self._opening.closed:
                    raise
            self._wait_to_retry(next(delays), request, info)
            timeout = turn.timeout
        raise AssertionError("unreachable")

    def _tls_arguments(self, request: Request, timeout: float | None) -> dict[str, Any]:
        return {
            "ssl_context": shared_ssl_context(self._offer()) if self._ssl_context is None else self._ssl_context,
            "server_hostname": requested_server_name(request) or self._origin.host.decode("ascii"),
            "timeout": timeout,
        }

    def _offer(self) -> tuple[str, ...]:
        """The protocols to offer in the TLS handshake."""
        if not self._http2:
            return ("http/1.1",)
        return ("h2", "http/1.1") if self._http1 else ("h2",)

    def _wait_to_retry(self, delay: float, request: Request, info: dict[str, Any]) -> None:
        tracer = get_tracer(_logger, request)
        if tracer is None:
            self._network_backend.sleep(delay)
        else:
            tracer.run("retry", info, self._sleep, delay)

    def _sleep(self, delay: float) -> None:
        self._network_backend.sleep(delay)

    # The connection as its pool sees it.

    def close(self) -> None:
        """Close the connection; requests in flight on it, or waiting for it to open, fail."""
        # One that was not used yet can still be, as long as no pool says that it is to be done with it.
        closed = self._opening.close(for_good=self._on_capacity_change is not None)
        if self._established is None:
            if closed:
                self._dialler.interrupt()
            return
        tracer = get_tracer(_logger, None)
        if tracer is None:
            self._established.close()
        else:
            tracer.run("close", {}, self._established.close)

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether `origin` is the one this connection leads to."""
        return origin == self._origin

    def is_available(self) -> bool:
        """Whether the connection can take a request now, or may, once it is established, take several."""
        if self._established is not None:
            return self._established.is_available()
        may_be_http2 = self._http2 and (self._origin.scheme in (b"https", b"wss") or not self._http1)
        return may_be_http2 and not self._is_over

    @property
    def on_capacity_change(self) -> Callable[[], None] | None:
        """What a pool sets, to be called without arguments when the connection may take more or fewer requests.

        Where it is set, a request that finds no room raises `ConnectionNotAvailable`; else it waits, over HTTP/2, up to
        the timeout `pool`.
        """
        return self._on_capacity_change

    @on_capacity_change.setter
    def on_capacity_change(self, callback: Callable[[], None] | None) -> None:
        self._on_capacity_change = callback
        connection: Any = self._established
        if hasattr(connection, "on_capacity_change"):
            connection.on_capacity_change = callback

    @property
    def stream_limit(self) -> int | None:
        """How many requests and responses an HTTP/2 server allows at a time; `None` until it has said so."""
        return getattr(self._established, "stream_limit", None)

    def assume_stream_limit(self, limit: int) -> None:
        """Until an HTTP/2 server says how many requests it allows at a time, count on `limit`."""
        self._assumed_stream_limit = limit
        connection: Any = self._established
        if hasattr(connection, "assume_stream_limit"):
            connection.assume_stream_limit(limit)

    @property
    def request_capacity(self) -> int:
        """How many requests the connection can carry now, as far as that is known, those included that it carries."""
        return getattr(self._established, "request_capacity", sys.maxsize)

    def has_expired(self) -> bool:
        """Whether the connection should be closed instead of used."""
        return self._is_over if self._established is None else self._established.has_expired()

    def is_idle(self) -> bool:
        """Whether the connection carries no request."""
        return self._is_over if self._established is None else self._established.is_idle()

    def is_closed(self) -> bool:
        """Whether the connection is closed, or could not be established."""
        return self._is_over if self._established is None else self._established.is_closed()

    @property
    def _is_over(self) -> bool:
        return self._opening.closed or (self._connect_failed and not self._opening.under_way)

    def info(self) -> str:
        """Origin, protocol, state and number of requests."""
        if self._established is None:
            return "CLOSED" if self._opening.closed else "CONNECTION FAILED" if self._is_over else "CONNECTING"
        return self._established.info()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.info()}]>"

    # For use without a pool.

    def __enter__(self) -> "HTTPConnection":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()


def __getattr__(name: str) -> Any:
    return find(__name__, name)
