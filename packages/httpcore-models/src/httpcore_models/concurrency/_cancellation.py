"""Cancellation: noticing it, holding it off a teardown, and cancelling a call from elsewhere."""

import contextlib
import sys
import types
from collections.abc import Awaitable, Callable, Generator
from types import TracebackType
from typing import Any, TypeVar

from ._libraries import anyio_or_trio, current_async_library, running_loop

T = TypeVar("T")

# How long, in seconds, a shielded teardown may take before it is abandoned. Our own streams close without waiting;
# only a replaced stream, such as one that shuts TLS down with a dead peer, could ever take this long.
TEARDOWN_TIMEOUT = 1.0


async def async_checkpoint_if_cancelled() -> None:
    """Raise the async library's cancellation if the task, or a scope around it, is cancelled or expired already.

    To be awaited before the first side effect of a request: what is cancelled by then sends nothing. The task gives
    up its turn once, on asyncio and on trio: only so are a limit of zero (`asyncio.timeout(0)`) and a `task.cancel()`
    by a task that is due in the same turn seen. A limit that ends while the event loop is busy may be seen later. Costs
    one turn of the event loop, 1 to 4 microseconds.
    """
    try:
        loop = running_loop()
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
        self._scope = anyio_or_trio().move_on_after(TEARDOWN_TIMEOUT, shield=True)

    def __enter__(self) -> None:
        self._scope.__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> Any:
        return self._scope.__exit__(exc_type, exc_value, traceback)


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
        with anyio_or_trio().CancelScope() as scope:
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
