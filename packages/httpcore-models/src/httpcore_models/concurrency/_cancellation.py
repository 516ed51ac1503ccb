"""Cancellation: checking for it, shielding a teardown from it, and cancelling a call from elsewhere."""

import contextlib
import sys
from collections.abc import Awaitable, Callable, Generator
from types import TracebackType
from typing import Any, TypeVar

from ._event_loops import call_soon_threadsafe, current_event_loop
from ._libraries import anyio_or_trio, running_loop

T = TypeVar("T")

# A shielded teardown is abandoned after this many seconds. Our own streams close without waiting. Only a stream of
# another make can take this long, for example one that shuts TLS down with a dead peer.
TEARDOWN_TIMEOUT = 1.0


class _Turns:
    """Yields a number of times to the event loop of asyncio, as `asyncio.sleep(0)` does, but in fewer calls."""

    def __init__(self, number: int) -> None:
        # What a task of asyncio receives when it is to be continued in the next turn.
        self._yielded = (None,) * number

    def __await__(self) -> Generator[None, None, None]:
        return iter(self._yielded)  # type: ignore[return-value]  # any iterator can be awaited


_NO_TURN, _ONE_TURN = _Turns(0), _Turns(1)


def async_checkpoint_if_cancelled() -> Awaitable[None]:
    """Raise the async library's cancellation if the task or a scope around it is cancelled or has expired.

    Await this before the first side effect of a request, so that a cancelled request sends nothing. The task yields
    once to the event loop, which costs 1 to 4 microseconds. Without that, a timeout of zero (`asyncio.timeout(0)`), or
    a `task.cancel()` by another task in the same turn, would go unnoticed. A timeout that expires while the event loop
    is busy may be noticed later.
    """
    try:
        loop = running_loop()
    except RuntimeError:
        return _NO_TURN  # outside of both libraries nothing can cancel
    if loop is None:
        checkpoint: Awaitable[None] = sys.modules["trio"].lowlevel.checkpoint()
        return checkpoint
    return _ONE_TURN


class Shield:
    """The form of `AsyncShield` for threads, which cannot be cancelled: it does nothing."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc_info: object) -> None:
        return None


class AsyncShield:
    """Shields a teardown from cancellation, for `TEARDOWN_TIMEOUT` seconds at most.

    The limit is for the whole block: to close several things, use a shield for each. On asyncio `task.cancel()` is not
    held off. What must happen all the same belongs in a `finally`, and must not wait.
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
    """The form of `AsyncCancellableCall` for threads, which cannot be cancelled. Close what the thread waits for."""

    def run(self, function: Callable[..., T], *args: Any) -> T | None:
        """Return `function(*args)`."""
        return function(*args)

    def cancel(self) -> None:
        """Do nothing."""


class AsyncCancellableCall:
    """A call that others can cancel. Nothing else that its task does is cancelled."""

    def __init__(self) -> None:
        self._cancelled = False
        self._cancel_scope: Callable[[], object] = lambda: None

    async def run(self, function: Callable[..., Awaitable[T]], *args: Any) -> T | None:
        """Return `await function(*args)`, or `None` if `cancel()` was called."""
        loop = current_event_loop()
        if loop is None:
            # Without an async library nothing else can run in the meantime.
            return await function(*args)
        with anyio_or_trio().CancelScope() as scope:
            self._cancel_scope = lambda: call_soon_threadsafe(loop, scope.cancel)
            if self._cancelled:
                scope.cancel()
            return await function(*args)
        return None

    def cancel(self) -> None:
        """Cancel the call. Any thread may call this. It has no effect on a call that has returned."""
        self._cancelled = True
        with contextlib.suppress(RuntimeError):  # the event loop has ended, and the call with it
            self._cancel_scope()
