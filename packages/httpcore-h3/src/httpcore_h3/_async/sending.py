"""Sending a request: head and body, as fast as the path and the server take it."""

import time
from collections.abc import AsyncIterable
from functools import partial
from typing import Any

from httpcore_models import (
    ByteStream,
    ConnectionNotAvailable,
    PoolTimeout,
    Request,
    WriteError,
    WriteTimeout,
)
from httpcore_models.deadline import TotalSeconds, limit_text
from httpcore_models.lowlevel import CONTINUE_TIMEOUT, AsyncTracer, ObservedPhase, as_bytes, async_wrong_body
from httpcore_models.multiplexing import AsyncStreamExchange

from .._engine import Engine
from .._stream import Stream
from .shared_stream import AsyncSharedStream

# An upload checks after this many bytes whether the server has already answered, and with a part that comes after so
# many seconds: otherwise the acknowledgements of a slow one would be found only when the idle timeout is over.
_PART_SIZE = 64 * 1024
_SILENCE = 0.1


class AsyncSending(AsyncStreamExchange):
    """The first half of an exchange: `send()` opens its stream and sends the request."""

    # Whether the response may be complete before all of the body has left.
    _may_be_early: bool = False
    # Bytes of the body since the upload last checked whether the server has answered.
    _sent: int = 0

    def __init__(
        self, request: Request, stream: Stream, tracer: AsyncTracer | None, connection: Any, shared: AsyncSharedStream
    ) -> None:
        """`stream` is not open yet. When the exchange ends, it closes `connection` if that can carry no other one."""
        self.request: Request = request
        self.tracer: AsyncTracer | None = tracer
        self.connection: Any = connection
        self._shared: AsyncSharedStream = shared
        self._engine: Engine = shared.engine
        self.stream: Stream = stream
        # Time limits, in seconds.
        timeouts = request.extensions.get("timeout")
        self.read_timeout: float | None = None
        self.write_timeout: float | None = None
        if timeouts:
            self.read_timeout = timeouts.get("read")
            self.write_timeout = timeouts.get("write")

    @property
    def connect_timeout(self) -> float | None:
        """The limit of a wait for the handshake, in seconds."""
        timeout: float | None = self.request.extensions.get("timeout", {}).get("connect")
        return timeout

    def at_most(self, seconds: float) -> float:
        """Return `seconds`, or what is left of the limit of the whole request if that is less."""
        return seconds

    async def send(self) -> None:
        """Open the stream as soon as the server allows it, and send the request.

        Raises `ConnectError`, `ConnectTimeout`, `ConnectionNotAvailable`, `PoolTimeout`, `LocalProtocolError` and
        `WriteTimeout`. A write that fails raises nothing: the server may answer without reading all of the request.
        `WriteError` is raised if the connection was closed here before all of the request was sent.
        """
        shared, engine, stream = self._shared, self._engine, self.stream
        shared.check()
        with shared.lock:
            engine.admit(stream)
            opened = not shared.queue and engine.open_stream(stream)
            if opened:
                if self.tracer is None and not stream.local_end:
                    self._add_body()
            elif (
                self.tracer is None
                and not shared.queue
                # In a pool. Others wait below.
                and shared.capacity.on_change is not None
                and engine.open_soon(stream, time.monotonic())
            ):
                # It leaves with what is sent after the server has allowed it.
                return
        if not opened:
            await self._open_stream()
        if self.tracer is None:
            await self._send_request()
        else:
            await self.tracer.run("send_request_headers", self.info, shared.flush, self.write_timeout)
            await self.tracer.run("send_request_body", self.info, self._send_body)
            if engine.failure is None:
                sizes = {"header_bytes": stream.head.size(), "body_bytes": stream.sent}
                self.tracer.observe("request.sent", sizes)
        if engine.failure is not None and engine.was_closed_midway(stream):
            raise WriteError(f"The connection was closed while the request was being sent ({shared.peer})")

    async def _open_stream(self) -> None:
        """Open the stream when it is its turn, on a connection that may be new."""
        shared, engine, stream = self._shared, self._engine, self.stream
        if not engine.handshake_done:
            timeout = self.connect_timeout
            info = {**shared.handshake_info, "timeout": timeout}
            if self.tracer is None:
                await self.connection.handshake(timeout)
            else:
                await self.tracer.run("handshake", info, self.connection.handshake, timeout)
        in_pool = shared.capacity.on_change is not None
        timeout = self.at_most(engine.credit_patience) if in_pool else self.pool_timeout
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            with shared.lock:
                shared.queue[stream] = None
            while not self._open_in_turn():
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                if not await shared.wait(stream, self._may_open, left, verdict=False):
                    if in_pool and not isinstance(timeout, TotalSeconds):
                        with shared.lock:
                            engine.overdue = not engine.can_open
                        raise self._no_stream()
                    raise PoolTimeout(
                        f"Pool timed out {limit_text(timeout)}: no stream to {shared.peer} became available "
                        f"({len(engine.streams)} in use)"
                    ) from TimeoutError()
        finally:
            with shared.lock:
                shared.queue.pop(stream, None)
                if shared.queue:
                    shared.wake_all()

    def _is_first(self) -> bool:
        return next(iter(self._shared.queue), None) is self.stream

    def _may_open(self) -> bool:
        engine = self._engine
        return not engine.usable or (engine.can_open and self._is_first())

    def _no_stream(self) -> ConnectionNotAvailable:
        return ConnectionNotAvailable(
            f"The server allows no further stream on this connection to {self._shared.peer} "
            f"({len(self._engine.streams)} in use)"
        )

    def _open_in_turn(self) -> bool:
        shared, engine = self._shared, self._engine
        with shared.lock:
            if not engine.usable:
                raise engine.not_available()
            if self._is_first() and engine.open_stream(self.stream):
                return True
            may_wait = shared.capacity.on_change is None or engine.can_open or engine.expects_credit
            if engine.handshake_done and not may_wait:
                # In a pool, which has other connections, a request waits only for what should come soon.
                raise self._no_stream()
            return False

    def _add_body(self) -> None:
        """Add a body that is in memory to the head, with which it leaves, if it is small. The lock is held."""
        stream, body = self.stream, self.request.stream
        if stream.local_end or type(body) is not ByteStream or stream.head.expects_continue:
            return
        if body.content and len(body.content) <= _PART_SIZE and stream.wants_body():
            self._engine.send_data(stream, body.content, end=True)

    async def _send_request(self) -> None:
        """Send head and body."""
        # A task that is writing writes this, too.
        if not self._shared.is_writing:
            await self._shared.flush(self.write_timeout, gather=True)
        if self.stream.head.has_body:
            await self._send_body()

    async def _send_body(self) -> None:
        body, stream = self.request.stream, self.stream
        if stream.head.expects_continue and not await self._may_send_body():
            return
        if type(body) is ByteStream:
            if body.content and stream.sent != len(body.content) and not await self.send_data(body.content, end=True):
                return
        elif not isinstance(body, AsyncIterable):
            raise async_wrong_body(body)
        elif not await self._send_parts(body):
            return
        if not stream.local_end:
            with self._shared.lock:
                self._engine.end_request(stream)
            await self._shared.flush(self.write_timeout)
        with self._shared.lock:
            self._may_be_early = stream.status is not None or not self._engine.has_left(stream)

    async def _may_send_body(self) -> bool:
        """Wait for `100 Continue`; return whether the server wants the body, or does not say so in time.

        The wait is no longer than a read or a write may be.
        """
        shared, stream = self._shared, self.stream
        patience = [limit for limit in (self.read_timeout, self.write_timeout) if limit is not None]

        def is_answered() -> bool:
            return stream.may_send_body() is not None

        # Whether silence for as long as a read or write limit makes the connection a dead one is not for this wait.
        await shared.wait(stream, is_answered, min([CONTINUE_TIMEOUT, *patience]), verdict=False)
        with shared.lock:
            return stream.may_send_body() is not False

    async def send_data(self, chunk: bytes, end: bool = False) -> bool:
        """Send a part of the body, with which it may `end`; return false if the server wants no more of it."""
        shared, engine, stream = self._shared, self._engine, self.stream
        rest = memoryview(chunk if type(chunk) is bytes else as_bytes(chunk))
        while rest:
            if self._sent >= _PART_SIZE or time.monotonic() - engine.quic.heard > _SILENCE:
                self._sent = 0
                shared.catch_up()
                shared.capacity.report()
            part = rest[:_PART_SIZE]
            with shared.lock:
                sent = engine.send_data(stream, part, end and len(part) == len(rest))
            if sent is None:
                return False
            rest = rest[sent:]
            self._sent += sent
            if engine.output_pending:
                await shared.flush(self.write_timeout)
            if sent < len(part):
                await self._wait_for_room()
        return True

    async def _wait_for_room(self) -> None:
        """Wait until the server has taken more of the body."""
        shared, stream, timeout = self._shared, self.stream, self.write_timeout
        try:
            with shared.lock:
                if self._engine.can_go_on(stream):
                    return
                shared.senders.add(stream)
            with self._observed_wait():
                if not await shared.wait(stream, partial(self._engine.can_go_on, stream), timeout):
                    shared.capacity.report()
                    text = f"The write operation timed out {limit_text(timeout)}: {shared.peer} does not take more data"
                    raise WriteTimeout(text) from TimeoutError()
        finally:
            with shared.lock:
                shared.senders.discard(stream)

    def _observed_wait(self) -> ObservedPhase:
        observer = None if self.tracer is None else self.tracer.observer
        with self._shared.lock:
            queued = 0 if observer is None else self._engine.quic.queued(self.stream.id)
        return ObservedPhase(observer, "http3.window_wait", {"stream_id": self.stream.id, "queued": queued})
