"""Waiting for conditions without an event, and making several calls at once, in async and sync form."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

__all__ = ["async_at_once", "async_pause", "async_wait_until", "at_once", "collect", "pause", "wait_until"]

_INTERVAL = 0.001
_COLLECT_EVERY = 0.3
# How often an event loop has to look at its sockets until all that has come is with the streams.
_ROUNDS = 5


def collect() -> None:
    """Where references are not counted, as on PyPy, end what nothing refers to; elsewhere it has ended already."""
    if sys.implementation.name != "cpython":
        for _ in range(3):  # PyPy finalises an object after those that refer to it, one collection after the other
            gc.collect()


class _Collecting:
    """Lets a wait `collect()` from time to time: this takes long where it does something."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _COLLECT_EVERY

    def go_on(self) -> None:
        if time.monotonic() > self._next:
            collect()
            self._next = time.monotonic() + _COLLECT_EVERY


async def async_wait_until(condition: Callable[[], Any], timeout: float = 10.0) -> None:
    """Poll until `condition` holds; fail if it does not in time."""
    deadline, collecting = time.monotonic() + timeout, _Collecting()
    while not condition():
        collecting.go_on()
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        await anyio.sleep(_INTERVAL)


def wait_until(condition: Callable[[], Any], timeout: float = 10.0) -> None:
    """Poll until `condition` holds; fail if it does not in time."""
    deadline, collecting = time.monotonic() + timeout, _Collecting()
    while not condition():
        collecting.go_on()
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(_INTERVAL)


async def async_pause() -> None:
    """Let the event loop read everything that has arrived."""
    for _ in range(_ROUNDS):
        await anyio.sleep(_INTERVAL)


def pause() -> None:
    """Do nothing: without an event loop, there is nothing to wait for."""


async def async_at_once(*functions: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Call all `functions` at once, and return their results in order."""
    results: list[Any] = [None] * len(functions)

    async def call(index: int) -> None:
        results[index] = await functions[index]()

    async with anyio.create_task_group() as tasks:
        for index in range(len(functions)):
            tasks.start_soon(call, index)
    return results


def at_once(*functions: Callable[[], Any]) -> list[Any]:
    """Call all `functions` at once, each in a thread, and return their results in order."""
    results: list[Any] = [None] * len(functions)
    errors: list[BaseException] = []

    def call(index: int) -> None:
        try:
            results[index] = functions[index]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
