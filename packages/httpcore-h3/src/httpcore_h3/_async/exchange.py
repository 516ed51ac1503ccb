"""One request and its response on a connection: receiving, and the end."""

import os
import sys
from typing import Any

from httpcore_models import ReadError, ReadTimeout
from httpcore_models.concurrency import TEARDOWN_TIMEOUT, AsyncShield
from httpcore_models.deadline import limit_text
from httpcore_models.lowlevel import AsyncTracer, size_of_fields, warn_unclosed
from httpcore_models.multiplexing import (
    END_OF_STREAM,
    NEED_DATA,
    Event,
    InformationalResponse,
    ResponseHead,
    Trailers,
)

from .sending import AsyncSending


class AsyncExchange(AsyncSending):
    """A request and its response. Its stream is opened by `send()`, and has to be ended by `close()` in any case."""

    #: There are no tunnels over HTTP/3 here.
    is_tunnel: bool = False

    # Of the base class; declared again for type checkers, since they are assigned here too.
    _event: Event | None
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
        """Note how large the head of the response is."""
        self._header_bytes = len(":status") + 3 + size_of_fields(headers)

    def observe_end(self, complete: bool) -> None:
        """Tell the observer, once, what was received: at the end of the response, or when the exchange ends."""
        if self.tracer is not None and not self._end_observed:
            self._end_observed = True
            info = {"header_bytes": self._header_bytes, "body_bytes": self.stream.received, "complete": complete}
            self.tracer.observe("response.received", info)

    @property
    def is_complete(self) -> bool:
        """Whether the response has been read to its end."""
        return self.stream.remote_end and not self.stream.events

    async def _next_event(self) -> Event:
        shared, engine, stream = self._shared, self._engine, self.stream
        while True:
            if os.getpid() != shared.process:
                # A trace callback, or the body of the request, may have forked since the request was sent.
                raise ReadError("The connection belongs to another process")
            if not stream.response_begun and stream.failure is None:
                event: Event = NEED_DATA
            else:
                with shared.lock:
                    event = engine.next_event(stream)
                if shared.capacity.was_full and shared.capacity.is_due:
                    shared.capacity.report()
            if event is not NEED_DATA:
                return event
            timeout = self.read_timeout
            if not await shared.wait(stream, stream.has_event, timeout):
                shared.capacity.report()
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
        if self.tracer is not None and self.stream in self._engine.streams.values() and not self._dropped:
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
        shared, engine = self._shared, self._engine
        with shared.lock:
            over = shared.leave(self.stream)
        if not over:
            # A task that writes will write this, too, and acknowledgements may wait for the next request.
            told = not engine.output_pending or shared.is_writing
            told = told or (self.stream.is_over and (shared.in_a_row or bool(engine.requests)))
            if told or shared.affinity.is_other_loop():
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
            await self._shared.flush_quietly(TEARDOWN_TIMEOUT)

    def abandon(self) -> bool:
        """End an exchange whose body will not be read any further, without waiting; return whether it is over."""
        shared = self._shared
        is_open = os.getpid() == shared.process and self.stream in self._engine.requests
        if not is_open or shared.is_read_for(self.stream):
            return False
        self._dropped = True
        shared.drop(self.stream)
        return True

    def release(self, holder: object) -> None:
        """End the exchange, because `holder` is being finalised.

        May be called at any point, even while the same thread holds the lock, and does not wait.
        """
        if os.getpid() != self._shared.process or sys.is_finalizing():
            return
        is_open = self.stream in self._engine.requests and not self.connection.is_closed()
        if is_open:
            self._shared.drop(self.stream)
        drop = getattr(self.lease, "drop", None)
        if drop is not None:
            drop()
        if is_open:
            warn_unclosed(self.request, holder)
