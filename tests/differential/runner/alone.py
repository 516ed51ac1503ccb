"""Callers that need their own process: signals, forks, a second event loop."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from .callers import Stage
from .clients import Client

__all__ = ["CALLERS"]

Finish: TypeAlias = "Callable[[Stage], Awaitable[None]]"


def _signal_timer(stage: Stage, finish: Finish) -> None:
    """A signal handler runs all the time."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    try:
        _once(stage, finish)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _once(stage: Stage, finish: Finish, *, close: bool = True) -> None:
    async def use() -> None:
        stage.client = Client(stage.world, stage.case)
        await stage.exchange("POST", content=b"0123456789")
        if close:
            await finish(stage)

    stage.world.run(use)


def _second_loop(stage: Stage, finish: Finish) -> None:
    """The pool is used on a second event loop, with an idle connection of the first."""

    async def again() -> None:
        await stage.exchange()
        await finish(stage)

    _once(stage, finish, close=False)
    stage.world.run(again)


def _second_loop_with_open_response(stage: Stage, finish: Finish) -> None:
    kept: list[Any] = []

    async def first() -> None:
        stage.client = Client(stage.world, stage.case, max_connections=2)
        kept.append(await stage.open())

    async def again() -> None:
        await stage.exchange()
        await finish(stage)

    stage.world.run(first)
    stage.world.run(again)


def _forked(stage: Stage, finish: Finish) -> None:
    """The pool is used in a child process, with an idle connection of the parent; then in the parent."""
    _once(stage, finish, close=False)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:

            async def use() -> None:
                await stage.exchange()

            stage.world.run(use)
            os.write(writer, repr([(step["step"], step.get("error")) for step in stage.record.steps]).encode())
            code = 0
        finally:
            os._exit(code)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        stage.record.steps.append({"step": "child", "result": pipe.read()})

    async def again() -> None:
        await stage.exchange()
        await finish(stage)

    stage.world.run(again)


CALLERS: dict[str, Callable[[Stage, Finish], None]] = {
    "signal timer": _signal_timer,
    "second loop": _second_loop,
    "second loop with an open response": _second_loop_with_open_response,
    "forked": _forked,
}
