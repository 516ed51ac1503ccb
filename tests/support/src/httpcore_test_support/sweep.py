"""Cancelling an operation at every possible point: at its first suspension, its second, and so on.

`sweep()` runs an operation again and again, each time cancelling it one suspension later, until a run completes
without having been cancelled. Whatever is awaited inside counts, so every phase of a request is hit without the test
knowing the phases.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from typing import Any

import anyio

Operation = Callable[[], Coroutine[Any, Any, Any]]

# Far beyond what any operation of the tests needs: a sweep that gets there does not end by itself.
_MOST_STEPS = 500


async def sweep(operation: Operation, after_each: Callable[[int], Awaitable[None]]) -> int:
    """Cancel `operation` at each of its suspensions in turn, awaiting `after_each(step)` every time.

    Returns how many suspensions were hit. An operation may raise when it is cancelled, but nothing else than what
    the cancellation itself makes it raise.
    """
    async for step in _steps(operation):
        await after_each(step)
    return step


async def _steps(operation: Operation) -> AsyncIterator[int]:
    for step in range(1, _MOST_STEPS):
        was_hit = await cancel_at(step, operation)
        yield step
        if not was_hit:
            return
    raise AssertionError(f"the operation was still suspended at step {_MOST_STEPS}")


async def cancel_at(step: int, operation: Operation) -> bool:
    """Run `operation`, cancelling it at its suspension number `step`; return whether it got that far."""
    hit = False

    def note(cancel: Callable[[], object]) -> Callable[[], None]:
        def interrupt() -> None:
            nonlocal hit
            hit = True
            cancel()

        return interrupt

    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        with anyio.CancelScope() as scope:
            await _interrupted(operation(), step, note(scope.cancel))
        return hit

    # As most users of asyncio cancel; scopes of anyio would cancel again and again.
    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None
        await _interrupted(operation(), step, note(lambda: running.call_soon(task.cancel)))

    task = asyncio.create_task(run())
    try:
        await task
    except asyncio.CancelledError:
        assert hit
    return hit


@types.coroutine
def _interrupted(
    coroutine: Coroutine[Any, Any, Any], step: int, interrupt: Callable[[], None]
) -> Generator[Any, Any, Any]:
    """Drive `coroutine`, and call `interrupt` at its suspension number `step`."""
    resume: Callable[[], Any] = lambda: coroutine.send(None)  # noqa: E731
    for count in range(1, _MOST_STEPS * 100):
        try:
            suspended_on = resume()
        except StopIteration as stop:
            return stop.value
        if count == step:
            interrupt()
        try:
            value = yield suspended_on
        except BaseException as exc:
            resume = _throw(coroutine, exc)
        else:
            resume = _send(coroutine, value)
    raise AssertionError("the operation does not end")


def _throw(coroutine: Coroutine[Any, Any, Any], exc: BaseException) -> Callable[[], Any]:
    return lambda: coroutine.throw(exc)


def _send(coroutine: Coroutine[Any, Any, Any], value: Any) -> Callable[[], Any]:
    return lambda: coroutine.send(value)
