"""Which async library runs the calling code, and how to call it."""

import contextlib
import math
import sys
from collections.abc import AsyncIterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


def current_async_library() -> str:
    """Return `"asyncio"` or `"trio"`, whichever runs the calling task; raises `RuntimeError` outside of both."""
    return "trio" if running_loop() is None else "asyncio"


def running_loop() -> "asyncio.AbstractEventLoop | None":
    """Return asyncio's loop, or `None` where trio runs the calling task; raises `RuntimeError` outside of both."""
    trio = sys.modules.get("trio")
    if trio is not None and in_trio_task(trio.lowlevel):
        return None
    module: Any = sys.modules.get("asyncio")
    loop: asyncio.AbstractEventLoop | None = None if module is None else module._get_running_loop()
    if loop is None:
        raise RuntimeError("unknown async library, or not in async context")
    return loop


def in_trio_task(lowlevel: ModuleType) -> bool:
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


def anyio_or_trio() -> Any:
    """Return anyio on asyncio, and on trio an object that offers trio under anyio's names.

    Use only what `_TrioAsAnyIO` has, and only what works with every anyio from 3.0 on: before 4.0 scopes have no
    `cancelled_caught`. Raises `RuntimeError` outside of both libraries, and where anyio is missing on asyncio.
    """
    return _TrioAsAnyIO() if running_loop() is None else require("anyio", library="asyncio")


class _TrioAsAnyIO:
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
