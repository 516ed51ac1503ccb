"""Where a caller runs: in a thread, or on an event loop. Callers are coroutines; those of a sync world never wait."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

__all__ = ["World", "settle"]


async def settle(value: Any) -> Any:
    """Return the result of a call of either interface, sync or async."""
    return await value if inspect.isawaitable(value) else value


def _drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    try:
        coroutine.send(None)
    except StopIteration as exc:
        return exc.value
    raise AssertionError("a caller waits in sync code")


class World:
    """A thread (`sync`), a green one (`gevent`), or one of the event loops `asyncio`, `uvloop` and `trio`."""

    def __init__(self, name: str, complain: Callable[[str], None]) -> None:
        """`complain` receives what the event loop would print."""
        self.name = name
        self.asynchronous = name not in ("sync", "gevent")
        self._complain = complain

    def run(self, function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Call `function` and wait for it; each call gets a new event loop."""
        if not self.asynchronous:
            return _drive(function())
        if self.name == "trio":
            import trio

            return trio.run(function)
        return self._run_loop(function)

    def _run_loop(self, function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        if self.name == "uvloop":
            import uvloop

            loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        else:
            loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda _, context: self._complain(f"loop: {context['message']}"))
        try:
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(function())
        finally:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            asyncio.set_event_loop(None)
            loop.close()

    async def sleep(self, seconds: float) -> None:
        """Let others run for that many seconds."""
        if not self.asynchronous:
            time.sleep(seconds)
        else:
            import anyio

            await anyio.sleep(seconds)

    async def together(self, *functions: Callable[[], Awaitable[None]]) -> None:
        """Call all functions at the same time, in threads or tasks; each handles its own errors."""
        if not self.asynchronous:
            threads = [threading.Thread(target=_drive, args=(function(),), daemon=True) for function in functions]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return
        import anyio

        async with anyio.create_task_group() as group:
            for function in functions:
                group.start_soon(function)  # type: ignore[arg-type]  # functions that return awaitables will do
