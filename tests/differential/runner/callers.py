"""What callers do. Each is a coroutine function of a `Stage`, the same for all worlds, layers and protocols."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeAlias

import httpcore

from .clients import Client, Reply
from .records import Interrupted, Record
from .worlds import World

__all__ = ["CALLERS", "SIDE_BY_SIDE", "Stage"]

Caller: TypeAlias = "Callable[[Stage], Coroutine[Any, Any, None]]"

CALLERS: dict[str, Caller] = {}
# Those whose requests come in any order.
SIDE_BY_SIDE = {"four at once", "many on four", "pool closed while reading"}


class Stage:
    """A world with a client in it, and the record of what happens."""

    def __init__(self, case: dict[str, Any], world: World, record: Record) -> None:
        self.case, self.world, self.record = case, world, record
        self.limit: float = case["limit"]
        self.large: int = case["large"]  # the bytes of a large upload
        self.client: Client
        self._count = 0

    def path(self) -> str:
        """Return the path of the next request."""
        self._count += 1
        return f"/{self._count}"

    async def step(self, name: str, function: Callable[[], Awaitable[Any]]) -> Any:
        return await self.record.step(name, function)

    async def open(self, method: str = "GET", **options: Any) -> Reply | None:
        """Send a request; the step has what its head says."""
        path = self.path()
        reply: Reply | None = await self.step(f"{method} {path}", lambda: self.client.open(method, path, **options))
        return reply

    async def read(self, reply: Reply | None) -> None:
        """Read the body to its end, as a step; close."""
        if reply is not None:
            await self.step("read", reply.read)
            await self.close(reply)

    async def close(self, reply: Reply | None) -> None:
        if reply is not None:
            await self.step("close", reply.close)

    async def exchange(self, method: str = "GET", **options: Any) -> None:
        """Send a request and read its response."""
        await self.read(await self.open(method, **options))

    def body(self, *parts: bytes, again: bool = False, pause: float = 0, fail: BaseException | None = None) -> Any:
        """Return an iterable of `parts`, for this world; it can be iterated over again if that is asked for."""

        def plain() -> Iterator[bytes]:
            for part in parts:
                yield part
                if pause:
                    time.sleep(pause)
            if fail is not None:
                raise fail

        async def awaited() -> AsyncIterator[bytes]:
            for part in parts:
                yield part
                if pause:
                    await self.world.sleep(pause)
            if fail is not None:
                raise fail

        class Again:
            def __iter__(self) -> Iterator[bytes]:
                return plain()

        class AwaitedAgain:
            def __aiter__(self) -> AsyncIterator[bytes]:
                return awaited()

        if again:
            return AwaitedAgain() if self.world.asynchronous else Again()
        return awaited() if self.world.asynchronous else plain()


def caller(function: Caller) -> Caller:
    CALLERS[function.__name__.replace("_", " ").strip()] = function
    return function


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
async def post(stage: Stage) -> None:
    await stage.exchange("POST", content=b"0123456789")


@caller
async def post_parts(stage: Stage) -> None:
    await stage.exchange("POST", content=stage.body(b"0123456789", b"", b"abc" * 30_000))


@caller
async def put_parts_again(stage: Stage) -> None:
    await stage.exchange("PUT", content=stage.body(b"0123456789", b"abc" * 30_000, again=True))
    await stage.exchange("PUT", content=stage.body(b"0123456789", b"abc" * 30_000, again=True))


@caller
async def post_large(stage: Stage) -> None:
    await stage.exchange("POST", content=bytes(stage.large))


@caller
async def post_large_parts(stage: Stage) -> None:
    await stage.exchange("POST", content=stage.body(*[bytes(stage.large // 30)] * 30))


@caller
async def post_slowly(stage: Stage) -> None:
    await stage.exchange("POST", content=stage.body(*[b"slow" * 50] * 12, pause=0.025))


@caller
async def post_file(stage: Stage) -> None:
    content = stage.body(b"line\n" * 1_000) if stage.world.asynchronous else io.BytesIO(b"line\n" * 1_000)
    await stage.exchange("POST", content=content, headers=[(b"Content-Length", b"5000")])


@caller
async def post_too_short(stage: Stage) -> None:
    await stage.exchange("POST", content=stage.body(b"0123", pause=0.05), headers=[(b"Content-Length", b"10")])


@caller
async def post_too_long(stage: Stage) -> None:
    await stage.exchange("POST", content=stage.body(b"0123456789", b"more"), headers=[(b"Content-Length", b"10")])


@caller
async def post_with_both_lengths(stage: Stage) -> None:
    fields = [(b"Content-Length", b"4"), (b"Transfer-Encoding", b"chunked")]
    await stage.exchange("POST", content=stage.body(b"0123"), headers=fields)


@caller
async def post_failing(stage: Stage) -> None:
    await stage.exchange("POST", content=stage.body(b"0123", b"more" * 5_000, fail=ZeroDivisionError("mine")))


@caller
async def post_failing_to_write(stage: Stage) -> None:
    fail = httpcore.WriteError("mine, of the connection that the body comes from")
    await stage.exchange("POST", content=stage.body(b"0123", b"more" * 5_000, fail=fail))


@caller
async def post_interrupted(stage: Stage) -> None:
    await stage.exchange("POST", content=stage.body(b"0123", fail=Interrupted()))


@caller
async def half_read(stage: Stage) -> None:
    reply = await stage.open()
    if reply is not None:

        async def first() -> bool:
            parts = reply.parts()
            async for part in parts:
                await parts.aclose()
                return bool(part)
            return False

        await stage.step("first part", first)
        await stage.close(reply)
    await stage.exchange()


@caller
async def unread(stage: Stage) -> None:
    await stage.close(await stage.open())
    await stage.exchange()


@caller
async def read_after_close(stage: Stage) -> None:
    reply = await stage.open()
    if reply is not None:
        got = 0

        async def read_on() -> None:
            nonlocal got
            async for part in reply.parts():
                got += len(part)
                await reply.close()
            await reply.close()

        await stage.step("read and close", read_on)
    reply = await stage.open()
    if reply is not None:
        await stage.close(reply)
        await stage.step("read", reply.read)


@caller
async def dropped(stage: Stage) -> None:
    """The response is neither read nor closed, and nobody holds it any more."""
    reply = await stage.open()
    del reply
    await stage.world.sleep(0.02)
    await stage.exchange()


@caller
async def dropped_half_read(stage: Stage) -> None:
    reply = await stage.open()
    if reply is not None:
        parts = reply.parts()
        await stage.step("first part", lambda: _anything(parts))
        del parts
    del reply
    await stage.world.sleep(0.02)
    await stage.exchange()


async def _anything(parts: Any) -> bool:
    async for part in parts:
        return bool(part)
    return False


@caller
async def pool_closed_while_reading(stage: Stage) -> None:
    async def use() -> None:
        await stage.exchange()

    await stage.world.together(use, lambda: _close_soon(stage))


@caller
async def pool_closed_while_uploading(stage: Stage) -> None:
    async def use() -> None:
        await stage.exchange("POST", content=stage.body(*[b"SECRET" * 5_000] * 600, pause=0.001))

    await stage.world.together(use, lambda: _close_soon(stage))


async def _close_soon(stage: Stage) -> None:
    await stage.world.sleep(stage.limit / 2)
    await stage.step("close pool", stage.client.close)
    stage.client = Client(stage.world, stage.case)


@caller
async def response_closed_from_elsewhere(stage: Stage) -> None:
    reply = await stage.open()
    if reply is not None:

        async def close() -> None:
            await stage.world.sleep(stage.limit / 2)
            await stage.step("close elsewhere", reply.close)

        await stage.world.together(lambda: stage.read(reply), close)
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
    """Send requests side by side; what is noted is how they ended, whatever the order."""
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
    await stage.world.together(*[lambda path=path: one(path) for path in paths])  # type: ignore[misc]
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
