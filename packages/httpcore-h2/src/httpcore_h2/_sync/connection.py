# Generated from ../_async/connection.py by tools/make_sync.py: edit that file, then run it.
"""One HTTP/2 connection over any network stream."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Any

from h2.config import H2Configuration
from httpcore_models import (
    ConnectionInterface,
    ConnectionNotAvailable,
    LocalProtocolError,
    NetworkStream,
    Origin,
    Request,
    Response,
    WriteError,
    get_tracer,
    is_origin_of,
    received_response,
)
from httpcore_models.concurrency import TEARDOWN_TIMEOUT, Shield

from .._engine import Engine
from .._events import END_OF_STREAM, NEED_DATA, Event, InformationalResponse, ResponseHead, Trailers
from .._frames import as_bytes
from .._headers import RequestHead, RequestTranslator
from .._states import Input, State, transition
from .body import HTTP2Body
from .exchange import Exchange
from .network import SharedStream
from .tunnel import TunnelStream

_logger = logging.getLogger("httpcore.http2")

# Between parts of this size, in bytes, an upload looks whether the server has already answered.
_PART_SIZE = 64 * 1024


class HTTP2Connection(ConnectionInterface):
    """One HTTP/2 connection: as many requests at a time as the server allows (RFC 9113 section 5.1.2).

    `stream` is a connected network stream to `origin`, which the connection takes over; `keepalive_expiry` is how
    long in seconds it may stay idle before `has_expired()` says so, `None` for ever.

    With `ping_interval`, a server that has been silent for so many seconds while a request waits for it is sent a
    PING, and unless anything comes within `ping_timeout` seconds, all requests fail with `ReadError`.

    May be shared between tasks, or in its sync form between threads. A request that fails, times out or is cancelled
    at any point resets its own stream; the others go on. Only a network that fails, a server that breaks the protocol,
    and a write that ends in the middle on a stream that cannot resume it, as a blocking socket, end them all.
    """

    READ_NUM_BYTES = 64 * 1024
    # Requests are checked before h2 sees them: an error in the middle of one would spoil its header compression.
    CONFIG = H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)

    def __init__(
        self,
        origin: Origin,
        stream: NetworkStream,
        keepalive_expiry: float | None = None,
        *,
        ping_interval: float | None = None,
        ping_timeout: float = 20.0,
    ) -> None:
        self._origin = origin
        self._network = stream
        self._keepalive_expiry = keepalive_expiry
        self._expire_at: float | None = None
        # Held for a few microseconds at a time, never across a wait nor a trace callback.
        self._lock = threading.Lock()
        self._engine = Engine(self.CONFIG)
        self._translator = RequestTranslator()
        self._shared = SharedStream(
            stream, self._engine, self._lock, self.READ_NUM_BYTES, str(origin), ping_interval, ping_timeout
        )
        self._state = State.IDLE
        self._exchanges: set[Exchange] = set()
        # Those who wait for a stream, first come, first served.
        self._line: dict[Exchange, None] = {}
        self._request_count = 0
        self._process = os.getpid()

    def handle_request(self, request: Request) -> Response:
        """Send a request and return its response with the body yet to be read.

        Waits while the server allows no further stream, up to the timeout `pool`.

        Raises `ConnectionNotAvailable` when the connection is closed or about to be, `RuntimeError` for another
        origin, `LocalProtocolError` or `RemoteProtocolError` when either side breaks the protocol, and timeout and
        network errors. A response with a status of 300 and above that arrives while the body is sent ends the upload,
        and so does a RST_STREAM after a complete response; the response is returned (RFC 9113 section 8.1).

        A CONNECT request, with the extension `protocol` as `bytes` for an extended one (RFC 8441), gives a response
        whose `network_stream` is that of the tunnel.
        """
        if not is_origin_of(self._origin, request.url):
            origin = request.url.origin
            raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._origin}")
        head = self._translator.request_head(request)
        exchange = Exchange(request, get_tracer(_logger, request))
        self._claim(exchange)
        try:
            self._open_stream(exchange, head)
            self._send_request(exchange)
            response_head = self._run("receive_response_headers", exchange, self._receive_head)
        except BaseException:
            with Shield():
                self._close_response(exchange)
            raise
        return self._response(exchange, *response_head)

    def _response(self, exchange: Exchange, status: int, headers: list[tuple[bytes, bytes]]) -> Response:
        assert exchange.stream is not None
        is_tunnel = exchange.stream.is_connect and 200 <= status < 300
        extensions: dict[str, Any] = {
            "http_version": b"HTTP/2",
            "network_stream": TunnelStream(self, exchange) if is_tunnel else self._network,
            "stream_id": exchange.stream.id,
        }
        body = HTTP2Body(self, exchange, extensions, empty=is_tunnel)
        return received_response(status, headers, body, extensions)

    def _run(self, name: str, exchange: Exchange, function: Any) -> Any:
        if exchange.tracer is None:
            return function(exchange)
        return exchange.tracer.run(name, exchange.info, function, exchange)

    # The stream of a request.

    def _claim(self, exchange: Exchange) -> None:
        if self._state is State.IDLE:
            self._shared.catch_up()
        with self._lock:
            if not self._engine.usable:
                raise ConnectionNotAvailable
            self._state = transition(self._state, Input.REQUEST)
            self._exchanges.add(exchange)
            self._request_count += 1

    def _open_stream(self, exchange: Exchange, head: RequestHead) -> None:
        engine, request = self._engine, exchange.request
        with self._lock:
            starting = not engine.started
            if starting:
                engine.start()
        if starting:
            if exchange.tracer is None:
                self._send_connection_init(exchange)
            else:
                info = {"request": request}
                exchange.tracer.run("send_connection_init", info, self._send_connection_init, exchange)
        if "protocol" in request.extensions:
            self._wait_for_settings(exchange, lambda: engine.settings_received)
            if engine.usable and not engine.supports_extended_connect:
                raise LocalProtocolError("The server does not support extended CONNECT (RFC 8441)")
        try:
            while not self._open_in_turn(exchange, head):
                self._wait_for_settings(exchange, lambda: engine.can_open and self._is_next(exchange))
        except BaseException:
            with self._lock:
                self._line.pop(exchange, None)
                self._shared.wake_newcomers()
            raise

    def _open_in_turn(self, exchange: Exchange, head: RequestHead) -> bool:
        with self._lock:
            if not (self._engine.can_open and self._is_next(exchange)):
                self._line[exchange] = None
                return False
            self._engine.open_stream(head, exchange.opened)
            if self._line:
                self._line.pop(exchange, None)
                self._shared.wake_newcomers()
            return True

    def _is_next(self, exchange: Exchange) -> bool:
        return next(iter(self._line), exchange) is exchange

    def _send_connection_init(self, exchange: Exchange) -> None:
        self._shared.flush(exchange.write_timeout)

    def _wait_for_settings(self, exchange: Exchange, ready: Callable[[], bool]) -> None:
        timeout = exchange.request.extensions.get("timeout", {}).get("pool")
        self._shared.wait_for_settings(exchange, lambda: ready() or not self._engine.usable, timeout)
        if not self._engine.usable:
            raise ConnectionNotAvailable

    # Sending.

    def _send_request(self, exchange: Exchange) -> None:
        try:
            self._run("send_request_headers", exchange, self._send_head)
            self._run("send_request_body", exchange, self._send_body)
        except WriteError as exc:
            # A server may answer without reading all of the request: there may be a response to read. What the user's
            # body or trace callback raises is none of that.
            if exc is not exchange.write_error:
                raise

    def _send_head(self, exchange: Exchange) -> None:
        self._shared.flush(exchange.write_timeout, exchange)

    def _send_body(self, exchange: Exchange) -> None:
        request, stream = exchange.request, exchange.stream
        assert stream is not None
        if not isinstance(request.stream, Iterable):
            kind = type(request.stream).__name__
            raise TypeError(f"content must be bytes or an iterable of bytes to suit the connection, but got {kind}.")
        body = request.stream.__iter__()
        try:
            for chunk in body:
                if not (type(chunk) is bytes and not chunk) and not self._send_data(exchange, chunk):
                    return
        finally:
            # A generator that was left early has to run its own cleanup now. A file stays open: it is the user's.
            if isinstance(body, Generator):
                body.close()
        if not stream.local_end and not stream.is_connect:
            self._end_request(exchange)
            self._shared.flush(exchange.write_timeout, exchange)

    def _end_request(self, exchange: Exchange) -> None:
        assert exchange.stream is not None
        with self._lock:
            self._engine.end_request(exchange.stream)

    def _send_data(self, exchange: Exchange, chunk: bytes) -> bool:
        """Send a piece of the body; return false if the server wants no more of it."""
        engine, stream = self._engine, exchange.stream
        assert stream is not None
        rest = as_bytes(chunk)

        def unwanted() -> bool:
            return not engine.wants_body(stream)

        while rest:
            if exchange.sent >= _PART_SIZE:
                exchange.sent = 0
                self._shared.catch_up()
            with self._lock:
                sent = engine.send_data(stream, rest[:_PART_SIZE])
                wanted = engine.wants_body(stream)
            rest = rest[sent:]
            if sent:
                exchange.sent += sent
                self._shared.flush(exchange.write_timeout, exchange, unwanted)
            if not wanted:
                return False
            if not sent:
                self._shared.wait_for_credit(exchange, stream)
        return True

    # Receiving.

    def _receive_head(self, exchange: Exchange) -> tuple[int, list[tuple[bytes, bytes]]]:
        while True:
            event = self._next_event(exchange)
            if isinstance(event, ResponseHead):
                return event.status, event.headers
            if isinstance(event, InformationalResponse) and exchange.tracer is not None:
                exchange.tracer.report("receive_informational_response.started", exchange.info)
                exchange.tracer.report("receive_informational_response.complete", {"return_value": tuple(event)})

    def _receive_body(self, exchange: Exchange, extensions: dict[str, Any]) -> bytes:
        """Return the next part of the body, or `b""` at its end."""
        while True:
            event = self._next_event(exchange)
            if isinstance(event, bytes):
                return event
            if isinstance(event, Trailers):
                extensions["trailing_headers"] = event.headers
            if event is END_OF_STREAM:
                return b""

    def _take_body(self, exchange: Exchange) -> bytes | None:
        """Return all that is left of the body, if it has arrived."""
        assert exchange.stream is not None
        with self._lock:
            return self._engine.take_body(exchange.stream)

    def _next_event(self, exchange: Exchange) -> Event:
        engine, stream = self._engine, exchange.stream
        assert stream is not None
        while True:
            with self._lock:
                event = engine.next_event(stream)
            if engine.outgoing:
                self._shared.flush_unless_writing(exchange.write_timeout)
            if event is not NEED_DATA:
                return event
            self._shared.wait_for_event(exchange, stream)

    def _has_event(self, exchange: Exchange) -> bool:
        assert exchange.stream is not None
        return self._engine.has_event(exchange.stream)

    # The end of an exchange.

    def _close_response(self, exchange: Exchange) -> None:
        """End the exchange; reset the stream unless it has ended by itself."""
        # In a child process, the stream is the parent's.
        if exchange not in self._exchanges or os.getpid() != self._process:
            return
        if exchange.tracer is None or exchange.stream is None:
            self._end_exchange(exchange)
            return
        try:
            info = {"stream_id": exchange.stream.id}
            exchange.tracer.run("response_closed", info, self._end_exchange, exchange)
        except BaseException:
            # The callback may raise, or be cancelled, before the exchange was ended.
            self._end_exchange(exchange)
            raise

    def _end_exchange(self, exchange: Exchange) -> None:
        with self._lock:
            if exchange not in self._exchanges:
                return
            self._exchanges.remove(exchange)
            if exchange.stream is not None:
                self._engine.finish(exchange.stream)
                self._shared.wake(exchange.stream)
            self._shared.wake_newcomers()
            over = self._engine.failed or (not self._exchanges and not self._engine.usable)
            if not over and not self._exchanges and self._state is State.ACTIVE:
                self._state = transition(self._state, Input.COMPLETE)
                if self._keepalive_expiry is not None:
                    self._expire_at = time.monotonic() + self._keepalive_expiry
        if over:
            with Shield():
                self.close()
        elif self._engine.outgoing:
            with Shield():
                self._shared.flush_unless_writing(TEARDOWN_TIMEOUT)

    # The connection as its pool sees it.

    def close(self) -> None:
        """Close the connection, with a GOAWAY where that can be sent at once; requests in flight on it fail."""
        if os.getpid() != self._process:
            # In a child process: the lock may be held by a thread that is not there, and a word would be the parent's.
            self._state = State.CLOSED
            self._engine.stop()
            self._network.close()
            return
        with self._lock:
            first = self._state is not State.CLOSED
            self._state = transition(self._state, Input.CLOSE)
            self._engine.close()
            self._shared.wake_all()
        try:
            if first and not self._network.get_extra_info("is_readable"):
                with contextlib.suppress(Exception), Shield():
                    # If somebody writes, that is ended below.
                    self._shared.flush_unless_writing(TEARDOWN_TIMEOUT)
        finally:
            # No shield holds off a task's own cancel() on asyncio.
            self._network.close()

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether `origin` is the one this connection leads to."""
        return origin == self._origin

    def is_available(self) -> bool:
        """Whether the connection can take a request now."""
        return self._state is not State.CLOSED and self._engine.can_open

    @property
    def request_capacity(self) -> int:
        """How many requests and responses the connection can carry now, those included that it carries already."""
        return self._engine.capacity

    def has_expired(self) -> bool:
        """Whether the connection is idle and should be closed: kept for too long, or closed by the server."""
        if self._state is not State.IDLE:
            return False
        expire_at = self._expire_at
        if expire_at is not None and time.monotonic() > expire_at:
            return True
        self._shared.catch_up()
        return not self._engine.usable

    def is_idle(self) -> bool:
        """Whether the connection carries no request."""
        return self._state is State.IDLE

    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        return self._state is State.CLOSED

    def info(self) -> str:
        """Origin, protocol, state and number of requests."""
        return f"{str(self._origin)!r}, HTTP/2, {self._state.name}, Request Count: {self._request_count}"

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} [{str(self._origin)!r}, {self._state.name}, Request Count: {self._request_count}]>"
        )

    # For use without a pool.

    def __enter__(self) -> "HTTP2Connection":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()
