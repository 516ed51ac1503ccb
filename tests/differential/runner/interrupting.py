"""Callers that are cancelled, or interrupted by an exception from a trace callback, in a phase of their request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from .callers import Stage
from .records import Interrupted

__all__ = ["ASYNC_ONLY", "CALLERS", "PHASES"]

PHASES = {
    "connecting": ("connect_tcp.started", "connect_udp.started"),
    "handshake": ("start_tls.started", ".handshake.started"),
    "sending": ("send_request_headers.complete",),
    "waiting": ("receive_response_headers.started",),
    "reading": ("receive_response_body.started",),
    "closing": ("response_closed.started",),
}
CALLERS: dict[str, Callable[[Stage], Any]] = {}
ASYNC_ONLY: set[str] = set()


def _trace(stage: Stage, ends: tuple[str, ...], action: Callable[[], None]) -> Any:
    """Return a trace callback that acts once, at the first event whose name has this ending."""
    done: list[bool] = []

    def look(name: str, info: dict[str, Any]) -> None:
        if not done and name.endswith(ends):
            done.append(True)
            action()

    async def look_async(name: str, info: dict[str, Any]) -> None:
        look(name, info)

    return look_async if stage.world.asynchronous else look


async def _cancelled(stage: Stage, use: Callable[[Any], Awaitable[None]]) -> None:
    """Run `use` in a scope; its argument cancels the scope."""
    import anyio

    begun = len(stage.record.steps)
    with anyio.CancelScope() as scope:
        await use(scope)
    stage.record.steps[begun:] = [{**step, "time": "any"} for step in stage.record.steps[begun:]]
    await stage.step("cancelled", lambda: _value(scope.cancelled_caught))
    await stage.exchange()


async def _value(value: Any) -> Any:
    return value


def _add(name: str, function: Callable[[Stage], Any], only_async: bool = False) -> None:
    CALLERS[name] = function
    if only_async:
        ASYNC_ONLY.add(name)


def _add_phases(phase: str, ends: tuple[str, ...]) -> None:
    async def cancelled(stage: Stage) -> None:
        async def use(scope: Any) -> None:
            await stage.exchange("POST", content=b"0123456789", trace=_trace(stage, ends, scope.cancel))

        await _cancelled(stage, use)

    async def interrupted(stage: Stage) -> None:
        def interrupt() -> None:
            raise Interrupted

        await stage.exchange(trace=_trace(stage, ends, interrupt))
        await stage.exchange()

    _add(f"cancelled {phase}", cancelled, only_async=True)
    _add(f"interrupted {phase}", interrupted)


for _phase, _ends in PHASES.items():
    _add_phases(_phase, _ends)


async def _cancelled_before(stage: Stage) -> None:
    """The scope is cancelled before the request; there is a warm connection."""
    await stage.exchange()

    async def use(scope: Any) -> None:
        scope.cancel()
        await stage.exchange("POST", content=b"0123456789")

    await _cancelled(stage, use)


async def _cancelled_in_time(stage: Stage) -> None:
    import anyio

    async def use(scope: Any) -> None:
        scope.deadline = anyio.current_time() + stage.limit / 2
        await stage.exchange("POST", content=bytes(stage.large))

    await _cancelled(stage, use)


async def _task_cancelled(stage: Stage) -> None:
    """An asyncio task is cancelled while its request waits, and again while it ends."""
    import sniffio

    if sniffio.current_async_library() != "asyncio":
        return

    async def use() -> None:
        reply = await stage.client.open("GET", "/cancelled")
        try:
            await reply.read()
        finally:
            await reply.close()

    task = asyncio.ensure_future(use())
    await asyncio.sleep(stage.limit / 3)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=2)
    await stage.step("cancelled", lambda: _value(bool(done) and task.cancelled()))
    if done and not task.cancelled():
        task.exception()
    await stage.exchange()


async def _busy_then_read(stage: Stage) -> None:
    """Nothing else runs while the response arrives."""
    reply = await stage.open()
    time.sleep(0.1)
    await stage.read(reply)
    await stage.exchange()


_add("cancelled before", _cancelled_before, only_async=True)
_add("cancelled in time", _cancelled_in_time, only_async=True)
_add("task cancelled", _task_cancelled, only_async=True)
_add("busy then read", _busy_then_read)
