"""Paired synchronisation primitives: each async class has a sync twin of the same shape.

The only module outside the network backends that tells asyncio and trio apart. On the path of every request the
event loop's own futures are used. For the rest `vocabulary()` serves: anyio on asyncio, and trio itself on trio.
"""

import collections
import contextlib
import math
import sys
import threading
import types
from collections.abc import AsyncIterator, Awaitable, Generator
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    import trio

# How long, in seconds, a shielded teardown may take before it is abandoned. Our own streams close without waiting;
# only a replaced stream, such as one that shuts TLS down with a dead peer, could ever take this long.
TEARDOWN_TIMEOUT = 1.0

# By how much, in seconds, a timer may be early: the clocks of event loops count milliseconds, and round some of them up
# (uvloop).
CLOCK_RESOLUTION = 0.001

# By how much, in seconds, a wait may end late for each other one there is. All are looked through when the first is
# due, and where each of very many has a deadline of its own, that must not take all the time.
_LATENESS = 1e-6

# So many waits are never too many to keep.
_FEW = 64


def current_async_library() -> str:
    """Return `"asyncio"` or `"trio"`, whichever runs the calling task; raises `RuntimeError` outside of both."""
    return "trio" if _running_loop() is None else "asyncio"


def _running_loop() -> "asyncio.AbstractEventLoop | None":
    """Return asyncio's loop, or `None` where trio runs the calling task; raises `RuntimeError` outside of both."""
    trio = sys.modules.get("trio")
    if trio is not None and _in_trio_task(trio.lowlevel):
        return None
    module: Any = sys.modules.get("asyncio")
    loop: asyncio.AbstractEventLoop | None = None if module is None else module._get_running_loop()
    if loop is None:
        raise RuntimeError("unknown async library, or not in async context")
    return loop


def _in_trio_task(lowlevel: ModuleType) -> bool:
    # An old trio may be loaded in a program on asyncio too, where no range of ours excludes it.
    if hasattr(lowlevel, "in_trio_task"):  # since trio 0.27
        return bool(lowlevel.in_trio_task())
    try:
        lowlevel.current_task()
    except RuntimeError:
        return False
    return True


def require(module: str, *, library: str) -> ModuleType:
    """Import and return `module`; raises `RuntimeError` naming the extra to install where it is missing."""
    try:
        return __import__(module)
    except ImportError as exc:
        raise RuntimeError(f"Running with {library} requires installation of 'httpcore[{library}]'.") from exc


def vocabulary() -> Any:
    """Return what has the names of anyio for the library that runs the calling task: anyio itself on asyncio.

    Use only what `_Trio` has, in a way that works with every anyio from 3.0 on: scopes have no `cancelled_caught`
    before 4.0. Raises `RuntimeError` outside of both libraries, and where anyio is missing on asyncio.
    """
    return _Trio() if _running_loop() is None else require("anyio", library="asyncio")


class _Trio:
    """Trio under anyio's names. Anyio need not be there, and its releases before 4.0 fail with trio's from 0.25 on."""

    def __init__(self) -> None:
        trio: Any = sys.modules["trio"]
        self._trio = trio
        self.CancelScope = trio.CancelScope
        self.Event = trio.Event
        self.getaddrinfo = trio.socket.getaddrinfo
        self.sleep = trio.sleep

    def move_on_after(self, delay: float | None, shield: bool = False) -> Any:
        deadline = math.inf if delay is None else self._trio.current_time() + delay
        return self.CancelScope(deadline=deadline, shield=shield)

    @contextlib.asynccontextmanager
    async def create_task_group(self) -> AsyncIterator[Any]:
        try:
            async with self._trio.open_nursery() as nursery:
                yield nursery
        except BaseException as exc:
            # A group, even of cancellations alone, which nobody above takes for one.
            errors = getattr(exc, "exceptions", (exc,))
            raise next((error for error in errors if not isinstance(error, self._trio.Cancelled)), errors[0]) from None


def checkpoint_if_cancelled() -> None:
    """Do nothing: threads cannot be cancelled."""


async def async_checkpoint_if_cancelled() -> None:
    """Raise the async library's cancellation if the task, or a scope around it, is cancelled or expired already.

    To be awaited before the first side effect of a request: what is cancelled by then sends nothing. The task gives
    up its turn once, on asyncio and on trio: only so are a limit of zero (`asyncio.timeout(0)`) and a `task.cancel()`
    by a task that is due in the same turn seen. A limit that ends while the event loop is busy may be seen later. Costs
    one turn of the event loop, 1 to 4 microseconds.
    """
    try:
        loop = _running_loop()
    except RuntimeError:
        return  # outside of both, where nobody cancels
    if loop is None:
        await sys.modules["trio"].lowlevel.checkpoint()
    else:
        await _turn()


@types.coroutine
def _turn() -> Generator[None, None, None]:
    # What asyncio.sleep(0) does, with one coroutine less.
    yield


# Itself, and not a class around it: an exception from a signal handler that comes between taking the lock and the
# block it is for would leave it locked.
Lock = threading.Lock


class AsyncLock:
    """A mutex for tasks, used as an async context manager. First come, first served; free of waits when unlocked."""

    def __init__(self) -> None:
        self._locked = False
        self._waiting: collections.deque[AsyncEvent] = collections.deque()

    async def __aenter__(self) -> "AsyncLock":
        if not self._locked:
            self._locked = True
            return self
        turn = AsyncEvent()
        self._waiting.append(turn)
        try:
            await turn.wait()
        except BaseException:
            # Cancelled, maybe just after being handed the lock: then it goes to the next in line.
            if turn.is_set():
                self._release()
            else:
                self._waiting.remove(turn)
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._release()

    def _release(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._locked = False


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
        loop = _running_loop()
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
        if _in_trio_task(self._trio.lowlevel) and self._trio.lowlevel.current_trio_token() is self._token:
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


class Shield:
    """Where async code would shield a teardown from cancellation; threads cannot be cancelled."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc_info: object) -> None:
        return None


class AsyncShield:
    """Shields a teardown from cancellation, for `TEARDOWN_TIMEOUT` seconds at the most.

    The bound is on all that the block does: whoever closes several things needs a shield for each. On asyncio a
    `task.cancel()` passes through, so what has to happen goes into a `finally`, and does not wait.
    """

    def __init__(self) -> None:
        self._scope = vocabulary().move_on_after(TEARDOWN_TIMEOUT, shield=True)

    def __enter__(self) -> None:
        self._scope.__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> Any:
        return self._scope.__exit__(exc_type, exc_value, traceback)
