"""Events for threads and for tasks: what one sets and others wait for."""

import contextlib
import math
import sys
import threading
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from ._libraries import in_trio_task, running_loop

if TYPE_CHECKING:
    import asyncio

    import trio

# By how much, in seconds, a timer may be early: the clocks of event loops count milliseconds, and round some of them up
# (uvloop).
CLOCK_RESOLUTION = 0.001

# By how much, in seconds, a wait may end late for each other one there is. All are looked through when the first is
# due, and where each of very many has a deadline of its own, that must not take all the time.
_LATENESS = 1e-6

# So many waits are never too many to keep.
_FEW = 64


class Event:
    """A flag that is set once and wakes the threads that wait for it."""

    def __init__(self) -> None:
        self._flag = False
        # Held until the event is set. A bare lock is woken in C, several times faster than threading.Event.
        self._gate = threading.Lock()
        self._gate.acquire()

    def set(self) -> None:
        """Set the flag. Any thread may call this, more than once, and when an exception ended it before."""
        self._flag = True
        try:  # noqa: SIM105 - a context manager takes three more calls
            self._gate.release()
        except RuntimeError:
            pass  # it is open

    wake = set

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
            # For others who wait, even if a signal handler raised as soon as the gate was passed.
            if self._flag:
                self.set()
        return self._flag


class AsyncEvent:
    """A flag that is set once and wakes the tasks that wait for it, on asyncio and trio.

    It belongs to the async library, and on asyncio to the event loop, that runs when it is made.
    """

    __slots__ = ()

    def __new__(cls) -> "AsyncEvent":
        """Return the event of the running library."""
        loop = running_loop()
        if loop is None:
            return object.__new__(_TrioEvent)
        event = object.__new__(_AsyncioEvent)
        event._loop = loop
        event._flag = False
        event._futures = ()
        event._deadlines = None
        return event

    def set(self) -> None:
        """Set the flag; setting it again changes nothing."""
        raise NotImplementedError

    def wake(self) -> None:
        """Set the flag from anywhere: another thread, another event loop, a finaliser."""
        raise NotImplementedError

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
        module: Any = sys.modules["asyncio"]
        if module._get_running_loop() is self._loop:
            self.set()
        else:
            with contextlib.suppress(RuntimeError):  # closed: nobody waits there any more
                self._loop.call_soon_threadsafe(self.set)

    def is_set(self) -> bool:
        return self._flag

    def wait(self, timeout: float | None = None) -> "asyncio.Future[bool]":
        # Not a coroutine, which would be one more between the event loop and the task whenever it is woken.
        loop = self._loop
        future = loop.create_future()
        if self._flag:
            future.set_result(True)
            return future
        self._futures += (future,)
        if timeout is not None:
            timer = _local.timer
            if timer is None or timer.loop is not loop:
                # That of another loop lives on there, for as long as anything waits.
                timer = _local.timer = _Timer(loop)
            self._deadlines = timer.add(future, timeout)
        return future


class _Timer:
    """Ends the waits on an event loop that have lasted for long enough.

    Nearly every wait is over in time, and setting a timer just to cancel it would take longer than all else about it.
    """

    def __init__(self, loop: "asyncio.AbstractEventLoop") -> None:
        self.loop = loop
        # Whoever ends a wait removes it. Those that were cancelled are removed now and then, all at once.
        self._deadlines: dict[asyncio.Future[bool], float] = {}
        self._most = _FEW
        self._next = math.inf

    def add(self, future: "asyncio.Future[bool]", timeout: float) -> "dict[asyncio.Future[bool], float]":
        """End the wait for `future` in `timeout` seconds, unless it is removed from what is returned before."""
        deadlines = self._deadlines
        if len(deadlines) >= self._most:
            for cancelled in [future for future in deadlines if future.done()]:
                del deadlines[cancelled]
            self._most = 2 * len(deadlines) + _FEW
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
            return  # a timer that was set before an earlier one
        self._next = math.inf
        deadlines = self._deadlines
        for future in [future for future, deadline in deadlines.items() if deadline <= now or future.done()]:
            del deadlines[future]
            if not future.done():
                future.set_result(False)
        if deadlines:
            # Where very many wait, and each has a deadline of its own, some are woken a little late.
            self._wake_at(max(min(deadlines.values()), now + len(deadlines) * _LATENESS))


class _Local(threading.local):
    timer: _Timer | None = None


_local = _Local()


class _TrioEvent(AsyncEvent):
    def __init__(self) -> None:
        self._trio: Any = sys.modules["trio"]
        self._event: trio.Event = self._trio.Event()
        self._token = self._trio.lowlevel.current_trio_token()

    def set(self) -> None:
        self._event.set()

    def wake(self) -> None:
        if in_trio_task(self._trio.lowlevel) and self._trio.lowlevel.current_trio_token() is self._token:
            self._event.set()
        else:
            with contextlib.suppress(self._trio.RunFinishedError):
                self._token.run_sync_soon(self._event.set)

    def is_set(self) -> bool:
        return self._event.is_set()

    async def wait(self, timeout: float | None = None) -> bool:
        with self._trio.move_on_after(math.inf if timeout is None else max(0.0, timeout)):
            await self._event.wait()
        return self._event.is_set()
