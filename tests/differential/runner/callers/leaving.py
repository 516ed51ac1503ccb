"""Callers that leave a response, or close a pool, before the end."""

from __future__ import annotations

from typing import Any

from ..clients import Client
from .stage import Stage, caller

__all__: list[str] = []


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

        async def read_on(reply: Any = reply) -> None:
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
    """The response is dropped without being read or closed."""
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
