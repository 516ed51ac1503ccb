"""One request and its response on a connection: receiving, and the end."""

import os
import sys
import time
from typing import Any

from httpcore_models import ReadError, ReadTimeout
from httpcore_models.concurrency import TEARDOWN_TIMEOUT, AsyncShield
from httpcore_models.deadline import TotalSeconds, limit_text
from httpcore_models.lowlevel import AsyncTracer, size_of_fields, warn_unclosed

from .._events import END_OF_STREAM, NEED_DATA, Event, InformationalResponse, ResponseHead, Trailers
from .sending import AsyncSending
from .waiters import Handover


class AsyncExchange(AsyncSending):
    """A request and its response. Its stream is opened by `send()`, and has to be ended by `close()` in any case."""

    # Of the base class; declared again for type checkers, since they are assigned here too.
    is_tunnel: bool
    handover: Handover | None
    _event: Event | None
    holders: int
    _dropped: bool
    # What the observer is told about the response.
    _header_bytes = 0
    _end_observed = False

    # Receiving.

    async def receive_head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Return status and headers of the final response."""
        while True:
            event = await self._next_event()
            if isinstance(event, ResponseHead):
                if self.handover is not None:
                    await self.complete_handover(self.handover)
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

    def observe_head(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Note how large the head of the response is. After that of a tunnel, nothing else of a message comes."""
        self._header_bytes = len(":status") + 3 + size_of_fields(headers)
        if self.is_tunnel:
            self.observe_end(complete=True)

    def observe_end(self, complete: bool) -> None:
        """Tell the observer, once, what was received: at the end of the response, or when the exchange ends."""
        if self.tracer is not None and not self._end_observed:
            self._end_observed = True
            size = 0 if self.is_tunnel else self.stream.received
            info = {"header_bytes": self._header_bytes, "body_bytes": size, "complete": complete}
            self.tracer.observe("response.received", info)

    @property
    def is_complete(self) -> bool:
        """Whether the response has been read to its end."""
        return self.stream.remote_end and not self.stream.events

    async def _next_event(self) -> Event:
        shared, engine, stream = self._shared, self._engine, self.stream
        limit = timeout = self.read_timeout
        arrivals: int | None = None
        while True:
            if os.getpid() != shared.process:
                # A trace callback, or the body of the request, may have forked since the request was sent.
                raise ReadError("The connection belongs to another process")
            if self._event is None and not stream.response_begun and stream.failure is None:
                event: Event = NEED_DATA
            elif self._event is not None:
                event = self._event
            else:
                with shared.lock:
                    event = engine.next_event(stream)
            if engine.outgoing and shared.writer.holder is None and not shared.affinity.is_other_loop():
                self._event = event
                await shared.writer.flush_unless_writing(self.write_timeout, stream.has_event)
            self._event = None
            if event is not NEED_DATA:
                return event
            if not await shared.wait(self, shared.waiters.receivers, stream.has_event, timeout, arrivals):
                timeout, arrivals = self._time_left(timeout if isinstance(timeout, TotalSeconds) else limit)

    def _time_left(self, limit: float | None) -> tuple[float, int]:
        """Return how much longer a read may take whose time is up, since the request was sent only after a while.

        `limit` is the time that it had, in seconds. The second number says how much had arrived by then, for the
        question whether the connection is silent. Raises `ReadTimeout` if there is no time left, and `WriteTimeout` if
        the request has not been sent yet.
        """
        shared, handover, timeout = self._shared, self.handover, 0.0 if limit is None else limit
        self.handover = None
        if handover is not None and handover.sent_at is not None and not isinstance(timeout, TotalSeconds):
            left = handover.sent_at + timeout - time.monotonic()
            if left > 0:
                return left if self.limits is None else self.limits.at_most(left), handover.arrivals
        shared.capacity.report()
        if handover is not None and handover.sent_at is None:
            raise shared.writer.timed_out(timeout) from TimeoutError()
        text = f"The read operation timed out {limit_text(timeout)} ({shared.peer})"
        raise ReadTimeout(text) from TimeoutError()

    # The end.

    async def close(self, shielded: bool = False) -> None:
        """End the exchange; reset the stream unless it has ended by itself. Closing again does nothing.

        `shielded` says that the caller shields the whole call from cancellation. Otherwise only the last step, telling
        the server, is shielded.
        """
        # In a child process, the stream is the parent's.
        if os.getpid() != self._shared.process or not (self.stream in self._engine.requests or self._dropped):
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
        is_open = os.getpid() == shared.process and self.stream in self._engine.requests
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
        if os.getpid() != self._shared.process or sys.is_finalizing():
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
