"""Requests that are started together leave in the same datagrams, which one task sends for all."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from httpcore_h3 import AsyncHTTP3Connection
from httpcore_models import AutoBackend, ConnectionNotAvailable, NetworkError, Origin
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_server import H3Server, Peer, answering, h3_server
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}


def all_but_the_second(peer: Peer, stream_id: int) -> None:
    if stream_id != 4:
        answering(peer, stream_id)


async def all_is_quiet(connection: AsyncHTTP3Connection) -> None:
    """Wait until neither side has anything to repeat or to acknowledge."""
    shared = connection._shared
    while shared.engine.output_pending or shared.engine.timer < time.monotonic() + 5.0:
        await shared.flush_quietly(5.0)
        await anyio.sleep(0.01)
        shared.catch_up()


@asynccontextmanager
async def warm(certificates: Certificates) -> AsyncIterator[tuple[AsyncHTTP3Connection, H3Server]]:
    with h3_server(certificates, all_but_the_second) as server:
        stream = await AutoBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        async with AsyncHTTP3Connection(origin, stream, certificates.client_context()) as connection:
            await connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            await all_is_quiet(connection)
            yield connection, server


@pytest.mark.parametrize("is_read_already", [False, True])
async def test_what_is_lost_is_sent_again_although_its_sender_is_busy_elsewhere(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, is_read_already: bool
) -> None:
    async with warm(certificates) as (connection, server), anyio.create_task_group() as tasks:
        sent: list[int] = []

        async def send(datagrams: Sequence[bytes], timeout: float | None = None) -> None:
            sent.append(len(datagrams))

        async def slow() -> AsyncIterator[bytes]:
            await anyio.sleep(20)
            yield b"never sent"

        async def get() -> None:
            await connection.request("GET", server.url + "/", extensions=TIMEOUTS)

        async def post() -> None:
            await connection.request("POST", server.url + "/", content=slow(), extensions=TIMEOUTS)

        if is_read_already:
            tasks.start_soon(get)
            await async_wait_until(lambda: connection._engine.opened > 1)
            await all_is_quiet(connection)
        server.deaf = True
        monkeypatch.setattr(connection._shared.network_stream, "send", send)
        tasks.start_soon(post)
        tasks.start_soon(get)
        await async_wait_until(lambda: len(sent) > 1, timeout=2.0)
        tasks.cancel_scope.cancel()


def has_been_told(server: H3Server) -> bool:
    return server.peers[0].closed is not None


async def test_the_server_is_told_of_the_end_while_requests_gather(certificates: Certificates) -> None:
    for turns in range(4):
        async with warm(certificates) as (connection, server), anyio.create_task_group() as tasks:

            async def get(connection: AsyncHTTP3Connection = connection, url: str = server.url) -> None:
                with contextlib.suppress(NetworkError, ConnectionNotAvailable):
                    await connection.request("GET", url, extensions=TIMEOUTS)

            async def close(connection: AsyncHTTP3Connection = connection, turns: int = turns) -> None:
                for _ in range(turns):
                    await anyio.lowlevel.checkpoint()
                await connection.aclose()

            for function in (get, get, close):
                tasks.start_soon(function)
            await async_wait_until(functools.partial(has_been_told, server), timeout=2.0)
