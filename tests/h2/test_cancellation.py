"""Cancelling a request on a shared connection at every point where it can be cancelled.

After each cancellation a neighbour on the same connection completes, the stream counts no more, and a pool with one
place serves the next request at once.
"""

import functools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from httpcore import AnyIOBackend, AsyncConnectionPool
from httpcore_test_support import h2_frames
from httpcore_test_support.bodies import async_body
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http2_peer import Http2Peer, http2_script
from httpcore_test_support.scripted import ScriptedServer, scripted_server
from httpcore_test_support.sweep import sweep
from hyperframe.frame import DataFrame, HeadersFrame, RstStreamFrame

pytestmark = pytest.mark.anyio

TIMEOUTS = {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}}
MINIMUM_STEPS = 3


def answer(peer: Http2Peer) -> None:
    """Answer uploads bit by bit, so that the client has to wait for each part, and the neighbour last."""
    while True:
        frame = peer.next_frame()
        if isinstance(frame, RstStreamFrame) or "END_STREAM" not in frame.flags:
            continue
        stream_id = frame.stream_id
        time.sleep(0.002)
        peer.send(h2_frames.headers(stream_id))
        for part in (b"he", b"ll"):
            time.sleep(0.002)
            peer.send(h2_frames.data(stream_id, part))
        time.sleep(0.002)
        peer.send(h2_frames.data(stream_id, b"o", end_stream=True))


small_upload = functools.partial(async_body, b"one", b"two")


async def post(pool: AsyncConnectionPool, url: str, content: Callable[[], Any] = small_upload) -> None:
    async with pool.stream("POST", url, content=content(), extensions=TIMEOUTS) as response:
        assert b"".join([part async for part in response.aiter_stream()]) == b"hello"


@pytest.fixture(params=["clear", "tls"])
def tls(request: pytest.FixtureRequest, certificates: Certificates) -> Certificates | None:
    return certificates if request.param == "tls" else None


@asynccontextmanager
async def pool_of_one(
    certificates: Certificates | None, **options: Any
) -> AsyncIterator[tuple[AsyncConnectionPool, ScriptedServer]]:
    server_tls = client_tls = None
    if certificates is not None:
        server_tls, client_tls = certificates.server_context(), certificates.client_context()
        server_tls.set_alpn_protocols(["h2"])
    with scripted_server(http2_script(answer), tls=server_tls) as server:
        async with AsyncConnectionPool(
            ssl_context=client_tls, max_connections=1, http1=False, http2=True, **options
        ) as pool:
            yield pool, server


def assert_in_order(pool: AsyncConnectionPool) -> None:
    stats = pool.stats()
    assert (stats.requests_active, stats.requests_queued, stats.connections_active) == (0, 0, 0), pool
    for connection in pool.connections:
        inner: Any = connection
        assert inner._connection is None or inner._connection._engine.streams.open_count == 0


async def assert_serves(pool: AsyncConnectionPool, server: ScriptedServer) -> None:
    assert_in_order(pool)
    response = await pool.request("GET", server.url, extensions={"timeout": {**TIMEOUTS["timeout"], "pool": 0.0}})
    assert response.content == b"hello"
    assert await anyio.to_thread.run_sync(server.wait_open, 1)


@pytest.mark.field(1)
@pytest.mark.field(32)
async def test_on_a_warm_connection(tls: Certificates | None) -> None:
    """The connection is never closed: a cancelled request leaves no partial frame on it."""
    async with pool_of_one(tls) as (pool, server):

        async def check(step: int) -> None:
            await assert_serves(pool, server)
            assert len(server.connections) == 1

        await check(0)
        assert await sweep(lambda: post(pool, server.url), check) > MINIMUM_STEPS


async def test_on_a_new_connection(tls: Certificates | None) -> None:
    async with pool_of_one(tls) as (pool, server):

        async def fresh() -> None:
            try:
                await post(pool, server.url)
            finally:
                with anyio.CancelScope(shield=True):
                    await pool.aclose()

        async def check(step: int) -> None:
            await assert_serves(pool, server)
            await pool.aclose()
            assert await anyio.to_thread.run_sync(server.wait_closed)

        assert await sweep(fresh, check) > MINIMUM_STEPS


@pytest.mark.field(51)
async def test_beside_a_neighbour(tls: Certificates | None) -> None:
    """Whichever of the two reads for both."""
    async with pool_of_one(tls) as (pool, server), anyio.create_task_group() as tasks:
        await assert_serves(pool, server)
        completed: list[int] = []
        neighbours = 0

        async def neighbour(number: int) -> None:
            await post(pool, server.url)
            completed.append(number)

        async def operation() -> None:
            nonlocal neighbours
            neighbours += 1
            tasks.start_soon(neighbour, neighbours)
            await post(pool, server.url)

        async def check(step: int) -> None:
            with anyio.fail_after(10):
                while len(completed) < neighbours:
                    await anyio.sleep(0.001)
            await assert_serves(pool, server)
            assert len(server.connections) == 1

        assert await sweep(operation, check) > MINIMUM_STEPS


async def test_an_upload_that_waits_for_the_network() -> None:
    """Frames are larger than what the network accepts at once: none of them is left incomplete."""

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.settings({4: 2**31 - 1}), h2_frames.window_update(0, 2**30))
        while True:
            frame = peer.next_frame()
            if isinstance(frame, (HeadersFrame, DataFrame)) and "END_STREAM" in frame.flags:
                peer.respond(frame.stream_id)
            # Slowly, so that the client has to wait.
            if isinstance(frame, DataFrame) and len(frame.data) > 8000:
                time.sleep(0.0005)
            peer.frames.clear()

    with scripted_server(http2_script(script)) as server:
        async with AsyncConnectionPool(
            max_connections=1, http1=False, http2=True, network_backend=AnyIOBackend()
        ) as pool:

            async def check(step: int) -> None:
                assert_in_order(pool)
                response = await pool.request("GET", server.url, extensions=TIMEOUTS)
                assert response.content == b"hello"
                assert len(server.connections) == 1

            await check(0)
            assert await sweep(lambda: post(pool, server.url, lambda: bytes(6_000_000)), check) > 0
