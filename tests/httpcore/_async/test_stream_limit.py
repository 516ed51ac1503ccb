"""HTTP/2 connections whose servers allow few requests at a time. Without a pool, requests wait, as in 1.0.9."""

import threading
from typing import Any

import pytest
from httpcore import AsyncHTTPConnection, ConnectionNotAvailable, Origin, PoolTimeout
from httpcore_test_support import h2_frames
from httpcore_test_support.background import AsyncBackground
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.scripted import Connection, Script, ScriptedServer, scripted_server
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

MAX_CONCURRENT_STREAMS = 3
LIMIT = {MAX_CONCURRENT_STREAMS: 1}


def connection_to(server: ScriptedServer) -> AsyncHTTPConnection:
    return AsyncHTTPConnection(Origin(b"http", b"127.0.0.1", server.port), http1=False, http2=True)


def holding_the_second(finish: threading.Event) -> Script:
    """Respond to every request. The second response ends when `finish` is set."""

    def script(peer: Http2Peer) -> None:
        peer.respond(peer.request())
        number = peer.request()
        peer.send(h2_frames.headers(number))
        peer.connection.wait(finish)
        peer.send(h2_frames.data(number, b"held", end_stream=True))
        answering(peer)

    return http2_script(script, LIMIT)


@pytest.mark.fault("P20")
async def test_requests_wait_for_a_stream() -> None:
    finish = threading.Event()
    with scripted_server(holding_the_second(finish)) as server:
        async with connection_to(server) as connection, AsyncBackground() as background:
            assert connection.stream_limit is None
            assert (await connection.request("GET", server.url)).content == b"hello"
            assert connection.stream_limit == 1
            async with connection.stream("GET", server.url) as response:
                calls = [background.start(connection.request, "GET", server.url) for _ in range(3)]
                with pytest.raises(PoolTimeout):
                    await connection.request("GET", server.url, extensions={"timeout": {"pool": 0.05}})
                assert not any(call.done for call in calls)
                finish.set()
                assert await response.aread() == b"held"
            for call in calls:
                assert (await call.result()).content == b"hello"
        assert len(server.connections) == 1


@pytest.mark.fault("P20")
async def test_requests_of_a_pool_do_not_wait() -> None:
    finish = threading.Event()
    with scripted_server(holding_the_second(finish)) as server:
        async with connection_to(server) as connection:
            await connection.request("GET", server.url)
            connection.on_capacity_change = lambda: None
            async with connection.stream("GET", server.url):
                with pytest.raises(ConnectionNotAvailable, match=r"^The server allows no further stream"):
                    await connection.request("GET", server.url)
                finish.set()


@pytest.mark.fault("P5", "P8")
@pytest.mark.parametrize("early", [True, False])
async def test_pool_is_notified_of_changes(early: bool) -> None:
    changes: list[Any] = []

    def raise_limit(connection: Connection) -> None:
        def script(peer: Http2Peer) -> None:
            peer.respond(peer.request())
            number = peer.request()
            peer.send(h2_frames.settings({MAX_CONCURRENT_STREAMS: 7}))
            peer.respond(number)
            answering(peer)

        run = http2_script(script, LIMIT)
        assert callable(run)
        run(connection)

    with scripted_server(raise_limit) as server:
        async with connection_to(server) as connection:
            if early:
                connection.on_capacity_change = lambda: changes.append(connection.stream_limit)
                connection.assume_stream_limit(3)
            await connection.request("GET", server.url)
            if not early:
                connection.on_capacity_change = lambda: changes.append(connection.stream_limit)
                connection.assume_stream_limit(3)
            await connection.request("GET", server.url)
            await async_wait_until(lambda: connection.stream_limit == 7)
            assert 7 in changes
