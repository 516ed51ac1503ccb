"""The time limit of reads on asyncio.

Setting a timer for each read, just to cancel it when bytes arrive, would take longer than the rest of the read. So one
timer serves all reads of a connection: each read moves a deadline, and the timer, when it fires, checks whether the
deadline was moved meanwhile. A request on a warm connection then sets no timer at all.
"""

import asyncio

from ...concurrency import CLOCK_RESOLUTION


class ReadTimer:
    """Ends a wait for something to read with `TimeoutError`. There is one wait at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._future: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self.handle: asyncio.TimerHandle | None = None

    def start(self, future: "asyncio.Future[None]", timeout: float) -> None:
        """Fail `future`, a wait that begins now, in `timeout` seconds."""
        self._future = future
        self._set(self._loop.time() + timeout)

    def stop(self) -> None:
        """Forget the wait: it is over."""
        self._future = None

    def cancel(self) -> None:
        """End for good: the connection is closed or lost."""
        if self.handle is not None:
            self.handle.cancel()

    def _set(self, deadline: float) -> None:
        self._deadline = deadline
        handle = self.handle
        if handle is not None and handle.when() > deadline + CLOCK_RESOLUTION:
            handle.cancel()
            handle = None
        if handle is None:
            self.handle = self._loop.call_at(deadline, self._fire)

    def _fire(self) -> None:
        self.handle = None
        future = self._future
        if future is None:
            return
        # A timer may fire early by the resolution of the clock.
        if self._deadline <= self._loop.time() + CLOCK_RESOLUTION:
            if not future.done():
                future.set_exception(TimeoutError())
        else:
            self._set(self._deadline)
