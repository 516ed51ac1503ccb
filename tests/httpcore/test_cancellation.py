"""Cancelling a pooled request at every point where it can be cancelled, in each of its phases.

After each cancellation the pool, which has a single slot, must serve the next request at once, and the server must
have seen the cancelled connection close.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from httpcore import URL, AsyncConnectionPool, Request
from httpcore_test_support.bodies import async_body
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, ScriptedServer, scripted_server
from httpcore_test_support.sweep import sweep

pytestmark = pytest.mark.anyio

TIMEOUTS = {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}}
PIECES = [b"HTTP/1.1 200 OK\r\nTransfer-", b"Encoding: chunked\r\n\r\n", b"5\r\nhe", b"llo\r\n", b"0\r\n\r\n"]

# How often a request is suspended depends on the speed of the server: at least to connect, for the head of the
# response, and for a part of its body.
MINIMUM_STEPS = 3


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        for piece in PIECES:
            connection.send(piece)
            # Lets the client wait for each part. Nothing can be awaited instead: the client may be gone.
            time.sleep(0.002)


@asynccontextmanager
async def pool_of_one(certificates: Certificates | None) -> AsyncIterator[tuple[AsyncConnectionPool, ScriptedServer]]:
    server_tls = None if certificates is None else certificates.server_context()
    client_tls = None if certificates is None else certificates.client_context()
    with scripted_server(answer, tls=server_tls) as server:
        async with AsyncConnectionPool(ssl_context=client_tls, max_connections=1) as pool:
            yield pool, server


@pytest.fixture(params=["clear", "tls"])
def tls(request: pytest.FixtureRequest, certificates: Certificates) -> Certificates | None:
    return certificates if request.param == "tls" else None


class OpenPhases:
    """An observer that knows which phases have begun and not ended, and what was reported last."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.seen: list[str] = []

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.seen.append(event)
        name, _, end = event.rpartition(".")
        if end == "started":
            self.names.append(name)
        elif end in ("complete", "failed") and event != "request.failed":  # which ends no phase
            self.names.remove(name)


async def post(pool: AsyncConnectionPool, url: str, observer: OpenPhases | None = None) -> None:
    extensions: Any = {**TIMEOUTS, "observe": observer}
    async with pool.stream("POST", url, content=async_body(b"one", b"two"), extensions=extensions) as response:
        assert b"".join([part async for part in response.aiter_stream()]) == b"hello"


async def assert_serves(pool: AsyncConnectionPool, server: ScriptedServer) -> None:
    """The pool holds no request and no connection in use, and serves a request without a wait."""
    stats = pool.stats()
    assert (stats.requests_active, stats.requests_queued, stats.connections_active) == (0, 0, 0), pool
    extensions = {"timeout": {**TIMEOUTS["timeout"], "pool": 0.0}}
    response = await pool.request("GET", server.url, extensions=extensions)
    assert response.content == b"hello"
    assert await anyio.to_thread.run_sync(server.wait_open, 1)


@pytest.mark.field(2, 3)
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
async def test_on_a_new_connection(tls: Certificates | None, observed: bool) -> None:
    """Connecting, the TLS handshake, sending head and body, receiving head and body, and closing."""
    observer = OpenPhases() if observed else None
    async with pool_of_one(tls) as (pool, server):

        async def fresh() -> None:
            try:
                await post(pool, server.url, observer)
            finally:
                with anyio.CancelScope(shield=True):
                    await pool.aclose()

        async def check(step: int) -> None:
            assert observer is None or not observer.names
            await assert_serves(pool, server)
            await pool.aclose()
            assert await anyio.to_thread.run_sync(server.wait_closed)

        assert await sweep(fresh, check) > MINIMUM_STEPS
    assert observer is None or "connect.attempt.failed" in observer.seen


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
async def test_on_a_warm_connection(tls: Certificates | None, observed: bool) -> None:
    observer = OpenPhases() if observed else None
    async with pool_of_one(tls) as (pool, server):

        async def check(step: int) -> None:
            assert observer is None or not observer.names
            await assert_serves(pool, server)

        await check(0)
        assert await sweep(lambda: post(pool, server.url, observer), check) > MINIMUM_STEPS


@pytest.mark.field(1)
async def test_while_waiting_for_the_connection_of_another_request(tls: Certificates | None) -> None:
    """A cancelled request leaves the queue, or passes on the connection that it has just got."""
    async with pool_of_one(tls) as (pool, server):

        async def occupied() -> None:
            async with anyio.create_task_group() as tasks:
                response = await pool.handle_async_request(
                    Request("GET", URL(server.url), headers={"Host": "h"}, extensions=TIMEOUTS)
                )
                try:
                    tasks.start_soon(post, pool, server.url)
                    await anyio.wait_all_tasks_blocked()
                    await response.aread()
                finally:
                    with anyio.CancelScope(shield=True):
                        await response.aclose()

        async def check(step: int) -> None:
            await assert_serves(pool, server)

        assert await sweep(occupied, check) > MINIMUM_STEPS


async def test_waiting_request() -> None:
    async with pool_of_one(None) as (pool, server):
        responses = []

        async def waiting() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(release_soon)
                await post(pool, server.url)

        async def release_soon() -> None:
            await anyio.wait_all_tasks_blocked()
            await responses.pop().aclose()

        async def occupy() -> None:
            request = Request("GET", URL(server.url), headers={"Host": "h"}, extensions=TIMEOUTS)
            responses.append(await pool.handle_async_request(request))

        async def check(step: int) -> None:
            while responses:
                await responses.pop().aclose()
            await assert_serves(pool, server)
            await occupy()

        await occupy()
        assert await sweep(waiting, check) > MINIMUM_STEPS
        await responses.pop().aclose()
