"""The event loop that a connection belongs to. An async connection works only in the one that opened it."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ._libraries import in_trio_task, running_loop

if TYPE_CHECKING:
    import asyncio


def current_event_loop() -> Any:
    """Return asyncio's loop or trio's token for the caller, `None` outside of both.

    Any code may call this, including finalisers.
    """
    trio = sys.modules.get("trio")
    if trio is not None and in_trio_task(trio.lowlevel):
        return trio.lowlevel.current_trio_token()
    module: Any = sys.modules.get("asyncio")
    return None if module is None else module._get_running_loop()


def call_soon_threadsafe(event_loop: Any, function: Callable[[], object]) -> None:
    """Have `event_loop`, as returned by `current_event_loop()`, call `function` soon. Any thread may call this.

    Raises `RuntimeError` if that loop has ended, or there was none.
    """
    if event_loop is None:
        raise RuntimeError("no event loop")
    on_trio = hasattr(event_loop, "run_sync_soon")
    (event_loop.run_sync_soon if on_trio else event_loop.call_soon_threadsafe)(function)


def async_event_loop_handle() -> "asyncio.AbstractEventLoop | _TrioRun | None":
    """Return the event loop to which the calling task's connections belong, `None` outside of asyncio and trio.

    The object is hashable, equal for all tasks of an event loop, and has `is_closed()`.
    """
    try:
        loop = running_loop()
    except RuntimeError:
        return None
    return _TrioRun(sys.modules["trio"]) if loop is None else loop


class _TrioRun:
    """The run of trio to which the calling task belongs."""

    def __init__(self, trio: ModuleType) -> None:
        self._trio: Any = trio
        self._token = self._trio.lowlevel.current_trio_token()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _TrioRun) and other._token is self._token

    def __hash__(self) -> int:
        return hash(self._token)

    def is_closed(self) -> bool:
        """Whether the run is over."""
        try:
            self._token.run_sync_soon(int)
        except self._trio.RunFinishedError:
            return True
        return False


class LoopAffinity:
    """The form of `AsyncLoopAffinity` for threads, which can use a connection anywhere."""

    __slots__ = ()

    #: False: what `bool()` returns. Every request asks, and a function of Python would take longer.
    is_other_loop: Callable[[], bool] = staticmethod(bool)


class AsyncLoopAffinity:
    """Remembers the running event loop; on trio, the run."""

    __slots__ = ("_here", "_loop")

    def __init__(self) -> None:
        self._loop = current_event_loop()
        # On asyncio its half of current_event_loop() is enough to see that the loop is the same, and it costs less.
        self._here: Callable[[], Any] = current_event_loop
        if hasattr(self._loop, "call_soon_threadsafe"):
            self._here = sys.modules["asyncio"]._get_running_loop

    def is_other_loop(self) -> bool:
        """Whether the caller runs in another event loop, in which objects of this one do not work."""
        here = self._here()
        if here is self._loop or self._loop is None:
            return False
        return (here or current_event_loop()) is not None
