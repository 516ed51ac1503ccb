"""The time limit of reads on asyncio.

Setting a timer for each read, just to cancel it when bytes arrive, would take longer than the rest of the read. So one
timer serves all reads of a connection: each read moves a deadline, and the timer, when it fires, checks whether the
deadline was moved meanwhile. A request on a warm connection then sets no timer at all.
"""

import asyncio
import math

from ...concurrency import CLOCK_RESOLUTION


class ReadTimer:
    """Ends a wait for something to read with `TimeoutError`. There is one wait at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._future: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self.handle: asyncio.TimerHandle | None = None
        self._fires_at = math.inf  # when the handle's time comes

    def start(self, future: "asyncio.Future[None]", timeout: float) -> None:
        """Fail `future`, a wait that begins now, in `timeout` seconds, unless it is done by then."""
        self._future = future
        self._deadline = deadline = self._loop.time() + timeout
        if deadline + CLOCK_RESOLUTION < self._fires_at:
            self._set()

    def cancel(self) -> None:
        """End for good: the connection is closed or lost."""
        if self.handle is not None:
            self.handle.cancel()

    def _set(self) -> None:
        # In this order: after an exception of a signal handler, the next read must not rely on a cancelled timer.
        self._fires_at = math.inf
        self.cancel()
        self.handle = self._loop.call_at(self._deadline, self._fire)
        self._fires_at = self._deadline

    def _fire(self) -> None:
        self._fires_at = math.inf
        self.handle = None
        future = self._future
        if future is None or future.done():
            return
        # A timer may fire early by the resolution of the clock.
        if self._deadline <= self._loop.time() + CLOCK_RESOLUTION:
            self._future = None  # its error refers, by way of the traceback, to the stream
            future.set_exception(TimeoutError())
        else:
            self._set()
