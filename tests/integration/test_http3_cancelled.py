"""Requests over HTTP/3 in a pool, cancelled at every await: while connecting, uploading, reading and falling back.

After each cancellation the pool, which has a single slot, serves the next request, and nothing stays open.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

pytest.importorskip("qh3")

from httpcore import AsyncConnectionPool
from httpcore._http3 import origins
from httpcore_test_support._async.detours import AsyncDetour
from httpcore_test_support.bodies import async_body
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.datagram_relay import Path, datagram_relay
from httpcore_test_support.h3_server import answering_in_parts, h3_server
from httpcore_test_support.sockets import no_leaked_sockets
from httpcore_test_support.sweep import sweep

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}
MINIMUM_STEPS = 3


async def post(pool: AsyncConnectionPool, url: str, size: int = 3) -> None:
    async with pool.stream("POST", url, content=async_body(*[bytes(size)] * 3), extensions=TIMEOUTS) as response:
        assert b"".join([part async for part in response.aiter_stream()]) == b"hello"


async def assert_serves(pool: AsyncConnectionPool, url: str) -> None:
    """The pool holds no request and no connection in use, and serves a request without a wait for a slot."""
    stats = pool.stats()
    assert (stats.requests_active, stats.requests_queued, stats.connections_active) == (0, 0, 0), pool
    extensions = {"timeout": {**TIMEOUTS["timeout"], "pool": 0.0}}
    response = await pool.request("GET", url, extensions=extensions)
    assert response.content in (b"hello", b"Hello, world!\n")
    assert response.extensions["http_version"] == b"HTTP/3"


@asynccontextmanager
async def pool_of_one(context: ssl.SSLContext, **options: Any) -> AsyncIterator[AsyncConnectionPool]:
    async with AsyncConnectionPool(context, http3=True, max_connections=1, **options) as pool:
        yield pool


async def test_on_a_new_connection(certificates: Certificates) -> None:
    """The handshake, head and body, and the response."""
    with no_leaked_sockets(), h3_server(certificates, answering_in_parts) as server:
        async with pool_of_one(certificates.client_context(), http1=False) as pool:

            async def check(step: int) -> None:
                await assert_serves(pool, server.url)
                await pool.aclose()

            assert await sweep(lambda: post(pool, server.url), check) > MINIMUM_STEPS
            assert pool.stats().connections_idle == 0


async def test_on_a_warm_connection(certificates: Certificates) -> None:
    with no_leaked_sockets(), h3_server(certificates, answering_in_parts) as server:
        async with pool_of_one(certificates.client_context(), http1=False) as pool:

            async def check(step: int) -> None:
                await assert_serves(pool, server.url)

            await check(0)
            assert await sweep(lambda: post(pool, server.url), check) > MINIMUM_STEPS
            assert pool.stats().opened == len(server.peers) == 1


async def test_while_the_server_takes_no_more_of_an_upload(certificates: Certificates) -> None:
    """The request waits for credit, which comes when the server has read what it has got."""
    with no_leaked_sockets(), h3_server(certificates, answering_in_parts, max_stream_data=30_000) as server:
        async with pool_of_one(certificates.client_context(), http1=False) as pool:

            async def check(step: int) -> None:
                await assert_serves(pool, server.url)

            await check(0)
            assert await sweep(lambda: post(pool, server.url, 30_000), check) > MINIMUM_STEPS


async def test_while_falling_back(
    caddy_http3: CaddyServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During the head start of QUIC, and while TCP connects after it. A cancelled attempt is no failure."""
    monkeypatch.setattr(origins, "_HEAD_START", 0.02)
    monkeypatch.setattr(origins, "_TIMES_OF_TCP", 0.0)
    url = caddy_http3.https_url + "/"
    with no_leaked_sockets(), datagram_relay(caddy_http3.https_port) as relay:
        async with pool_of_one(certificates.client_context(), network_backend=AsyncDetour(relay.port)) as pool:
            await pool.request("GET", url, extensions=TIMEOUTS)
            await pool.aclose()
            versions = []

            async def get() -> None:
                relay.path = Path(blocked=True)
                response = await pool.request("GET", url, extensions=TIMEOUTS)
                versions.append(response.extensions["http_version"])

            async def check(step: int) -> None:
                relay.path = Path()
                await pool.aclose()
                monkeypatch.setattr(origins, "_HEAD_START", 20.0)
                assert pool._http3 is not None
                pool._http3.origins._failures.clear()
                await assert_serves(pool, url)
                monkeypatch.setattr(origins, "_HEAD_START", 0.02)
                await pool.aclose()

            assert await sweep(get, check) > MINIMUM_STEPS
            assert versions == [b"HTTP/1.1"]


async def test_the_request_that_does_the_handshake(certificates: Certificates) -> None:
    """Another one waits for it, and connects in its place."""
    with (
        no_leaked_sockets(),
        h3_server(certificates, answering_in_parts) as server,
        datagram_relay(server.port) as relay,
    ):
        origin = server.url.replace("localhost", "127.0.0.1")
        backend = AsyncDetour(relay.port)
        async with pool_of_one(certificates.client_context(), http1=False, network_backend=backend) as pool:

            async def both() -> None:
                async with anyio.create_task_group() as tasks:
                    leader = anyio.CancelScope()

                    async def lead() -> None:
                        with leader:
                            await post(pool, origin)

                    tasks.start_soon(lead)
                    await anyio.wait_all_tasks_blocked()
                    tasks.start_soon(post, pool, origin)
                    await anyio.wait_all_tasks_blocked()
                    leader.cancel()
                    relay.path = Path()

            for _ in range(3):
                relay.path = Path(blocked=True)
                await both()
                await assert_serves(pool, origin)
                await pool.aclose()

            async def sweep_one() -> None:
                relay.path = Path(blocked=True)
                await both()

            async def check(step: int) -> None:
                relay.path = Path()
                await assert_serves(pool, origin)
                await pool.aclose()

            assert await sweep(sweep_one, check) > MINIMUM_STEPS
