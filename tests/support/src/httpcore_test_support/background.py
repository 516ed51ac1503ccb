"""Calls that run in the background of a test: tasks in async tests, threads in sync ones."""

from __future__ import annotations

import functools
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import anyio
import anyio.abc

__all__ = ["AsyncBackground", "AsyncCall", "Background", "Call", "async_without_waiting", "without_waiting"]

_TIMEOUT = 10.0


class AsyncCall:
    """A call that runs in a task of its own."""

    def __init__(self) -> None:
        self._finished = anyio.Event()
        self._value: Any = None
        self._error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether the call has returned or raised."""
        return self._finished.is_set()

    async def result(self) -> Any:
        """Wait for the call; return what it returned or raise what it raised."""
        with anyio.fail_after(_TIMEOUT):
            await self._finished.wait()
        if self._error is not None:
            raise self._error
        return self._value

    async def run(self, function: Callable[[], Awaitable[Any]]) -> None:
        """Await `function()` and keep the outcome."""
        try:
            self._value = await function()
        except Exception as error:
            self._error = error
        finally:
            self._finished.set()


class AsyncBackground:
    """Starts calls; those that still run are cancelled at the end of the block."""

    def __init__(self) -> None:
        self._tasks: anyio.abc.TaskGroup

    async def __aenter__(self) -> AsyncBackground:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)

    def start(self, function: Callable[..., Awaitable[Any]], *arguments: Any, **options: Any) -> AsyncCall:
        """Begin to await `function(*arguments, **options)`."""
        call = AsyncCall()
        self._tasks.start_soon(call.run, functools.partial(function, *arguments, **options))
        return call


class Call:
    """A call that runs in a thread of its own."""

    def __init__(self) -> None:
        self._finished = threading.Event()
        self._value: Any = None
        self._error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether the call has returned or raised."""
        return self._finished.is_set()

    def result(self) -> Any:
        """Wait for the call; return what it returned or raise what it raised."""
        if not self._finished.wait(_TIMEOUT):
            raise TimeoutError("a call in the background does not end")
        if self._error is not None:
            raise self._error
        return self._value

    def run(self, function: Callable[[], Any]) -> None:
        """Call `function()` and keep the outcome."""
        try:
            self._value = function()
        except Exception as error:
            self._error = error
        finally:
            self._finished.set()


class Background:
    """Starts calls; those that still run are waited for at the end of the block."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Background:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        for thread in self._threads:
            thread.join(_TIMEOUT)

    def start(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Call:
        """Begin to call `function(*arguments, **options)`."""
        call = Call()
        # Daemons, so that a call that hangs fails its test and not the whole run.
        bound = functools.partial(function, *arguments, **options)
        thread = threading.Thread(target=call.run, args=(bound,), name="background", daemon=True)
        self._threads.append(thread)
        thread.start()
        return call


def async_without_waiting(function: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """Run an async call to its end from code that cannot await; it must not wait for anything."""
    try:
        function().send(None)
    except StopIteration:
        return
    raise AssertionError("the call waits")


def without_waiting(function: Callable[[], Any]) -> None:
    """Call `function`."""
    function()
