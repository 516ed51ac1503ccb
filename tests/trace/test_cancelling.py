"""Cancelled requests are recorded as such."""

import threading

import anyio
import httpcore
import pytest
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold, receive_request, send
from httpcore_test_support.waiting import async_wait_until
from httpcore_trace import AsyncRecordedPool, Recorder

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
