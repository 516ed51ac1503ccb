"""Which async library runs the caller, and anyio's functions for it."""

import contextlib
import math
import sys
from collections.abc import AsyncIterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .._optional_packages import require
from ._imports import importing

if TYPE_CHECKING:
    import asyncio

# Which of anyio and trio are imported, with all that they import when they are used first.
_complete: set[str] = set()

NO_LIBRARY = "unknown async library, or not in async context"


def current_async_library() -> str:
    """Return `"asyncio"` or `"trio"`, the library that runs the calling task; raises `RuntimeError` outside of both."""
    return "trio" if running_loop() is None else "asyncio"


def running_loop() -> "asyncio.AbstractEventLoop | None":
    """Return asyncio's loop, or `None` if trio runs the calling task; raises `RuntimeError` outside of both."""
    trio = sys.modules.get("trio")
    if trio is not None and in_trio_task(trio.lowlevel):
        return None
    module: Any = sys.modules.get("asyncio")
    # asyncio exports this underscored function; unlike get_running_loop() it does not raise.
    loop: asyncio.AbstractEventLoop | None = None if module is None else module._get_running_loop()
    if loop is None:
        raise RuntimeError(NO_LIBRARY)
    return loop


def in_trio_task(lowlevel: ModuleType) -> bool:
    """Whether trio, whose module `trio.lowlevel` is given, runs the calling task."""
    # A program on asyncio may have loaded a trio that is older than the oldest one supported.
    if hasattr(lowlevel, "in_trio_task"):  # since trio 0.27
        return bool(lowlevel.in_trio_task())
    try:
        lowlevel.current_task()
    except RuntimeError:
        return False
    return True


def require_async_library(library: str) -> ModuleType:
    """Import and return trio for `"trio"` and anyio for `"asyncio"`; raises `RuntimeError` if it is missing."""
    module = "trio" if library == "trio" else "anyio"
    found = sys.modules.get(module)
    if found is not None and module in _complete:
        return found
    with importing.lock:
        found = require(module, f"Running with {library} requires installation of 'httpcore[{library}]'.")
        with contextlib.suppress(Exception):  # outside of an event loop
            if module == "anyio":
                found.get_cancelled_exc_class()  # otherwise anyio imports its backend when it is used first
            _complete.add(module)
    return found


def anyio_or_trio() -> Any:
    """Return anyio on asyncio, and on trio an object that offers trio under anyio's names.

    Use only what `_TrioAsAnyIO` has, and only what works with every anyio from 3.0 on: before 4.0 scopes have no
    `cancelled_caught`. Raises `RuntimeError` outside of both libraries, and if anyio is missing on asyncio.
    """
    return _TrioAsAnyIO() if running_loop() is None else require_async_library("asyncio")


class _TrioAsAnyIO:
    """Trio under anyio's names: anyio may be missing, and releases before 4.0 fail with trio 0.25 and newer."""

    def __init__(self) -> None:
        trio: Any = sys.modules["trio"]
        self._trio = trio
        self.CancelScope = trio.CancelScope
        self.Event = trio.Event
        self.current_time = trio.current_time
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
            # Trio raises a group even if all it holds are cancellations. Callers expect a single exception.
            errors = getattr(exc, "exceptions", (exc,))
            error = next((error for error in errors if not isinstance(error, self._trio.Cancelled)), errors[0])
            context = error.__context__
            try:
                raise error from None
            finally:
                # Neither its context, which is the group, nor this frame may lead back to the exception: as a cycle,
                # they would keep what its traceback holds.
                if error is not exc:
                    error.__context__ = context
                del error, errors, context
