"""Callers that send a body."""

from __future__ import annotations

import io

import httpcore

from ..records import Interrupted
from .stage import Stage, caller

__all__: list[str] = []


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
