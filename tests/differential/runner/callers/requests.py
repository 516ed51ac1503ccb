"""Callers that send requests and read the responses: one by one, simultaneously, with options."""

from __future__ import annotations

import threading
import time
from typing import Any

from ..clients import Client
from ..records import Record
from .stage import Stage, caller

__all__: list[str] = []


@caller
async def get(stage: Stage) -> None:
    await stage.exchange()


@caller
async def get_twice(stage: Stage) -> None:
    await stage.exchange()
    await stage.exchange()


@caller
async def get_four_times(stage: Stage) -> None:
    for _ in range(4):
        await stage.exchange()


@caller
async def get_pause_post(stage: Stage) -> None:
    await stage.exchange()
    await stage.world.sleep(0.15)
    await stage.exchange("POST", content=b"once only")


@caller
async def get_busy_post(stage: Stage) -> None:
    await stage.exchange()
    time.sleep(0.15)
    await stage.exchange("POST", content=b"once only")


@caller
async def get_busy_get(stage: Stage) -> None:
    await stage.exchange()
    time.sleep(0.15)
    await stage.exchange()


@caller
async def head(stage: Stage) -> None:
    await stage.exchange("HEAD")
    await stage.exchange()


@caller
async def four_at_once(stage: Stage) -> None:
    await _at_once(stage, 4)


@caller
async def many_on_four(stage: Stage) -> None:
    await stage.client.close()
    stage.client = Client(stage.world, stage.case, max_connections=4)
    await _at_once(stage, 12)


async def _at_once(stage: Stage, number: int) -> None:
    """Send requests simultaneously; record how they ended, in any order."""
    ends: list[Any] = []
    lock = threading.Lock()

    async def one(path: str) -> None:
        record = Record(stage.limit)
        reply = await record.step("open", lambda: stage.client.open("GET", path))
        if reply is not None:
            await record.step("read", reply.read)
            await record.step("close", reply.close)
        kept = ("step", "status", "length", "digest", "error", "time")
        with lock:
            ends.append([[step[key] for key in kept if key in step] for step in record.steps])

    paths = [stage.path() for _ in range(number)]
    began = time.monotonic()
    await stage.world.together(*[lambda path=path: one(path) for path in paths])
    stage.record.steps.append({"step": "at once", "time": stage.record.duration(began), "ends": sorted(ends, key=repr)})


@caller
async def different_sni(stage: Stage) -> None:
    await stage.exchange(sni_hostname="127.0.0.1")
    await stage.exchange(sni_hostname="localhost")


@caller
async def no_limits(stage: Stage) -> None:
    forever = {key: float("inf") if key == "read" else 30 * 86_400.0 for key in ("connect", "read", "write", "pool")}
    await stage.exchange(limits=forever)


@caller
async def odd_target(stage: Stage) -> None:
    await stage.read(await stage.step("GET", lambda: stage.client.open("GET", "/a;v=1")))


@caller
async def own_fields(stage: Stage) -> None:
    fields = [(b"X-Empty", b""), (b"x-lower", b"1"), (b"X-Twice", b"a"), (b"X-Twice", b"b"), (b"Cookie", b"a=b; c=d")]
    await stage.exchange(headers=fields)


@caller
async def wrong_field(stage: Stage) -> None:
    await stage.exchange(headers=[(b"X-Bad", b"a\r\nInjected: b")])
    await stage.exchange(headers=[(b"X Bad", b"a")])


@caller
async def limit_of_the_pool(stage: Stage) -> None:
    reply = await stage.open()
    await stage.exchange(limits={"pool": stage.limit / 2})
    await stage.read(reply)
    await stage.exchange()


@caller
async def pool_closed_then_used(stage: Stage) -> None:
    await stage.exchange()
    await stage.step("close pool", stage.client.close)
    await stage.exchange()


@caller
async def kept_no_connections(stage: Stage) -> None:
    await stage.client.close()
    stage.client = Client(stage.world, stage.case, max_keepalive_connections=0)
    await stage.exchange()
    await stage.exchange()


@caller
async def keepalive_expired(stage: Stage) -> None:
    await stage.client.close()
    stage.client = Client(stage.world, stage.case, keepalive_expiry=0.05)
    await stage.exchange()
    await stage.world.sleep(0.1)
    await stage.exchange()
