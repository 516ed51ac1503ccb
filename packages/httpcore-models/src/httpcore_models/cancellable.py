"""Calls that can be interrupted from elsewhere: an async class with a sync twin of the same shape."""

import contextlib
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from .concurrency import current_async_library, vocabulary

T = TypeVar("T")


class CancellableCall:
    """Where async code can be cancelled from elsewhere. A thread cannot: it wakes when what it waits for is closed."""

    def run(self, function: Callable[..., T], *args: Any) -> T | None:
        """Return `function(*args)`."""
        return function(*args)

    def cancel(self) -> None:
        """Do nothing."""


class AsyncCancellableCall:
    """Lets others interrupt one call, and nothing else that its task does."""

    def __init__(self) -> None:
        self._cancelled = False
        self._cancel_scope: Callable[[], object] = lambda: None

    async def run(self, function: Callable[..., Awaitable[T]], *args: Any) -> T | None:
        """Return `await function(*args)`, or `None` if that was cancelled."""
        try:
            library = current_async_library()
        except RuntimeError:
            # Without an async library nobody else can run meanwhile.
            return await function(*args)
        with vocabulary().CancelScope() as scope:
            if library == "trio":
                token = sys.modules["trio"].lowlevel.current_trio_token()
                self._cancel_scope = lambda: token.run_sync_soon(scope.cancel)
            else:
                loop = sys.modules["asyncio"].get_running_loop()
                self._cancel_scope = lambda: loop.call_soon_threadsafe(scope.cancel)
            if self._cancelled:
                scope.cancel()
            return await function(*args)
        return None

    def cancel(self) -> None:
        """Cancel the call. May be called from any thread; on a call that is over it has no effect."""
        self._cancelled = True
        with contextlib.suppress(RuntimeError):  # the event loop is gone, and the call with it
            self._cancel_scope()
