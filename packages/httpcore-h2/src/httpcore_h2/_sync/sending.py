# Generated from ../_async/sending.py by tools/make_sync.py: edit that file, then run it.
"""Sending a request: head and body, within the credit that the server gives."""

import time
from collections.abc import Iterable
from functools import partial

from httpcore_models import (
    ByteStream,
    ConnectionInterface,
    NetworkStream,
    Request,
    WriteError,
    WriteTimeout,
)
from httpcore_models.deadline import limit_text
from httpcore_models.lowlevel import (
    CONTINUE_TIMEOUT,
    ObservedPhase,
    Tracer,
    as_bytes,
    wrong_body,
)
from httpcore_models.multiplexing import StreamExchange

from .._engine import Engine
from .._events import Event
from .._stream import Stream
from .shared_stream import NO_VERDICT, SharedStream
from .stream_queue import StreamQueue
from .waiters import Handover

# An upload checks after this many bytes whether the server has already answered.
_PART_SIZE = 64 * 1024


class Sending(StreamExchange):
    """The first half of an exchange: `send()` opens its stream and sends the request."""

    #: The exception that ended a write on behalf of the exchange.
    write_error: BaseException | None = None
    # Bytes of the body since the upload last checked whether the server has answered.
    _sent: int = 0
    # An event that was taken from the engine, but not handed on, because its reader was interrupted in between.
    _event: Event | None = None

    def __init__(
        self,
        request: Request,
        stream: Stream,
        tracer: Tracer | None,
        connection: ConnectionInterface,
        shared: SharedStream,
        queue: StreamQueue,
    ) -> None:
        """`stream` is not open yet. When the exchange ends, it closes `connection` if that can carry no other one."""
        self.request: Request = request
        self.tracer: Tracer | None = tracer
        self.connection: ConnectionInterface = connection
        self._shared: SharedStream = shared
        self._engine: Engine = shared.engine
        self._queue: StreamQueue = queue
        self.stream: Stream = stream
        #: Set if the request was left to another thread to send.
        self.handover: Handover | None = None
        # Time limits, in seconds.
        timeouts = request.extensions.get("timeout")
        self.read_timeout: float | None = None
        self.write_timeout: float | None = None
        if timeouts:
            self.read_timeout = timeouts.get("read")
            self.write_timeout = timeouts.get("write")

    @property
    def network_stream(self) -> NetworkStream:
        """The stream below the connection."""
        return self._shared.network_stream

    def send(self) -> None:
        """Open the stream as soon as the server allows it, and send the request.

        Raises `ConnectionNotAvailable`, `PoolTimeout`, `LocalProtocolError` and `WriteTimeout`. A write that fails
        otherwise raises nothing: a server may answer without reading all of the request. `WriteError` is raised if the
        connection was closed here before all of the request was sent.
        """
        self._shared.check()
        is_plain = self._engine.started and "protocol" not in self.request.extensions
        if not self._queue.enter(self.stream, is_plain):
            self._open_stream()
        written = True
        try:
            if self.tracer is None:
                self._send_request()
            else:
                flush = self._shared.writer.flush
                self.tracer.run("send_request_headers", self.info, flush, self.write_timeout, self)
                self.tracer.run("send_request_body", self.info, self._send_body)
                if self._engine.failure is None:
                    sizes = {"header_bytes": self.stream.head.size(), "body_bytes": self.stream.sent}
                    self.tracer.observe("request.sent", sizes)
        except WriteError as exc:
            # The user's body and trace callback may raise a WriteError of their own.
            if exc is not self.write_error:
                raise
            written = False
        finally:
            # The exception holds the frames of its callers, and with them the response, which would never be freed.
            self.write_error = None
        engine, writer = self._engine, self._shared.writer
        if engine.failure is None:
            return
        if engine.was_closed_midway(self.stream, written and not engine.outgoing and writer.unfinished is None):
            raise WriteError(f"The connection was closed while the request was being sent ({self._shared.peer})")

    def _open_stream(self) -> None:
        """Open the stream when it is its turn, on a connection that may be new."""
        if not self._engine.started:
            self._send_preface()
        if "protocol" in self.request.extensions:
            self._queue.require_extended_connect(self, self.pool_timeout)
        self._queue.open_stream(self, self.pool_timeout)

    def _send_request(self) -> None:
        """Send head and body. What is at hand leaves in one write, or in that of another thread that is writing."""
        stream, writer, body = self.stream, self._shared.writer, self.request.stream
        if type(body) is ByteStream and not (stream.head.is_connect or stream.head.expects_continue):
            if not stream.local_end and len(body.content) <= _PART_SIZE:
                self._add_body(body.content)
            if stream.local_end and not (stream.sent < len(body.content)):
                # With one limit for both, it does not matter whether sending or receiving has used it up.
                leave = self.write_timeout == self.read_timeout
                if self.limits is not None:
                    leave = leave or self.limits.outweighs("write", "read")
                # A success does not end an upload, even if it is complete.
                enough = stream.refuses_body if stream.head.has_body else stream.has_event
                writer.flush(self.write_timeout, self, enough, leave)
                return
        writer.flush(self.write_timeout, self)
        self._send_body()

    def complete_handover(self, handover: Handover) -> None:
        """Send what another thread has not sent of a body that was left to it: a success does not end an upload."""
        stream = self.stream
        if handover.sent_at is not None or not stream.head.has_body or stream.refuses_body():
            return
        try:
            self._shared.writer.flush(self.write_timeout, self, stream.refuses_body)
        except WriteError:
            self.write_error = None

    def _add_body(self, content: bytes) -> None:
        """Append a whole body to the head, if the server has given credit for it."""
        engine, stream = self._engine, self.stream
        with self._shared.lock:
            if len(content) <= min(engine.send_window, stream.send_window) and stream.wants_body():
                engine.send_data(stream, content, end=True)

    def _send_preface(self) -> None:
        with self._shared.lock:
            if self._engine.started:
                return
            self._engine.start(time.monotonic())
        flush = self._shared.writer.flush
        if self.tracer is None:
            flush(self.write_timeout)
        else:
            self.tracer.run("send_connection_init", {"request": self.request}, flush, self.write_timeout)

    def _send_body(self) -> None:
        body, stream = self.request.stream, self.stream
        if stream.head.expects_continue and not self._may_send_body():
            return
        if type(body) is ByteStream:
            if body.content and not self.send_data(body.content, end=not stream.head.is_connect):
                return
        elif not isinstance(body, Iterable):
            raise wrong_body(body)
        elif not self._send_parts(body):
            return
        if not stream.local_end and not stream.head.is_connect:
            self.end_request()
            self._shared.writer.flush(self.write_timeout, self)

    def _may_send_body(self) -> bool:
        """Wait for `100 Continue`; return whether the server wants the body, or does not say so in time.

        The wait is no longer than a read or a write may be.
        """
        shared, stream = self._shared, self.stream
        patience = [limit for limit in (self.read_timeout, self.write_timeout) if limit is not None]

        def is_answered() -> bool:
            return stream.may_send_body() is not None

        # Whether silence for as long as a read or write limit makes the connection a dead one is not for this wait.
        shared.wait(self, shared.waiters.senders, is_answered, min([CONTINUE_TIMEOUT, *patience]), NO_VERDICT)
        with shared.lock:
            return stream.may_send_body() is not False

    def send_data(self, chunk: bytes, end: bool = False) -> bool:
        """Send a part of the body, with which it may `end`; return false if the server wants no more of it."""
        shared, engine, stream = self._shared, self._engine, self.stream
        shared.writer.check_process()
        rest = memoryview(chunk if type(chunk) is bytes else as_bytes(chunk))
        while rest:
            if self._sent >= _PART_SIZE:
                self._sent = 0
                shared.reader.catch_up()
            part = rest[:_PART_SIZE]
            with shared.lock:
                sent = engine.send_data(stream, part, end and len(part) == len(rest))
            if sent is None:
                return False
            rest = rest[sent:]
            if sent:
                self._sent += sent
                shared.writer.flush(self.write_timeout, self, stream.refuses_body)
            if sent < len(part):
                self._wait_for_credit()
        return True

    def _wait_for_credit(self) -> None:
        shared, timeout = self._shared, self.write_timeout
        ready = partial(self._engine.can_go_on, self.stream)
        with self._observed_wait():
            if not shared.wait(self, shared.waiters.senders, ready, timeout):
                shared.capacity.report()
                limit = limit_text(timeout)
                text = f"The write operation timed out {limit}: no flow control credit from {shared.peer}"
                raise WriteTimeout(text) from TimeoutError()

    def _observed_wait(self) -> ObservedPhase:
        windows = {"connection_window": self._engine.send_window, "stream_window": self.stream.send_window}
        observer = None if self.tracer is None else self.tracer.observer
        return ObservedPhase(observer, "http2.window_wait", {"stream_id": self.stream.id, **windows})

    def end_request(self) -> None:
        """End the body; the next write tells the server."""
        with self._shared.lock:
            self._engine.end_request(self.stream)
