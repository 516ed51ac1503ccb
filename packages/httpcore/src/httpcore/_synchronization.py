"""Alias of 1.0's module path: locks and events are in `httpcore_models.concurrency`.

The classes are for programs that use them. Nothing here does.
"""

import threading
from types import TracebackType
from typing import Any

from httpcore_models import PoolTimeout as PoolTimeout
from httpcore_models import concurrency
from httpcore_models import map_exceptions as map_exceptions
from httpcore_models.concurrency import AsyncLock as AsyncLock
from httpcore_models.concurrency import Lock as Lock
from httpcore_models.concurrency import current_async_library as current_async_library

from ._exceptions import ExceptionMapping as ExceptionMapping


class AsyncEvent:
    """A flag that is set once. Waiting for it too long raises `PoolTimeout`."""

    _event: concurrency.AsyncEvent | None = None

    def _made(self) -> concurrency.AsyncEvent:
        # Made on first use, which is in the event loop.
        self._event = self._event or concurrency.AsyncEvent()
        return self._event

    def set(self) -> None:
        """Set the flag."""
        self._made().set()

    async def wait(self, timeout: float | None = None) -> None:
        """Wait until the flag is set, for at most `timeout` seconds."""
        if not await self._made().wait(timeout):
            raise PoolTimeout(f"Timed out after {timeout:g} seconds")


class AsyncSemaphore:
    """A semaphore for tasks: the one of the running library. Subclasses use the attributes for anyio and trio."""

    _anyio_semaphore: Any
    _trio_semaphore: Any

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._backend = ""

    def setup(self) -> None:
        """Make the semaphore of the running library."""
        self._backend = current_async_library()
        module = concurrency.require_async_library(self._backend)
        semaphore = module.Semaphore(initial_value=self._bound, max_value=self._bound)
        if self._backend == "trio":
            self._trio_semaphore = semaphore
        else:
            self._anyio_semaphore = semaphore

    def _made(self) -> Any:
        if not self._backend:
            self.setup()
        return self._trio_semaphore if self._backend == "trio" else self._anyio_semaphore

    async def acquire(self) -> None:
        """Wait until the counter is above 0, and decrement it."""
        await self._made().acquire()

    async def release(self) -> None:
        """Increment the counter."""
        self._made().release()


class AsyncShieldCancellation:
    """Shields its block from cancellation, without a time limit, but not from `task.cancel()` of asyncio."""

    def __init__(self) -> None:
        library = current_async_library()
        module = concurrency.require_async_library(library)
        self._scope = module.CancelScope(shield=True)

    def __enter__(self) -> "AsyncShieldCancellation":
        self._scope.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._scope.__exit__(exc_type, exc_value, traceback)


class AsyncThreadLock:
    """The async counterpart of `ThreadLock`. It does nothing: tasks do not run at the same time."""

    def __enter__(self) -> "AsyncThreadLock":
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None


class Event:
    """A flag that is set once. Waiting for it too long raises `PoolTimeout`."""

    def __init__(self) -> None:
        self._event = concurrency.Event()

    def set(self) -> None:
        """Set the flag."""
        self._event.set()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the flag is set, for at most `timeout` seconds."""
        if not self._event.wait(timeout):
            raise PoolTimeout(f"Timed out after {timeout:g} seconds")


class Semaphore:
    """A semaphore for threads."""

    def __init__(self, bound: int) -> None:
        self._semaphore = threading.Semaphore(bound)

    def acquire(self) -> None:
        """Wait until the counter is above 0, and decrement it."""
        self._semaphore.acquire()

    def release(self) -> None:
        """Increment the counter."""
        self._semaphore.release()


class ThreadLock:
    """A mutex for threads, as a context manager."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> "ThreadLock":
        self._lock.acquire()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()


class ShieldCancellation:
    """The sync counterpart of `AsyncShieldCancellation`. It does nothing: threads cannot be cancelled."""

    def __enter__(self) -> "ShieldCancellation":
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None
