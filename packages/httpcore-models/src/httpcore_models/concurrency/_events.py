"""Events for threads and for tasks."""

import contextlib
import math
import sys
import threading
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from ._event_loops import call_soon_threadsafe, current_event_loop
from ._libraries import NO_LIBRARY, in_trio_task

if TYPE_CHECKING:
    import asyncio

    import trio

# A timer may fire this many seconds early: the clock of an event loop may count milliseconds, and round them (uvloop).
CLOCK_RESOLUTION = 0.001

# Each time the timer fires, it scans all waits. Spacing the scans by this many seconds per wait keeps them cheap when
# thousands of waits have deadlines of their own.
_SCAN_INTERVAL = 1e-6

# Finished waits are removed once there are more than this many.
_MIN_CLEANUP = 64


class Event:
    """A flag that is set once and wakes the threads that wait for it."""

    def __init__(self) -> None:
        self._flag = False
        # Locked until the event is set. A bare lock wakes its waiters in C, several times faster than threading.Event.
        self._gate = threading.Lock()
        self._gate.acquire()

    def set(self) -> None:
        """Set the flag. Any thread may call this, repeatedly, and again after an exception has interrupted it."""
        self._flag = True
        try:  # noqa: SIM105 - a context manager takes three more calls
            self._gate.release()
        except RuntimeError:
            pass  # already open

    wake = set  # as `AsyncEvent.wake()`

    def is_set(self) -> bool:
        """Whether the flag is set."""
        return self._flag

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set, or for `timeout` seconds; return whether it is set."""
        if self._flag:
            return True
        try:
            self._gate.acquire(timeout=-1 if timeout is None else min(max(timeout, 0.0), threading.TIMEOUT_MAX))
        finally:
            # Passing the gate has locked it. Open it for the other waiters, even if a signal handler has just raised.
            if self._flag:
                self.set()
        return self._flag


class AsyncEvent:
    """A flag that is set once and wakes the tasks that wait for it, on asyncio and trio.

    It belongs to the async library that runs when it is made, and on asyncio to the running event loop.
    """

    __slots__ = ()

    _loop: Any  # as current_event_loop() returns it

    def __new__(cls) -> "AsyncEvent":
        """Make an event of the running library; raises `RuntimeError` if none runs."""
        trio = sys.modules.get("trio")
        if trio is not None and in_trio_task(trio.lowlevel):
            return object.__new__(_TrioEvent)
        module: Any = sys.modules.get("asyncio")
        loop = None if module is None else module._get_running_loop()
        if loop is None:
            raise RuntimeError(NO_LIBRARY)
        event = object.__new__(_AsyncioEvent)
        event._loop = loop
        event._flag = False
        event._futures = ()
        event._deadlines = None
        return event

    def set(self) -> None:
        """Set the flag. Setting it again has no effect."""
        raise NotImplementedError

    def wake(self) -> None:
        """Set the flag from anywhere: another thread, another event loop, a finaliser."""
        if current_event_loop() is self._loop:
            self.set()
        else:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and all waits on it are over
                call_soon_threadsafe(self._loop, self.set)

    def is_set(self) -> bool:
        """Whether the flag is set."""
        raise NotImplementedError

    def wait(self, timeout: float | None = None) -> Awaitable[bool]:
        """Wait until the flag is set, or for `timeout` seconds; return whether it was set in time. Safe to cancel."""
        raise NotImplementedError


class _AsyncioEvent(AsyncEvent):
    __slots__ = ("_deadlines", "_flag", "_futures", "_loop")

    _loop: "asyncio.AbstractEventLoop"
    _flag: bool
    _futures: "tuple[asyncio.Future[bool], ...]"
    _deadlines: "dict[asyncio.Future[bool], float] | None"

    def set(self) -> None:
        self._flag = True
        deadlines = self._deadlines
        for future in self._futures:
            if not future.done():
                future.set_result(True)
            if deadlines is not None:
                deadlines.pop(future, None)

    def wake(self) -> None:
        # As in the base class, but the library is known: a thread that runs this event loop may set the flag.
        if sys.modules["asyncio"]._get_running_loop() is self._loop:
            self.set()
        else:
            super().wake()

    def is_set(self) -> bool:
        return self._flag

    def wait(self, timeout: float | None = None) -> "asyncio.Future[bool]":
        # A future and not a coroutine, which would be one more frame to pass whenever the event loop wakes the task.
        loop = self._loop
        future = loop.create_future()
        if self._flag:
            future.set_result(True)
            return future
        self._futures += (future,)
        if timeout is not None:
            timer = _local.timer
            if timer is None or timer.loop is not loop:
                # The timer of another loop lives on, referenced by that loop, until its waits are over.
                timer = _local.timer = _Timer(loop)
            self._deadlines = timer.add(future, timeout)
        return future


class _Timer:
    """Ends waits on an event loop at their deadlines, with one timer for all.

    Nearly every wait ends before its deadline. Setting and cancelling a timer would be the most expensive part of it.
    """

    def __init__(self, loop: "asyncio.AbstractEventLoop") -> None:
        self.loop = loop
        # set() and _wake() remove the waits that they end. Cancelled waits are removed from time to time, all at once.
        self._deadlines: dict[asyncio.Future[bool], float] = {}
        self._cleanup_at = _MIN_CLEANUP
        self._next = math.inf

    def add(self, future: "asyncio.Future[bool]", timeout: float) -> "dict[asyncio.Future[bool], float]":
        """End the wait for `future` in `timeout` seconds, unless it has been removed from the returned dict by then."""
        deadlines = self._deadlines
        if len(deadlines) >= self._cleanup_at:
            for cancelled in [future for future in deadlines if future.done()]:
                del deadlines[cancelled]
            self._cleanup_at = 2 * len(deadlines) + _MIN_CLEANUP
        deadline = deadlines[future] = self.loop.time() + timeout
        if deadline < self._next:
            self._wake_at(deadline)
        return deadlines

    def _wake_at(self, time: float) -> None:
        self._next = time
        self.loop.call_at(time, self._wake)

    def _wake(self) -> None:
        now = self.loop.time() + CLOCK_RESOLUTION
        if now < self._next:
            return  # this timer was set before a later wait asked for an earlier one
        self._next = math.inf
        deadlines = self._deadlines
        for future in [future for future, deadline in deadlines.items() if deadline <= now or future.done()]:
            del deadlines[future]
            if not future.done():
                future.set_result(False)
        if deadlines:
            self._wake_at(max(min(deadlines.values()), now + len(deadlines) * _SCAN_INTERVAL))


class _Local(threading.local):
    timer: _Timer | None = None


_local = _Local()


class _TrioEvent(AsyncEvent):
    def __init__(self) -> None:
        self._trio: Any = sys.modules["trio"]
        self._event: trio.Event = self._trio.Event()
        self._loop = self._trio.lowlevel.current_trio_token()

    def set(self) -> None:
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    async def wait(self, timeout: float | None = None) -> bool:
        with self._trio.move_on_after(math.inf if timeout is None else max(0.0, timeout)):
            await self._event.wait()
        return self._event.is_set()
