"""Where connections can be used: those of async code only in the event loop in which they were opened."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ._libraries import in_trio_task, running_loop

if TYPE_CHECKING:
    import asyncio


def current_event_loop() -> Any:
    """Return what the calling code runs in: asyncio's loop, trio's token, or `None` outside of both.

    May be called from anywhere, such as from a finaliser.
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


def event_loop_handle() -> Any:
    """Return where the caller's connections can be used: `None`, as for threads that is everywhere."""
    return None


def async_event_loop_handle() -> "asyncio.AbstractEventLoop | _TrioRun | None":
    """Return where the calling task's connections can be used: equal objects for all tasks of an event loop.

    Outside of asyncio and trio, where nothing can wait, that is `None`.
    """
    try:
        loop = running_loop()
    except RuntimeError:
        return None
    return _TrioRun(sys.modules["trio"]) if loop is None else loop


class _TrioRun:
    """The run of trio that the calling task belongs to."""

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
    """Where async code would have an event loop; threads may use a connection from anywhere."""

    __slots__ = ()

    def is_other_loop(self) -> bool:
        """False."""
        return False


class AsyncLoopAffinity:
    """The event loop that runs when it is made; on trio, the run."""

    __slots__ = ("_here", "_loop")

    def __init__(self) -> None:
        self._loop = current_event_loop()
        # Half of what current_event_loop() does is enough to see that nothing has changed, which costs less.
        self._here: Callable[[], Any] = current_event_loop
        if hasattr(self._loop, "call_soon_threadsafe"):
            self._here = sys.modules["asyncio"]._get_running_loop

    def is_other_loop(self) -> bool:
        """Whether the caller runs in another event loop, where nothing that belongs to this one works."""
        here = self._here()
        if here is self._loop or self._loop is None:
            return False
        return (here or current_event_loop()) is not None
