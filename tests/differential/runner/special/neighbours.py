"""Callers whose requests share a connection, or wait for one."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Any

from ..callers import Stage
from ..clients import Client, Reply
from ..records import Record

__all__ = ["CALLERS"]

CALLERS: dict[str, Callable[[Stage], Any]] = {}


def caller(function: Callable[[Stage], Any]) -> None:
    CALLERS[function.__name__.replace("_", " ").strip()] = function


async def together(stage: Stage, **parts: Callable[[], Awaitable[Any]]) -> None:
    """Do all parts at the same time; each result is one step, in a fixed order."""
    ends: dict[str, Any] = {}
    lock = threading.Lock()

    async def one(name: str) -> None:
        record = Record(stage.limit)
        await record.step(name, parts[name])
        step = record.steps[0]
        with lock:
            ends[name] = {key: step[key] for key in ("status", "length", "error", "text", "time") if key in step}

    await stage.world.together(*[lambda name=name: one(name) for name in parts])
    for name in parts:
        stage.record.steps.append({"step": name, **ends[name]})


async def _whole(stage: Stage, method: str, **options: Any) -> bytes:
    reply = await stage.client.open(method, stage.path(), **options)
    try:
        return await reply.read()
    finally:
        await reply.close()


@caller
async def get_beside_an_open_response(stage: Stage) -> None:
    reply = await stage.open()
    await stage.exchange()
    await stage.close(reply)


@caller
async def get_beside_a_read(stage: Stage) -> None:
    reply = await stage.client.open("GET", stage.path(), limits={"read": stage.limit * 4})
    await together(stage, get=lambda: _whole(stage, "GET", limits={"pool": stage.limit * 2}), read=reply.read)
    await stage.close(reply)


async def _read_late(stage: Stage, reply: Reply) -> bytes:
    await stage.world.sleep(stage.limit / 4)
    return await reply.read()


@caller
async def read_beside_an_upload(stage: Stage) -> None:
    """The response is open when another request's upload begins."""
    reply = await stage.client.open("GET", stage.path(), limits={"read": stage.limit * 4})
    await together(
        stage,
        read=lambda: _read_late(stage, reply),
        upload=lambda: _whole(stage, "POST", content=bytes(stage.large)),
    )
    await stage.close(reply)


@caller
async def read_beside_a_patient_upload(stage: Stage) -> None:
    reply = await stage.client.open("GET", stage.path())
    limits = {"write": stage.limit * 4}
    await together(
        stage,
        read=lambda: _read_late(stage, reply),
        upload=lambda: _whole(stage, "POST", content=bytes(stage.large), limits=limits),
    )
    await stage.close(reply)


@caller
async def connection_closed_by_hand(stage: Stage) -> None:
    """The only slot of the pool belongs to an open response whose connection the user closes."""
    reply = await stage.open()
    connection = stage.client.pool.connections[0]
    await stage.step("close connection", connection.aclose if stage.world.asynchronous else _sync(connection.close))
    await stage.exchange()
    await stage.close(reply)


def _sync(function: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    async def call() -> Any:
        return function()

    return call


@caller
async def looked_at_twice(stage: Stage) -> None:
    """User code checks whether the idle connection has expired before the pool does."""
    await stage.exchange()
    await stage.world.sleep(0.1)
    for _ in range(2):
        for connection in stage.client.pool.connections:
            connection.has_expired()
    await stage.exchange("POST", content=b"once only")


@caller
async def other_origin_waits(stage: Stage) -> None:
    """Requests to one origin overlap all the time, and one to another waits for the only slot."""
    own = stage.client.url
    other = Client(stage.world, stage.case)
    await other.close()
    over: list[bool] = []

    async def keep_busy(delay: float) -> None:
        await stage.world.sleep(delay)
        for _ in range(30):
            if over:
                return
            reply = await stage.client.open("GET", "/busy", limits={"pool": 5})
            await reply.read()
            await reply.close()

    async def wait() -> Any:
        await stage.world.sleep(0.15)
        other.pool, other.url = stage.client.pool, own.replace("127.0.0.1", "localhost")
        try:
            reply = await other.open("GET", "/other", limits={"pool": stage.limit * 2})
            await reply.read()
            await reply.close()
        finally:
            over.append(True)

    await together(stage, first=lambda: keep_busy(0), second=lambda: keep_busy(0.03), other=wait)
    for step in stage.record.steps[:2]:
        step["time"] = "any"


@caller
async def put_large_twice(stage: Stage) -> None:
    await stage.exchange()
    await stage.exchange("PUT", content=bytes(stage.large))


@caller
async def post_large_too_short(stage: Stage) -> None:
    parts = [bytes(30_000)] * 6
    await stage.exchange(
        "POST", content=stage.body(*parts, pause=0.02), headers=[(b"Content-Length", b"%d" % (7 * 30_000))]
    )


@caller
async def post_short_write_limit(stage: Stage) -> None:
    limits = {"write": stage.limit / 2, "read": stage.limit * 4}
    await stage.exchange("POST", content=bytes(stage.large), limits=limits)


@caller
async def post_array(stage: Stage) -> None:
    """The parts of the body have items of several bytes."""
    import array

    numbers = array.array("I", range(300))
    await stage.exchange("POST", content=stage.body(b"0123", numbers, memoryview(numbers)))  # type: ignore[arg-type]
