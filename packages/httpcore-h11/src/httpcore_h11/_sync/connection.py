# Generated from ../_async/connection.py by tools/make_sync.py: edit that file, then run it.
"""One HTTP/1.1 connection over any network stream."""

import logging
import threading
import time
from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Any

from httpcore_models import (
    ByteStream,
    ConnectionInterface,
    ConnectionNotAvailable,
    NetworkStream,
    Origin,
    ReadError,
    RemoteProtocolError,
    Repeatable,
    Request,
    Response,
    Tracer,
    WriteError,
    WriteTimeout,
    get_tracer,
    is_origin_of,
    mark_repeatable,
    received_response,
)
from httpcore_models.concurrency import Shield

from .._bodies import PART_SIZE, body_parts, is_at_hand
from .._engine import NEED_DATA, Engine, InformationalResponse, ResponseHead
from .._states import TRANSITIONS, Input, State, transition
from .body import HTTP11Body
from .upgrade import UpgradeStream

_logger = logging.getLogger("httpcore.http11")

# Looking up a member of an enumeration takes a while before Python 3.12.
_ACTIVE, _IDLE = State.ACTIVE, State.IDLE

# What the table says of a request, for the states that may have one.
_AFTER_REQUEST = {before: after for (before, step), after in TRANSITIONS.items() if step is Input.REQUEST}
_AFTER_COMPLETE = transition(State.ACTIVE, Input.COMPLETE)

_NO_TIMEOUTS: dict[str, float | None] = {}


class HTTP11Connection(ConnectionInterface):
    """One HTTP/1.1 connection: one request at a time, kept open in between (RFC 9112 section 9.3).

    `stream` is a connected network stream to `origin`, which the connection takes over; `keepalive_expiry` is how
    long in seconds it may stay idle before `has_expired()` says so, `None` for ever.

    A request that fails or is cancelled at any point closes the connection, as does closing a response whose body
    was not read to its end.
    """

    READ_NUM_BYTES = 64 * 1024
    MAX_INCOMPLETE_EVENT_SIZE = 100 * 1024

    def __init__(self, origin: Origin, stream: NetworkStream, keepalive_expiry: float | None = None) -> None:
        self._origin = origin
        self._stream = stream
        self._keepalive_expiry = keepalive_expiry
        self._expire_at: float | None = None
        self._engine = Engine(self.MAX_INCOMPLETE_EVENT_SIZE)
        self._state = State.NEW
        # Held only while the state is looked at and changed, by whichever thread.
        self._state_lock = threading.Lock()
        self._request_count = 0
        self._write_failed = False

    def handle_request(self, request: Request) -> Response:
        """Send a request and return its response with the body yet to be read.

        Raises `ConnectionNotAvailable` when the connection is busy or closed, `RuntimeError` for another origin,
        `LocalProtocolError` or `RemoteProtocolError` when either message is not HTTP/1.1, and timeout and network
        errors. A final response that arrives while the body is sent ends the upload and is returned (RFC 9112
        section 9.5).
        """
        if not is_origin_of(self._origin, request.url):
            origin = request.url.origin
            raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._origin}")
        self._state_lock.acquire()  # `with` would take twice the time
        try:
            state = _AFTER_REQUEST.get(self._state)
            if state is None:
                raise ConnectionNotAvailable
            self._state = state
            self._request_count += 1
        finally:
            self._state_lock.release()
        tracer = get_tracer(_logger, request)
        timeouts = request.extensions.get("timeout", _NO_TIMEOUTS)
        try:
            self._send(request, tracer, timeouts.get("write"))
            timeout = timeouts.get("read")
            # Made while the server is at work.
            extensions: dict[str, Any] = {"http_version": b"", "reason_phrase": b"", "network_stream": self._stream}
            body = HTTP11Body(self, request, tracer, timeout, extensions)
            if tracer is None:
                http_version, status, reason, headers = self._receive_head(timeout)
            else:
                info = {"request": request}
                http_version, status, reason, headers = tracer.run(
                    "receive_response_headers", info, self._receive_head_tuple, timeout, tracer, info
                )
        except BaseException:
            with Shield():
                self._close_response(tracer)
            raise
        extensions["http_version"] = http_version
        extensions["reason_phrase"] = reason
        if (status == 101 or request.method == b"CONNECT") and self._engine.switched_protocol:
            extensions["network_stream"] = UpgradeStream(self._stream, self._engine.trailing_data)
        return received_response(status, headers, body, extensions)

    # Sending.

    def _send(self, request: Request, tracer: Tracer | None, timeout: float | None) -> None:
        try:
            if tracer is not None:
                info = {"request": request}
                tracer.run("send_request_headers", info, self._send_head, request, timeout)
                tracer.run("send_request_body", info, self._send_body, request, timeout)
                return
            engine, stream = self._engine, request.stream
            if type(stream) is ByteStream:
                content = stream.__bytes__()  # bytes(stream) would do the same, by a detour through C
                if len(content) <= PART_SIZE:
                    data = engine.whole_request(request.method, request.url.target, request.headers, content)
                    self._stream.write(data, timeout)
                    return
            head = engine.start_request(request.method, request.url.target, request.headers)
            if not is_at_hand(stream):
                self._stream.write(head, timeout)
                head = b""
            self._send_body(request, timeout, head)
        except (WriteError, WriteTimeout) as exc:
            self._write_failed = True
            # A server may answer without reading all of the request: there may be a response to read.
            if isinstance(exc, WriteTimeout) and not self._stream.get_extra_info("is_readable"):
                raise

    def _send_head(self, request: Request, timeout: float | None) -> None:
        head = self._engine.start_request(request.method, request.url.target, request.headers)
        self._stream.write(head, timeout)

    def _send_body(self, request: Request, timeout: float | None, head: bytes = b"") -> None:
        """Send the body, and `head` together with the first part of it."""
        if not isinstance(request.stream, Iterable):
            kind = type(request.stream).__name__
            raise TypeError(f"content must be bytes or an iterable of bytes to suit the connection, but got {kind}.")
        body = request.stream.__iter__()
        try:
            first = True
            for chunk in body:
                for part in body_parts(chunk):
                    if not first and self._is_answered(timeout):
                        return
                    first = False
                    self._stream.write(head + self._engine.send_body(part), timeout)
                    head = b""
        finally:
            # A generator that was left early has to run its own cleanup now. A file stays open: it is the user's.
            if isinstance(body, Generator):
                body.close()
        end = head + self._engine.end_body()
        if end:
            self._stream.write(end, timeout)

    def _is_answered(self, timeout: float | None) -> bool:
        if not self._stream.get_extra_info("is_readable"):
            return False
        self._engine.receive_data(self._stream.read(self.READ_NUM_BYTES, timeout))
        return self._engine.response_started()

    # Receiving.

    def _receive_head(
        self, timeout: float | None, tracer: Tracer | None = None, info: dict[str, Any] | None = None
    ) -> ResponseHead:
        engine = self._engine
        try:
            if engine.unanswered:
                engine.receive_data(self._stream.read(self.READ_NUM_BYTES, timeout))
            while True:
                event = engine.next_event()
                if type(event) is ResponseHead:
                    return event
                if event is NEED_DATA:
                    engine.receive_data(self._stream.read(self.READ_NUM_BYTES, timeout))
                elif tracer is not None and info is not None and isinstance(event, InformationalResponse):
                    tracer.report("receive_informational_response.started", info)
                    tracer.report("receive_informational_response.complete", {"return_value": tuple(event)})
        except (ReadError, RemoteProtocolError) as exc:
            if self._request_count > 1 and self._engine.unanswered:
                # Most likely the server closed the idle connection just as it was used again.
                mark_repeatable(exc, Repeatable.IDEMPOTENT)
            raise

    def _receive_head_tuple(self, *arguments: Any) -> tuple[Any, ...]:
        return tuple(self._receive_head(*arguments))

    def _close_response(self, tracer: Tracer | None) -> None:
        """End the exchange: keep the connection if it can carry another, close it if not."""
        if tracer is None:
            self._end_exchange()
            return
        try:
            tracer.run("response_closed", {}, self._end_exchange)
        except BaseException:
            # The callback may raise, or be cancelled, before the exchange was ended.
            if self._state is _ACTIVE:
                self._end_exchange()
            raise

    def _end_exchange(self) -> None:
        self._state_lock.acquire()
        try:
            reusable = self._state is _ACTIVE and not self._write_failed and self._engine.next_cycle()
            if reusable:
                self._state = _AFTER_COMPLETE
                if self._keepalive_expiry is not None:
                    self._expire_at = time.monotonic() + self._keepalive_expiry
        finally:
            self._state_lock.release()
        if not reusable:
            with Shield():
                self.close()

    # The connection as its pool sees it.

    def close(self) -> None:
        """Close the connection; a request in flight on it fails."""
        with self._state_lock:
            self._state = transition(self._state, Input.CLOSE)
        self._stream.close()

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether `origin` is the one this connection leads to."""
        return origin == self._origin

    def is_available(self) -> bool:
        """Whether the connection is idle."""
        return self._state is _IDLE

    def has_expired(self) -> bool:
        """Whether the connection is idle and should be closed: kept for too long, or closed by the server."""
        if self._state is not _IDLE:
            return False
        expire_at = self._expire_at
        if expire_at is not None and time.monotonic() > expire_at:
            return True
        # Nothing may come while no request is open, but for the end of stream.
        return bool(self._stream.get_extra_info("is_readable"))

    def is_idle(self) -> bool:
        """Whether the connection has carried a request and carries none now."""
        return self._state is _IDLE

    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        return self._state is State.CLOSED

    def info(self) -> str:
        """Origin, protocol, state and number of requests."""
        return f"{str(self._origin)!r}, HTTP/1.1, {self._state.name}, Request Count: {self._request_count}"

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} [{str(self._origin)!r}, {self._state.name}, Request Count: {self._request_count}]>"
        )

    # For use without a pool.

    def __enter__(self) -> "HTTP11Connection":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()
