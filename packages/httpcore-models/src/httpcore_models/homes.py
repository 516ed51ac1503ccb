"""Where connections can be used: those of async code only in the event loop in which they were opened."""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .concurrency import _running_loop

if TYPE_CHECKING:
    import asyncio


def home() -> Any:
    """Return where the caller's connections can be used: `None`, as for threads that is everywhere."""
    return None


def async_home() -> "asyncio.AbstractEventLoop | _TrioHome | None":
    """Return where the calling task's connections can be used: equal objects for all tasks of an event loop.

    Outside of asyncio and trio, where nothing can wait, that is `None`.
    """
    try:
        loop = _running_loop()
    except RuntimeError:
        return None
    return _TrioHome(sys.modules["trio"]) if loop is None else loop


class _TrioHome:
    """The run of trio that the calling task belongs to."""

    def __init__(self, trio: ModuleType) -> None:
        self._trio: Any = trio
        self._token = self._trio.lowlevel.current_trio_token()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _TrioHome) and other._token is self._token

    def __hash__(self) -> int:
        return hash(self._token)

    def is_closed(self) -> bool:
        """Whether the run is over."""
        try:
            self._token.run_sync_soon(int)
        except self._trio.RunFinishedError:
            return True
        return False
