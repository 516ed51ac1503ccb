"""Cancelling a request on a shared connection at every point where it can be cancelled."""

import functools
from typing import Any

import anyio
import pytest
from httpcore_h3 import AsyncHTTP3Connection
from httpcore_models import AutoBackend, Origin
from httpcore_test_support.bodies import async_body
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_server import answering_in_parts, h3_server
from httpcore_test_support.sweep import sweep
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}}
MINIMUM_STEPS = 3


async def post(connection: AsyncHTTP3Connection, url: str) -> None:
    async with connection.stream("POST", url, content=async_body(b"one", b"two"), extensions=TIMEOUTS) as response:
        assert b"".join([part async for part in response.aiter_stream()]) == b"hello"


def assert_in_order(connection: AsyncHTTP3Connection) -> None:
    shared = connection._shared
    assert connection.is_idle()
    assert not connection._engine.streams
    assert (shared.waiting, shared.woken, shared.queue, shared.senders) == ({}, set(), {}, set())
    assert (shared.arriving, shared._reading, shared._writing) == (set(), None, None)


async def test_on_a_warm_connection(certificates: Certificates) -> None:
    """The connection is never closed, and a request beside the cancelled one completes."""
    with h3_server(certificates, answering_in_parts) as server:
        stream = await AutoBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        async with AsyncHTTP3Connection(origin, stream, certificates.client_context()) as connection:
            await post(connection, server.url + "/")

            async def check(step: int) -> None:
                assert_in_order(connection)
                await post(connection, server.url + "/")

            assert await sweep(lambda: post(connection, server.url + "/"), check) > MINIMUM_STEPS
            assert len(server.peers) == 1


def handshake_is_done(connection: AsyncHTTP3Connection) -> bool:
    connection.has_expired()  # takes in what has come
    return connection._engine.handshake_done


async def test_a_handshake_that_ends_without_its_request(certificates: Certificates) -> None:
    """What is known about the connection from then on is known to the next request."""
    with h3_server(certificates, answering_in_parts) as server:
        for turns in range(2, 6):
            stream = await AutoBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
            origin = Origin(b"https", b"localhost", server.port)
            async with AsyncHTTP3Connection(origin, stream, certificates.client_context()) as connection:
                with anyio.CancelScope() as scope:
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(post, connection, server.url + "/")
                        for _ in range(turns):
                            await anyio.lowlevel.checkpoint()
                        scope.cancel()
                if connection._engine.started:
                    await async_wait_until(functools.partial(handshake_is_done, connection))
                response = await connection.request("GET", server.url + "/", extensions=TIMEOUTS)
                assert response.extensions["connection"].cipher is not None


async def test_neighbours_live(certificates: Certificates) -> None:
    with h3_server(certificates, answering_in_parts) as server:
        stream = await AutoBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        async with AsyncHTTP3Connection(origin, stream, certificates.client_context()) as connection:
            await post(connection, server.url + "/")
            for turns in range(12):
                async with anyio.create_task_group() as tasks:
                    scopes = [anyio.CancelScope() for _ in range(3)]

                    async def cancelled(scope: anyio.CancelScope) -> None:
                        with scope:
                            await post(connection, server.url + "/")

                    for scope in scopes:
                        tasks.start_soon(cancelled, scope)
                    for _ in range(3):
                        tasks.start_soon(post, connection, server.url + "/")
                    for _ in range(turns):
                        await anyio.lowlevel.checkpoint()
                    for scope in scopes:
                        scope.cancel()
                assert_in_order(connection)


async def test_on_a_new_connection(certificates: Certificates) -> None:
    """A handshake that is cancelled can be continued by another request."""
    with h3_server(certificates, answering_in_parts) as server:
        origin = Origin(b"https", b"localhost", server.port)
        connections: list[AsyncHTTP3Connection] = []

        async def fresh() -> None:
            stream = await AutoBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
            connections.append(AsyncHTTP3Connection(origin, stream, certificates.client_context()))
            await post(connections[-1], server.url + "/")

        async def check(step: int) -> None:
            while connections:
                connection = connections.pop()
                assert_in_order(connection)
                await post(connection, server.url + "/")
                await connection.aclose()

        assert await sweep(fresh, check) > MINIMUM_STEPS
