"""Requests on a connection of a pool whose server has yet to allow another stream (RFC 9000 section 4.6)."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import pytest
from httpcore_h3 import AsyncHTTP3Connection, HTTP3Connection
from httpcore_h3._engine import Engine
from httpcore_h3._qh3 import QUIC
from httpcore_models import AutoBackend, ConnectionNotAvailable, Origin, PoolTimeout, ReadTimeout, SyncBackend
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_server import H3Server, answering, h3_server
from httpcore_test_support.waiting import async_wait_until, wait_until

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}


class Credit:
    """What the client learns of how many streams the server allows. It begins with one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.limit = 1
        allowed = QUIC.stream_limit.fget  # type: ignore[attr-defined]
        monkeypatch.setattr(QUIC, "stream_limit", property(lambda quic: min(allowed(quic), self.limit)))

    def arrive(self, server: H3Server, limit: int) -> None:
        """Let the client learn it with the next datagram."""
        self.limit = limit
        server.call(lambda: server.peers[0].quic.send_ping(1))


@pytest.fixture
def credit(monkeypatch: pytest.MonkeyPatch) -> Credit:
    return Credit(monkeypatch)


@asynccontextmanager
async def used_up(
    certificates: Certificates, changes: list[None]
) -> AsyncIterator[tuple[AsyncHTTP3Connection, H3Server]]:
    """A connection of a pool that has carried one request. `changes` notes its calls of the pool."""
    with h3_server(certificates, answering) as server:
        stream = await AutoBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        async with AsyncHTTP3Connection(origin, stream, certificates.client_context()) as connection:
            connection.on_capacity_change = lambda: changes.append(None)
            await connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            yield connection, server


@pytest.mark.parametrize("content", [b"", b"abc", b"abc" * 50_000], ids=["none", "small", "large"])
async def test_it_waits_for_the_server_and_leaves(certificates: Certificates, credit: Credit, content: bytes) -> None:
    async with used_up(certificates, []) as (connection, server), anyio.create_task_group() as tasks:
        assert connection.is_available()
        assert connection.request_capacity == 1
        bodies: list[bytes] = []

        async def send() -> None:
            response = await connection.request("PUT", server.url + "/", content=content, extensions=TIMEOUTS)
            bodies.append(response.content)

        tasks.start_soon(send)
        await async_wait_until(lambda: bool(connection._engine.requests))
        assert not connection.is_available()
        with pytest.raises(ConnectionNotAvailable, match="allows no further stream"):
            await connection.request("GET", server.url + "/", extensions=TIMEOUTS)
        credit.arrive(server, 2)
        await async_wait_until(lambda: bool(bodies))
        assert bodies == [b"hello"]
        assert server.request(4).body == content


async def test_a_traced_request_tells_when_it_leaves(certificates: Certificates, credit: Credit) -> None:
    async with used_up(certificates, []) as (connection, server), anyio.create_task_group() as tasks:
        events: list[str] = []

        async def trace(name: str, info: dict[str, Any]) -> None:
            events.append(name)

        async def send() -> None:
            await connection.request("GET", server.url + "/", extensions={**TIMEOUTS, "trace": trace})

        tasks.start_soon(send)
        await async_wait_until(lambda: bool(connection._shared.waiting) or connection._shared._reading is not None)
        assert events == []
        credit.arrive(server, 2)
    assert events[0] == "http3.send_request_headers.started"


@pytest.mark.parametrize("content", [b"", b"abc"])
async def test_it_does_not_wait_for_long(
    certificates: Certificates, credit: Credit, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(Engine, "credit_patience", 0.05)
    changes: list[None] = []
    async with used_up(certificates, changes) as (connection, server):
        with pytest.raises(ConnectionNotAvailable, match="allow"):
            await connection.request("PUT", server.url + "/", content=content, extensions=TIMEOUTS)
        assert not connection.is_available()
        assert connection.request_capacity == 0
        assert connection.has_expired()
        changes.clear()
        credit.arrive(server, 2)
        connection.has_expired()
        await async_wait_until(lambda: not connection.has_expired())
        assert connection.is_available()
        response = await connection.request("GET", server.url + "/", extensions=TIMEOUTS)
        assert response.content == b"hello"


@pytest.mark.parametrize("contents", [(b"abc", b"abc"), (b"", b"abc"), (b"abc", b"")])
async def test_nor_if_the_server_has_allowed_a_stream_for_another(
    certificates: Certificates, credit: Credit, monkeypatch: pytest.MonkeyPatch, contents: tuple[bytes, bytes]
) -> None:
    credit.limit = 2
    async with used_up(certificates, []) as (connection, server):
        await connection.request("GET", server.url + "/", extensions=TIMEOUTS)
        monkeypatch.setattr(Engine, "credit_patience", 0.3)
        ends: list[str] = []

        async def send(content: bytes) -> None:
            try:
                await connection.request("PUT", server.url + "/", content=content, extensions=TIMEOUTS)
                ends.append("answered")
            except ConnectionNotAvailable:
                ends.append("not available")

        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                requests = connection._engine.requests
                tasks.start_soon(send, contents[0])
                await async_wait_until(lambda: len(requests) == 1)
                tasks.start_soon(send, contents[1])
                await async_wait_until(lambda: len(requests) == 2)
                credit.arrive(server, 3)
        assert ends == ["answered", "not available"]


@pytest.mark.parametrize("content", [b"", b"abc"])
async def test_the_limit_for_connections_of_the_pool_does_not_end_the_wait(
    certificates: Certificates, credit: Credit, content: bytes
) -> None:
    async with used_up(certificates, []) as (connection, server), anyio.create_task_group() as tasks:
        statuses: list[int] = []

        async def send() -> None:
            extensions: dict[str, Any] = {"timeout": {"read": 20.0, "pool": 0.0}}
            response = await connection.request("PUT", server.url + "/", content=content, extensions=extensions)
            statuses.append(response.status)

        tasks.start_soon(send)
        await async_wait_until(lambda: connection._shared._reading is not None)
        credit.arrive(server, 2)
        await async_wait_until(lambda: bool(statuses))
        assert statuses == [200]


@pytest.mark.parametrize(("content", "error"), [(b"", ReadTimeout), (b"abc", PoolTimeout)])
async def test_the_limit_of_the_whole_request_ends_the_wait(
    certificates: Certificates, credit: Credit, content: bytes, error: type[Exception]
) -> None:
    async with used_up(certificates, []) as (connection, server):
        extensions: dict[str, Any] = {"timeout": {"pool": 20.0, "total": 0.1}}
        with pytest.raises(error, match=r"within the total limit of 0\.1 seconds"):
            await connection.request("PUT", server.url + "/", content=content, extensions=extensions)
        assert not connection._engine.overdue


async def test_a_read_timeout_does_not_end_the_wait(
    certificates: Certificates, credit: Credit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has left that might be answered: the pool can use another connection."""
    monkeypatch.setattr(Engine, "credit_patience", 0.3)
    extensions: dict[str, Any] = {"timeout": {"read": 0.1}}
    async with used_up(certificates, []) as (connection, server):
        with pytest.raises(ConnectionNotAvailable, match="allowed no further stream"):
            await connection.request("GET", server.url + "/", extensions=extensions)
        credit.arrive(server, 2)
        await async_wait_until(lambda: not connection.has_expired())
        assert (await connection.request("GET", server.url + "/", extensions=extensions)).content == b"hello"


@pytest.mark.parametrize("limits", [{"read": 0.0}, {"total": 0.05}, {"read": 0.02, "total": 0.05}])
async def test_a_timeout_says_that_nothing_was_sent(
    certificates: Certificates, credit: Credit, limits: dict[str, float]
) -> None:
    async with used_up(certificates, []) as (connection, server):
        extensions: dict[str, Any] = {"timeout": limits}
        with pytest.raises(ReadTimeout, match="the server allowed no stream for the request"):
            await connection.request("GET", server.url + "/", extensions=extensions)
        assert not connection._engine.blocked
        assert not connection._engine.requests


async def test_the_server_is_not_taken_for_dead_then(certificates: Certificates, credit: Credit) -> None:
    """It was asked for nothing. So others go on waiting, and leave."""
    credit.limit = 2
    async with used_up(certificates, []) as (connection, server), anyio.create_task_group() as tasks:
        await connection.request("GET", server.url + "/", extensions=TIMEOUTS)
        bodies: list[bytes] = []

        async def send() -> None:
            bodies.append((await connection.request("GET", server.url + "/", extensions=TIMEOUTS)).content)

        tasks.start_soon(send)
        # Until the server is silent.
        await anyio.sleep(0.1)
        with pytest.raises(ReadTimeout):
            await connection.request("GET", server.url + "/", extensions={"timeout": {"total": 0.1}})
        assert connection.is_available()
        credit.arrive(server, 3)
        await async_wait_until(lambda: bool(bodies))
        assert bodies == [b"hello"]


@pytest.mark.parametrize("content", [b"", b"abc"])
async def test_a_cancelled_request_does_not_leave(
    certificates: Certificates, credit: Credit, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    async with used_up(certificates, []) as (connection, server):
        # What brings the credit is there, and the stream returns it without waiting.
        stream: Any = connection._shared.network_stream
        receive = stream.receive
        arrived: list[tuple[bytes, int]] = []

        async def receive_at_once(timeout: float | None = None) -> tuple[bytes, int]:
            return arrived.pop() if arrived else await receive(timeout)

        monkeypatch.setattr(stream, "receive", receive_at_once)
        credit.arrive(server, 2)
        arrived.append(await receive(5.0))
        assert connection._engine.limit == 1
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connection.request("PUT", server.url + "/", content=content, extensions=TIMEOUTS)
        assert scope.cancelled_caught
        assert (connection._engine.opened, connection._engine.requests) == (1, set())
        assert connection.has_expired() is False
        assert (await connection.request("GET", server.url + "/", extensions=TIMEOUTS)).content == b"hello"


async def test_without_a_pool_it_waits_up_to_the_timeout(
    certificates: Certificates, credit: Credit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "credit_patience", 0.01)
    async with used_up(certificates, []) as (connection, server):
        connection.on_capacity_change = None
        with pytest.raises(PoolTimeout, match="no stream to"):
            await connection.request("GET", server.url + "/", extensions={"timeout": {"pool": 0.1}})
        credit.arrive(server, 2)
        assert (await connection.request("GET", server.url + "/", extensions=TIMEOUTS)).content == b"hello"


async def test_closing_gives_it_back_to_the_pool(certificates: Certificates, credit: Credit) -> None:
    async with used_up(certificates, []) as (connection, server), anyio.create_task_group() as tasks:

        async def close() -> None:
            await async_wait_until(lambda: bool(connection._engine.blocked))
            await connection.aclose()

        tasks.start_soon(close)
        with pytest.raises(ConnectionNotAvailable, match="closed"):
            await connection.request("GET", server.url + "/", extensions=TIMEOUTS)


async def test_an_idle_connection_is_kept_while_credit_may_come(
    certificates: Certificates, credit: Credit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with used_up(certificates, []) as (connection, _):
        assert not connection.has_expired()
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 1.5)
        assert connection.has_expired()


@contextmanager
def used_up_by_threads(certificates: Certificates) -> Iterator[tuple[HTTP3Connection, H3Server]]:
    with h3_server(certificates, answering) as server:
        stream = SyncBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        with HTTP3Connection(origin, stream, certificates.client_context()) as connection:
            connection.on_capacity_change = lambda: None
            connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            yield connection, server


@pytest.mark.parametrize("content", [b"", b"abc"])
def test_a_thread_waits_for_the_server(certificates: Certificates, credit: Credit, content: bytes) -> None:
    with used_up_by_threads(certificates) as (connection, server):
        bodies: list[bytes] = []

        def send() -> None:
            response = connection.request("PUT", server.url + "/", content=content, extensions=TIMEOUTS)
            bodies.append(response.content)

        thread = threading.Thread(target=send)
        thread.start()
        wait_until(lambda: connection._shared._reading is not None)
        credit.arrive(server, 2)
        thread.join(20)
        assert bodies == [b"hello"]


def test_a_thread_does_not_wait_for_long(
    certificates: Certificates, credit: Credit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "credit_patience", 0.05)
    with used_up_by_threads(certificates) as (connection, server):
        with pytest.raises(ConnectionNotAvailable, match="allowed no further stream"):
            connection.request("GET", server.url + "/", extensions=TIMEOUTS)
        assert not connection.is_available()
