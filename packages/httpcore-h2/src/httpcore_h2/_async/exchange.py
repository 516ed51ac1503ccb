"""One request and its response on a connection: sending, receiving, and the end."""

import sys
import time
from collections.abc import AsyncGenerator, AsyncIterable
from functools import partial
from typing import Any

from httpcore_models import (
    AsyncConnectionInterface,
    AsyncLease,
    AsyncNetworkStream,
    ByteStream,
    ReadError,
    ReadTimeout,
    Request,
    WriteError,
    WriteTimeout,
)
from httpcore_models.concurrency import TEARDOWN_TIMEOUT, AsyncShield
from httpcore_models.lowlevel import AsyncTracer, as_bytes, warn_unclosed

from .. import _forks
from .._events import END_OF_STREAM, NEED_DATA, Event, InformationalResponse, ResponseHead, Trailers
from .._stream import Stream
from .shared_stream import AsyncSharedStream
from .stream_queue import AsyncStreamQueue
from .waiters import Handover

# An upload checks after this many bytes whether the server has already answered.
_PART_SIZE = 64 * 1024


class AsyncExchange:
    """A request and its response. Its stream is opened by `send()`, and has to be ended by `close()` in any case."""

    is_tunnel: bool = False
    #: The exception that ended a write on behalf of the exchange.
    write_error: BaseException | None = None
    #: Set if the request was left to another task to send.
    handover: Handover | None = None
    #: How many objects stand for the exchange that the user may drop: the body, and the stream of a tunnel.
    holders: int = 1
    #: The lease of a body that was dropped, which the stream of a tunnel releases.
    lease: AsyncLease | None = None
    # Bytes of the body since the upload last checked whether the server has answered.
    _sent = 0
    # An event that was taken from the engine, but not handed on, because its reader was cancelled in between.
    _event: Event | None = None
    # Whether the exchange was ended without waiting, so that the server may not have been told yet.
    _dropped = False

    def __init__(
        self,
        request: Request,
        stream: Stream,
        tracer: AsyncTracer | None,
        connection: AsyncConnectionInterface,
        shared: AsyncSharedStream,
        queue: AsyncStreamQueue,
    ) -> None:
        """`stream` is not open yet. When the exchange ends, it closes `connection` if that can carry no other one."""
        self.request: Request = request
        self.tracer: AsyncTracer | None = tracer
        self.connection: AsyncConnectionInterface = connection
        self._shared = shared
        self._engine = shared.engine
        self._queue = queue
        self.stream: Stream = stream
        timeouts = request.extensions.get("timeout", {})
        self.read_timeout: float | None = timeouts.get("read")
        self.write_timeout: float | None = timeouts.get("write")
        self._pool_timeout: float | None = timeouts.get("pool")

    @property
    def info(self) -> dict[str, Any]:
        """What trace events tell about the exchange."""
        return {"request": self.request, "stream_id": self.stream.id}

    @property
    def network_stream(self) -> AsyncNetworkStream:
        """The stream below the connection."""
        return self._shared.network_stream

    # Sending.

    async def send(self) -> None:
        """Open the stream as soon as the server allows it, and send the request.

        Raises `ConnectionNotAvailable`, `PoolTimeout`, `LocalProtocolError` and `WriteTimeout`. A write that fails
        otherwise raises nothing: a server may answer without reading all of the request. `WriteError` is raised if the
        connection was closed here before all of the request was sent.
        """
        self._shared.check()
        is_plain = self._engine.started and "protocol" not in self.request.extensions
        if not self._queue.enter(self.stream, is_plain):
            await self._open_stream()
        try:
            if self.tracer is None:
                await self._send_request()
            else:
                flush = self._shared.writer.flush
                await self.tracer.run("send_request_headers", self.info, flush, self.write_timeout, self)
                await self.tracer.run("send_request_body", self.info, self._send_body)
        except WriteError as exc:
            # The user's body and trace callback may raise a WriteError of their own.
            if exc is not self.write_error:
                raise
        finally:
            # The exception holds the frames of its callers, and with them the response, which would never be freed.
            self.write_error = None
        if self._engine.failure is not None and self._engine.was_closed_midway(self.stream):
            raise WriteError(f"The connection was closed while the request was being sent ({self._shared.peer})")

    async def _open_stream(self) -> None:
        """Open the stream when it is its turn, on a connection that may be new."""
        if not self._engine.started:
            await self._send_preface()
        if "protocol" in self.request.extensions:
            await self._queue.require_extended_connect(self, self._pool_timeout)
        await self._queue.open_stream(self, self._pool_timeout)

    async def _send_request(self) -> None:
        """Send head and body. What is at hand leaves in one write, or in that of another task that is writing."""
        stream, writer, body = self.stream, self._shared.writer, self.request.stream
        if type(body) is ByteStream and not stream.head.is_connect:
            if not stream.local_end and len(body.content) <= _PART_SIZE:
                self._add_body(body.content)
            if stream.local_end and not (stream.sent < len(body.content)):
                # With one limit for both, it does not matter whether sending or receiving has used it up.
                leave = self.write_timeout == self.read_timeout
                await writer.flush(self.write_timeout, self, stream.has_event, leave)
                return
        await writer.flush(self.write_timeout, self)
        await self._send_body()

    def _add_body(self, content: bytes) -> None:
        """Append a whole body to the head, if the server has given credit for it."""
        engine, stream = self._engine, self.stream
        with self._shared.lock:
            if len(content) <= min(engine.send_window, stream.send_window) and stream.wants_body():
                engine.send_data(stream, content, end=True)

    async def _send_preface(self) -> None:
        with self._shared.lock:
            if self._engine.started:
                return
            self._engine.start()
        flush = self._shared.writer.flush
        if self.tracer is None:
            await flush(self.write_timeout)
        else:
            await self.tracer.run("send_connection_init", {"request": self.request}, flush, self.write_timeout)

    async def _send_body(self) -> None:
        body, stream = self.request.stream, self.stream
        if type(body) is ByteStream:
            if body.content and not await self.send_data(body.content, end=not stream.head.is_connect):
                return
        elif not isinstance(body, AsyncIterable):
            kind = type(body).__name__
            raise TypeError(f"content must be bytes or an iterable of bytes to suit the connection, but got {kind}.")
        elif not await self._send_parts(body):
            return
        if not stream.local_end and not stream.head.is_connect:
            self.end_request()
            await self._shared.writer.flush(self.write_timeout, self)

    async def _send_parts(self, body: AsyncIterable[bytes]) -> bool:
        """Send a body part by part; return false if the server wants no more of it."""
        parts = body.__aiter__()
        try:
            async for chunk in parts:
                if not (type(chunk) is bytes and not chunk) and not await self.send_data(chunk):
                    return False
        finally:
            # A generator that is not exhausted has to run its own cleanup now. A file stays open: it is the user's.
            if isinstance(parts, AsyncGenerator):
                await parts.aclose()
        return True

    async def send_data(self, chunk: bytes, end: bool = False) -> bool:
        """Send a part of the body, with which it may `end`; return false if the server wants no more of it."""
        shared, engine, stream = self._shared, self._engine, self.stream
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
                await shared.writer.flush(self.write_timeout, self, stream.refuses_body)
            if sent < len(part):
                await self._wait_for_credit()
        return True

    async def _wait_for_credit(self) -> None:
        shared, timeout = self._shared, self.write_timeout
        ready = partial(self._engine.can_go_on, self.stream)
        if not await shared.wait(self, shared.waiters.senders, ready, timeout):
            shared.capacity.report()
            text = f"The write operation timed out after {timeout:g} seconds: no flow control credit from {shared.peer}"
            raise WriteTimeout(text) from TimeoutError()

    def end_request(self) -> None:
        """End the body; the next write tells the server."""
        with self._shared.lock:
            self._engine.end_request(self.stream)

    # Receiving.

    async def receive_head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Return status and headers of the final response."""
        while True:
            event = await self._next_event()
            if isinstance(event, ResponseHead):
                self.is_tunnel = self.stream.head.is_connect and 200 <= event.status < 300
                return event.status, event.headers
            if isinstance(event, InformationalResponse) and self.tracer is not None:
                await self.tracer.report("receive_informational_response.started", self.info)
                await self.tracer.report("receive_informational_response.complete", {"return_value": tuple(event)})

    async def receive_body(self, extensions: dict[str, Any]) -> bytes:
        """Return the next part of the body, or `b""` at its end. Trailers are put into `extensions`."""
        while True:
            event = await self._next_event()
            if isinstance(event, bytes):
                return event
            if isinstance(event, Trailers):
                extensions["trailing_headers"] = event.headers
            if event is END_OF_STREAM:
                return b""

    @property
    def is_complete(self) -> bool:
        """Whether the response has been read to its end."""
        return self.stream.remote_end and not self.stream.events

    async def _next_event(self) -> Event:
        shared, engine, stream, timeout = self._shared, self._engine, self.stream, self.read_timeout
        while True:
            if _forks.count != shared.forks:
                raise ReadError("The connection belongs to another process")
            event = self._event
            if event is None and not stream.response_begun and stream.failure is None:
                event = NEED_DATA
            elif event is None:
                with shared.lock:
                    event = engine.next_event(stream)
            if engine.outgoing and shared.writer.holder is None and not shared.affinity.is_other_loop():
                self._event = event
                await shared.writer.flush_unless_writing(self.write_timeout, stream.has_event)
            self._event = None
            if event is not NEED_DATA:
                return event
            if not await shared.wait(self, shared.waiters.receivers, stream.has_event, timeout):
                timeout = self._time_left()

    def _time_left(self) -> float:
        """Return how much longer a read may take whose time is up: the request may have been sent only after a while.

        Raises `ReadTimeout` if there is no time left, and `WriteTimeout` if the request has not been sent yet.
        """
        shared, handover, timeout = self._shared, self.handover, self.read_timeout or 0.0
        self.handover = None
        if handover is not None and handover.sent_at is not None:
            left = handover.sent_at + timeout - time.monotonic()
            if left > 0:
                return left
        shared.capacity.report()
        if handover is not None and handover.sent_at is None:
            raise shared.writer.timed_out(self.write_timeout) from TimeoutError()
        text = f"The read operation timed out after {timeout:g} seconds ({shared.peer})"
        raise ReadTimeout(text) from TimeoutError()

    # The end.

    async def close(self, shielded: bool = False) -> None:
        """End the exchange; reset the stream unless it has ended by itself. Closing again does nothing.

        `shielded` says that the caller shields the whole call from cancellation. Otherwise only the last step, telling
        the server, is shielded.
        """
        # In a child process, the stream is the parent's.
        if _forks.count != self._shared.forks or not (self.stream in self._engine.requests or self._dropped):
            return
        if self.tracer is not None and self.stream.id and not self._dropped:
            await self._close_traced(self.tracer, shielded)
        else:
            await self._end(shielded)

    async def _close_traced(self, tracer: AsyncTracer, shielded: bool) -> None:
        try:
            await tracer.run("response_closed", {"stream_id": self.stream.id}, self._end, shielded)
        except BaseException:
            # The callback may have raised, or been cancelled, before the exchange was ended.
            await self._end(shielded)
            raise

    async def _end(self, shielded: bool) -> None:
        shared = self._shared
        with shared.lock:
            over = shared.leave(self.stream)
        # A task that writes will write this, too.
        told = not self._engine.outgoing or shared.writer.holder is not None
        if not over and (told or shared.affinity.is_other_loop()):
            return
        if shielded:
            await self._tell_server(over)
        else:
            with AsyncShield():
                await self._tell_server(over)

    async def _tell_server(self, over: bool) -> None:
        if over:
            await self.connection.aclose()
        else:
            await self._shared.writer.flush_unless_writing(TEARDOWN_TIMEOUT)

    def abandon(self) -> bool:
        """End an exchange whose body will not be read any further, without waiting; return whether it is over."""
        shared = self._shared
        is_open = _forks.count == shared.forks and self.stream in self._engine.requests
        if not is_open or shared.reader.is_held_for(self.stream):
            return False
        self._dropped = True
        shared.drop(self.stream)
        return True

    def abort(self) -> None:
        """End the exchange without waiting; may be called from a finaliser and from any thread."""
        self._shared.drop(self.stream)

    def release(self, holder: object) -> None:
        """End the exchange, because `holder` is being finalised, unless another object still stands for it.

        May be called at any point, even while the same thread holds the lock, and does not wait.
        """
        self.holders -= 1
        if _forks.count != self._shared.forks or sys.is_finalizing():
            return
        is_open = self.stream in self._engine.requests and not self.connection.is_closed()
        if is_open and self.holders:
            return
        if is_open:
            self.abort()
        drop = getattr(self.lease, "drop", None)
        if drop is not None:
            drop()
        if is_open:
            warn_unclosed(self.request, holder)
