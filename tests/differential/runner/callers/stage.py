"""The stage on which callers act, and the table of callers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeAlias

from ..clients import Client, Reply
from ..records import Record
from ..worlds import World

__all__ = ["CALLERS", "Stage", "caller"]

Caller: TypeAlias = "Callable[[Stage], Coroutine[Any, Any, None]]"

CALLERS: dict[str, Caller] = {}


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
        """Send a request; the step contains the head of the response."""
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
        """Return an iterable of `parts`, for this world; it can be iterated over again on request."""

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
    """Add a caller, under the name of its function."""
    CALLERS[function.__name__.replace("_", " ").strip()] = function
    return function
