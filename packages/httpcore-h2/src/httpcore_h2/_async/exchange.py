"""One request and its response on a connection: receiving, and the end."""

import os
import time

from httpcore_models import ReadError, ReadTimeout
from httpcore_models.concurrency import TEARDOWN_TIMEOUT, AsyncShield
from httpcore_models.deadline import TotalSeconds, limit_text

from .._events import NEED_DATA, Event, InformationalResponse, ResponseHead
from .sending import AsyncSending
from .waiters import Handover


class AsyncExchange(AsyncSending):
    """A request and its response. Its stream is opened by `send()`, and has to be ended by `close()` in any case."""

    # Of the base class; declared again for type checkers, since they are assigned here too.
    is_tunnel: bool
    handover: Handover | None
    _event: Event | None

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
            if isinstance(event, InformationalResponse):
                await self._report_interim(event)

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
