"""Cancelled requests are recorded as such."""

import contextlib
import threading
from collections.abc import Generator
from typing import Any

import anyio
import httpcore
import pytest
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold, receive_request, send
from httpcore_test_support.waiting import async_wait_until
from httpcore_trace import AsyncRecordedPool, RecordedPool, Recorder

pytestmark = pytest.mark.anyio
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"


async def request(pool: AsyncRecordedPool, url: str) -> None:
    await pool.request("GET", url)


async def stream(pool: AsyncRecordedPool, url: str) -> None:
    async with pool.stream("GET", url) as response:
        await response.aread()


async def handle(pool: AsyncRecordedPool, url: str) -> None:
    response = await pool.handle_async_request(httpcore.Request("GET", url, headers={"Host": "example.com"}))
    try:
        await response.aread()
    finally:
        await response.aclose()


@pytest.mark.parametrize("answer", [b"", HEAD], ids=["head", "body"])
@pytest.mark.parametrize("send_by", [request, stream, handle])
async def test_a_request_that_is_cancelled(send_by: object, answer: bytes) -> None:
    assert callable(send_by)
    recorder, received = Recorder(), threading.Event()
    with scripted_server([receive_request(), send(answer), lambda _: received.set(), hold()]) as server:
        async with recorder.pool(httpcore.AsyncConnectionPool()) as pool, anyio.create_task_group() as group:
            group.start_soon(send_by, pool, server.url)
            await async_wait_until(lambda: received.is_set() and (not answer or recorder.requests[0].status))
            assert recorder.requests[0].ended is None
            group.cancel_scope.cancel()
    (record,) = recorder.requests
    assert record.ended is not None
    assert record.cancelled
    assert record.error is not None
    assert record.error.name in ("CancelledError", "Cancelled")
    assert record.status == (200 if answer else None)


async def test_a_cancelled_block_is_a_cancelled_request() -> None:
    recorder = Recorder()
    with scripted_server([receive_request(), send(HEAD), hold()]) as server:
        async with recorder.pool(httpcore.AsyncConnectionPool()) as pool:
            with anyio.CancelScope() as scope:
                async with pool.stream("GET", server.url):
                    scope.cancel()
                    await anyio.sleep_forever()
    (record,) = recorder.requests
    assert record.ended is not None
    assert record.cancelled


@pytest.mark.parametrize("way", ["loop", "block", "generator"])
def test_who_leaves_a_response_does_not_cancel_the_request(way: str) -> None:
    """It is no error, however much was read."""

    def chunks(pool: RecordedPool, url: str) -> Generator[bytes, None, None]:
        with pool.stream("GET", url) as response:
            yield from response.iter_stream()

    recorder = Recorder()
    with (
        scripted_server([receive_request(), send(HEAD + b"some"), hold()]) as server,
        recorder.pool(httpcore.ConnectionPool()) as pool,
    ):
        if way == "generator":
            generator = chunks(pool, server.url)
            assert next(generator) == b"some"
            generator.close()
        else:
            with pool.stream("GET", server.url) as response:
                if way == "loop":
                    for _ in response.iter_stream():
                        break
    (record,) = recorder.requests
    assert (record.status, record.error, record.cancelled) == (200, None, False)
    assert record.ended is not None


async def test_who_leaves_a_response_does_not_cancel_the_async_request() -> None:
    recorder = Recorder()
    with scripted_server([receive_request(), send(HEAD + b"some"), hold()]) as server:
        async with (
            recorder.pool(httpcore.AsyncConnectionPool()) as pool,
            pool.stream("GET", server.url) as response,
        ):
            chunks: Any = response.aiter_stream()
            async with contextlib.aclosing(chunks):
                assert await anext(chunks) == b"some"
    (record,) = recorder.requests
    assert (record.status, record.error, record.cancelled) == (200, None, False)
    assert record.ended is not None
