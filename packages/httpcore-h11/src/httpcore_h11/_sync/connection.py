# Generated from ../_async/connection.py by tools/make_sync.py: edit that file, then run it.
"""One HTTP/1.1 connection over any network stream."""

import contextlib
import logging
import os
import threading
import time
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
    Request,
    Response,
    WriteError,
    WriteTimeout,
)
from httpcore_models.concurrency import Shield
from httpcore_models.lowlevel import (
    Retryable,
    Tracer,
    get_tracer,
    is_origin_of,
    mark_retryable,
    received_response,
)

from .._bodies import PART_SIZE, is_in_memory
from .._engine import NEED_DATA, Engine, InformationalResponse, ResponseHead
from .._legacy import LegacyConnection
from .._states import TRANSITIONS, Input, State, transition
from .body import HTTP11Body
from .upgrade import UpgradeStream
from .upload import Upload

_logger = logging.getLogger("httpcore.http11")

# Looking up a member of an enumeration takes a while before Python 3.12.
_ACTIVE, _IDLE = State.ACTIVE, State.IDLE

# What the table says of a request, for the states that may have one.
_AFTER_REQUEST = {before: after for (before, step), after in TRANSITIONS.items() if step is Input.REQUEST}
_AFTER_COMPLETE = transition(State.ACTIVE, Input.COMPLETE)

_NO_TIMEOUTS: dict[str, float | None] = {}

# For so many seconds a look at an idle connection is good enough. The request may be late: its thread has to wait for its
# turn, while the event loop is busy with others, or its thread for its own.
_QUIET_FOR = 0.002


class HTTP11Connection(LegacyConnection, ConnectionInterface):
    """One HTTP/1.1 connection: one request at a time, kept open in between (RFC 9112 section 9.3).

    `stream` is a connected network stream to `origin`, which the connection takes over; `keepalive_expiry` is how
    long in seconds it may stay idle before `has_expired()` says so, `None` for ever.

    A request that fails or is interrupted at any point closes the connection, as does closing a response whose body
    was not read to its end.
    """

    READ_NUM_BYTES = 64 * 1024
    MAX_INCOMPLETE_EVENT_SIZE = 100 * 1024

    def __init__(self, origin: Origin, stream: NetworkStream, keepalive_expiry: float | None = None) -> None:
        self._origin = origin
        self._network_stream = stream
        self._keepalive_expiry = keepalive_expiry
        self._expire_at: float | None = None
        # The limit holds for what is incomplete, so that a head may be larger by as much as one read brings.
        reads = self.MAX_INCOMPLETE_EVENT_SIZE // self.READ_NUM_BYTES + 1
        self._engine = Engine(reads * self.READ_NUM_BYTES, origin)
        self._state = State.NEW
        # Held only while the state is looked at and changed, by whichever thread.
        self._state_lock = threading.Lock()
        self._request_count = 0
        self._write_failed = False
        # Until then there is no need to look at the stream again, since `has_expired()` just did.
        self._quiet_until = 0.0
        self._process = os.getpid()

    def handle_request(self, request: Request) -> Response:
        """Send a request and return its response with the body yet to be read.

        Raises `ConnectionNotAvailable` when the connection is busy or closed, by the server too, `RuntimeError` for
        another origin, `LocalProtocolError` or `RemoteProtocolError` when either message is not HTTP/1.1, and timeout
        and network errors. A final response with a status of 300 or above that arrives while the body is sent ends the
        upload and is returned (RFC 9112 section 9.5); any other is returned when all of the body was sent.
        """
        if not is_origin_of(self._origin, request.url):
            origin = request.url.origin
            raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._origin}")
        taken = False
        tracer = None
        try:
            with self._state_lock:
                state = _AFTER_REQUEST.get(self._state)
                if state is not None:
                    # Before it is so: whatever happens from here on, the connection is ended or closed.
                    taken = True
                    self._state = state
            if not taken:
                raise ConnectionNotAvailable(self._why_not_available())
            is_quiet = not self._request_count or time.monotonic() < self._quiet_until
            if not is_quiet and self._network_stream.get_extra_info("is_readable"):
                raise ConnectionNotAvailable(
                    f"The server closed the idle connection to {self._origin}, or sent something without being asked."
                )
            self._quiet_until = 0.0
            self._request_count += 1
            tracer = get_tracer(_logger, request)
            timeouts = request.extensions.get("timeout", _NO_TIMEOUTS)
            self._send(request, tracer, timeouts.get("write"))
            timeout = timeouts.get("read")
            # Made while the server is at work.
            extensions: dict[str, Any] = {
                "http_version": b"",
                "reason_phrase": b"",
                "network_stream": self._network_stream,
            }
            body = HTTP11Body(self, request, tracer, timeout, extensions)
            if tracer is None:
                http_version, status, reason, headers = self._receive_head(timeout)
            else:
                info = {"request": request}
                http_version, status, reason, headers = tracer.run(
                    "receive_response_headers", info, self._receive_head_tuple, timeout, tracer, info
                )
            extensions["http_version"] = http_version
            extensions["reason_phrase"] = reason
            if (status == 101 or request.method == b"CONNECT") and self._engine.switched_protocol:
                body = HTTP11Body(self, request, tracer, timeout, {})  # no cycle: the stream refers to the body
                extensions["network_stream"] = self._handed_over(body)
            body._closed = False
            return received_response(status, headers, body, extensions)
        except BaseException:
            if taken:
                with Shield():
                    self._close_response(tracer, False)
            raise

    def _handed_over(self, body: HTTP11Body) -> UpgradeStream:
        """The stream that is the caller's after a switch of protocols."""
        return UpgradeStream(self._network_stream, self._engine.trailing_data, body)

    def _why_not_available(self) -> str:
        if self._state is State.CLOSED:
            return f"The connection to {self._origin} is closed."
        return f"The connection to {self._origin} is busy with another request."

    # Sending.

    def _send(self, request: Request, tracer: Tracer | None, timeout: float | None) -> None:
        engine, stream = self._engine, request.stream
        if tracer is None and type(stream) is ByteStream:
            content = stream.content
            if len(content) <= PART_SIZE:
                data = engine.whole_request(request.method, request.url.target, request.headers, content)
                try:
                    self._network_stream.write(data, timeout)
                except (WriteError, WriteTimeout) as exc:
                    if not self._may_be_answered_after(
                        exc, Upload(self._network_stream, engine, timeout, self._origin)
                    ):
                        raise
                return
        upload = Upload(self._network_stream, engine, timeout, self._origin)
        try:
            if tracer is not None:
                info = {"request": request}
                tracer.run("send_request_headers", info, self._send_head, request, upload)
                tracer.run("send_request_body", info, upload.send_body, request, b"")
                return
            head = engine.start_request(request.method, request.url.target, request.headers)
            if not is_in_memory(stream):
                upload.write(head)
                head = b""
            upload.send_body(request, head)
        except (ReadError, RemoteProtocolError, WriteError, WriteTimeout) as exc:
            is_own = exc is upload.failure  # and not raised by the user's code
            if not is_own or not self._may_be_answered_after(exc, upload):
                raise
        finally:
            upload.failure = None  # which holds the frames that hold the upload

    def _send_head(self, request: Request, upload: Upload) -> None:
        upload.write(self._engine.start_request(request.method, request.url.target, request.headers))

    def _may_be_answered_after(self, exc: Exception, upload: Upload) -> bool:
        """Whether the server may have answered without reading all of a request, of which sending failed with `exc`."""
        if isinstance(exc, (ReadError, RemoteProtocolError)):
            self._mark(exc)
            return False
        if self._state is State.CLOSED:  # it was cut here, and what the server says is about a part of it
            raise ReadError(f"The connection to {self._origin} was closed while a request was being sent.") from exc
        if isinstance(exc, WriteTimeout):
            refused = False
            with contextlib.suppress(ReadError, RemoteProtocolError):
                refused = upload.is_refused()
            if not refused:
                return False
        self._write_failed = True
        return True

    # Receiving.

    def _receive_head(
        self, timeout: float | None, tracer: Tracer | None = None, info: dict[str, Any] | None = None
    ) -> ResponseHead:
        engine = self._engine
        event = engine.next_event() if engine.response_begun else NEED_DATA
        while type(event) is not ResponseHead:
            if event is NEED_DATA:
                try:
                    data = self._network_stream.read(self.READ_NUM_BYTES, timeout)
                    if not data:
                        self._check_not_closed()
                    engine.receive_data(data)
                except (ReadError, RemoteProtocolError) as exc:
                    self._mark(exc)
                    raise
            elif tracer is not None and info is not None and isinstance(event, InformationalResponse):
                tracer.report("receive_informational_response.started", info)
                tracer.report("receive_informational_response.complete", {"return_value": tuple(event)})
            event = engine.next_event()
        return event

    def _mark(self, exc: Exception) -> None:
        """Say on `exc` whether the request may be repeated."""
        if self._request_count > 1 and not self._engine.response_begun and self._state is _ACTIVE:
            # Most likely the server closed the idle connection just as it was used again.
            mark_retryable(exc, Retryable.IDEMPOTENT)

    def _check_not_closed(self) -> None:
        """At the end of stream: raise `ReadError` if it is of our own making."""
        if self._state is State.CLOSED:
            raise ReadError(f"The connection to {self._origin} was closed while a response was being received.")

    def _receive_head_tuple(self, *arguments: Any) -> tuple[Any, ...]:
        return tuple(self._receive_head(*arguments))

    def _close_response(self, tracer: Tracer | None, ended: bool) -> None:
        """End the exchange: keep the connection if it can carry another, close it if not.

        `ended` tells whether all of the response was read.
        """
        try:
            if tracer is None:
                self._end_exchange(ended)
            else:
                tracer.run("response_closed", {}, self._end_exchange, ended)
        except BaseException:
            # The callback may raise, or be interrupted, before the exchange was ended; and so may a signal handler.
            if self._state is _ACTIVE:
                self._end_exchange(ended)
            raise

    def _end_exchange(self, ended: bool) -> None:
        with self._state_lock:
            reusable = ended and self._state is _ACTIVE and not self._write_failed and self._engine.next_cycle()
            if reusable:
                if self._keepalive_expiry is not None:
                    self._expire_at = time.monotonic() + self._keepalive_expiry
                self._state = _AFTER_COMPLETE
        if not reusable:
            with Shield():
                self.close()

    def _drop_exchange(self, ended: bool) -> None:
        """End the exchange of a response that nobody holds any more.

        By a finaliser, which may run in the middle of anything: so nothing is waited for, not even the lock. Apart
        from the exchange that ends here, only `close()` changes the state. Should it do so just now, in another
        thread, the closed stream makes `has_expired()` true.
        """
        if self._state is not _ACTIVE:
            return
        complete = ended or self._engine.is_complete()
        if complete and not self._write_failed and self._engine.next_cycle():
            if self._keepalive_expiry is not None:
                self._expire_at = time.monotonic() + self._keepalive_expiry
            self._state = _AFTER_COMPLETE
            return
        abort = getattr(self._network_stream, "abort", None)
        if abort is not None:  # else whoever finds the connection still active closes it
            self._state = State.CLOSED
            abort()

    def _is_ours(self) -> bool:
        """Whether the connection was made by this process, and not inherited by a fork."""
        return self._process == os.getpid()

    # The connection as its pool sees it.

    def close(self) -> None:
        """Close the connection; a request in flight on it fails."""
        with self._state_lock:
            self._state = transition(self._state, Input.CLOSE)
        self._network_stream.close()

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
        expire_at, now = self._expire_at, time.monotonic()
        if expire_at is not None and now > expire_at:
            return True
        # Nothing may come while no request is open, but for the end of stream.
        if self._network_stream.get_extra_info("is_readable"):
            return True
        self._quiet_until = now + _QUIET_FOR
        return False

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
