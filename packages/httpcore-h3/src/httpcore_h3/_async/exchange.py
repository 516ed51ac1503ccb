"""One request and its response on a connection: receiving, and the end."""

import os
from functools import partial

from httpcore_models import ReadError, ReadTimeout
from httpcore_models.concurrency import TEARDOWN_TIMEOUT, AsyncShield
from httpcore_models.deadline import TotalSeconds, limit_text
from httpcore_models.multiplexing import (
    NEED_DATA,
    Event,
    InformationalResponse,
    ResponseHead,
)

from .sending import AsyncSending


class AsyncExchange(AsyncSending):
    """A request and its response. Its stream is opened by `send()`, and has to be ended by `close()` in any case."""

    # Receiving.

    async def receive_head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Return status and headers of the final response."""
        while True:
            event = await self._next_event()
            if isinstance(event, ResponseHead):
                return event.status, event.headers
            if isinstance(event, InformationalResponse):
                await self._report_interim(event)

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
                if type(event) is bytes and shared.capacity.was_full and shared.capacity.is_due:
                    shared.capacity.report()
            if event is not NEED_DATA:
                return event
            timeout = self.read_timeout
            if not await shared.wait(stream, stream.has_event, timeout):
                if stream in engine.blocked and timeout and not isinstance(timeout, TotalSeconds):
                    # This was no read: nothing of the request has left. The engine limits the wait for that.
                    continue
                shared.capacity.report()
                unsent = "" if engine.has_opened(stream) else "; the server allowed no stream for the request"
                text = f"The read operation timed out {limit_text(timeout)} ({shared.peer}{unsent})"
                raise ReadTimeout(text) from TimeoutError()

    # The end.

    async def _end(self, shielded: bool) -> None:
        try:
            if self._may_be_early and not (shielded or self._shared.affinity.is_other_loop()):
                await self._deliver()
        finally:
            await self._leave(shielded)

    async def _deliver(self) -> None:
        """Send what the server lacks of an upload whose response is complete, as long as it takes more.

        A success does not end an upload (RFC 9114 section 4.1), and after this nobody would send anything of it.
        """
        shared, engine, stream = self._shared, self._engine, self.stream
        is_delivered = partial(engine.is_delivered, stream)
        try:
            with shared.lock:
                if is_delivered():
                    return
                left = engine.quic.queued(stream.id)
                shared.senders.add(stream)
            while not await shared.wait(stream, is_delivered, self.at_most(TEARDOWN_TIMEOUT), verdict=False):
                with shared.lock:
                    before, left = left, engine.quic.queued(stream.id)
                if left >= before:
                    break
        finally:
            with shared.lock:
                shared.senders.discard(stream)

    async def _leave(self, shielded: bool) -> None:
        shared, engine = self._shared, self._engine
        with shared.lock:
            over = shared.leave(self.stream)
        if not over:
            # A task that writes will write this, too, and acknowledgements may wait for the next request.
            if not engine.output_pending or shared.is_writing or shared.affinity.is_other_loop():
                return
            if (shared.in_a_row or engine.requests) and self.stream.is_over:
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
