"""Connections that leave the pool are freed at once, without the garbage collector."""

import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpcore import (
    AsyncConnectionInterface,
    AsyncConnectionPool,
    AsyncMockBackend,
    AsyncNetworkStream,
    ConnectError,
    Origin,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    WriteError,
)
from httpcore_test_support import h2_frames
from httpcore_test_support.background import AsyncBackground
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.connections import AsyncForeignConnection
from httpcore_test_support.http2_peer import Http2Peer, http2_script
from httpcore_test_support.interpreters import COUNTS_REFERENCES, KEEPS_CALLERS
from httpcore_test_support.scripted import Connection, Script, ScriptedServer, scripted_server
from httpcore_test_support.sockets import refusing_port
from httpcore_test_support.waiting import async_at_once, async_wait_until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.fault("P1"),
    pytest.mark.skipif(not COUNTS_REFERENCES, reason="only the collector frees objects"),
]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


@pytest.fixture(autouse=True)
def no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class AsyncWatchingPool(AsyncConnectionPool):
    """Counts its connections that are alive."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.made: list[weakref.ref[AsyncConnectionInterface]] = []

    def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
        connection = super().create_connection(origin)
        self.made.append(weakref.ref(connection))
        return connection

    def alive(self) -> int:
        return sum(connection() is not None for connection in self.made)


@asynccontextmanager
async def serving(
    script: Script, certificates: Certificates | None = None, **options: Any
) -> AsyncIterator[tuple[AsyncWatchingPool, ScriptedServer]]:
    tls = None if certificates is None else certificates.server_context()
    context = None if certificates is None else certificates.client_context()
    with scripted_server(script, tls=tls) as server:
        async with AsyncWatchingPool(ssl_context=context, **options) as pool:
            yield pool, server


@pytest.fixture(params=["clear", "tls"])
def tls(request: pytest.FixtureRequest, certificates: Certificates) -> Certificates | None:
    return certificates if request.param == "tls" else None


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        connection.send(OK)


def answer_once(connection: Connection) -> None:
    connection.receive_request()
    connection.send(LAST)


async def test_connections_closed_by_the_server(tls: Certificates | None) -> None:
    async with serving(answer_once, tls) as (pool, server):
        for _ in range(20):
            assert (await pool.request("GET", server.url)).content == b"hello"
            await async_wait_until(lambda: pool.alive() == 0)
        assert pool.connections == []


async def test_evicted_and_surplus_connections() -> None:
    with scripted_server(answer) as other:
        async with serving(answer, max_connections=1) as (pool, server):
            for _ in range(3):
                for url in (server.url, other.url):
                    await pool.request("GET", url)
            assert pool.alive() == 1
        async with serving(answer, max_keepalive_connections=0) as (pool, server):
            await pool.request("GET", server.url)
            assert pool.alive() == 0


async def test_connections_of_a_closed_pool(tls: Certificates | None) -> None:
    async with serving(answer, tls) as (pool, server):
        async with pool.stream("GET", server.url), pool.stream("GET", server.url):
            pass
        await pool.request("GET", server.url)
        await pool.aclose()
        await async_wait_until(lambda: pool.alive() == 0)


async def test_connections_over_http2(certificates: Certificates) -> None:
    def script(peer: Http2Peer) -> None:
        while True:
            peer.respond(peer.request())

    async with serving(http2_script(script), http1=False, http2=True) as (pool, server):
        for _ in range(3):
            assert (await pool.request("GET", server.url)).content == b"hello"
            assert pool.alive() == 1
            await pool.aclose()
            await async_wait_until(lambda: pool.alive() == 0)


@pytest.mark.skipif(KEEPS_CALLERS, reason="failed coroutines keep the frames of their callers")
@pytest.mark.parametrize("failure", ["reset", "cut", "timeout", "nonsense"])
async def test_connections_of_failed_requests(tls: Certificates | None, failure: str) -> None:
    def script(connection: Connection) -> None:
        connection.receive_request()
        if failure == "reset":
            connection.abort()
        elif failure == "cut":
            connection.send(OK[:-2])
            connection.close()
        elif failure == "nonsense":
            connection.send(b"nonsense\r\n\r\n")
        else:
            connection.hold()

    async with serving(script, tls) as (pool, server):
        for _ in range(3):
            with pytest.raises((ReadError, ReadTimeout, RemoteProtocolError)):
                await pool.request("GET", server.url, extensions={"timeout": {"read": 0.05}})
            await async_wait_until(lambda: pool.alive() == 0)


@pytest.mark.skipif(KEEPS_CALLERS, reason="failed coroutines keep the frames of their callers")
async def test_connections_never_established() -> None:
    with refusing_port() as port:
        pool = AsyncWatchingPool()
        with pytest.raises(ConnectError):
            await pool.request("GET", f"http://127.0.0.1:{port}/")
        assert pool.alive() == 0


async def test_connections_of_dropped_responses() -> None:
    def script(connection: Connection) -> None:
        connection.receive_request()
        connection.send(OK[:-2])
        connection.hold()

    async with serving(script) as (pool, server):
        async with pool.stream("GET", server.url) as response:
            pass
        assert pool.alive() == 0
        del response


class TestDropped:
    """Responses that are dropped without being closed."""

    pytestmark = pytest.mark.fault("P2")

    async def test_slot_and_socket_are_released(self, tls: Certificates | None) -> None:
        def script(connection: Connection) -> None:
            connection.receive_request()
            connection.send(OK[:-2])
            connection.hold()

        async with serving(script, tls, max_connections=1) as (pool, server):
            for _ in range(3):
                response = await pool.handle_async_request(Request("GET", server.url, headers={"Host": "h"}))
                with pytest.warns(ResourceWarning, match=f"unclosed response to GET {server.url}"):
                    del response
                assert (pool.stats().requests_active, pool.connections) == (0, [])
                await async_wait_until(lambda: server.open_connections == 0)

    async def test_request_waiting_for_the_slot_is_woken(self) -> None:
        async with serving(answer, max_connections=1) as (pool, server), AsyncBackground() as background:
            response = await pool.handle_async_request(Request("GET", server.url, headers={"Host": "h"}))
            calls = [background.start(pool.request, "GET", server.url) for _ in range(3)]
            await async_wait_until(lambda: pool.stats().requests_queued == 3)
            with pytest.warns(ResourceWarning, match="unclosed response"):
                del response
            for call in calls:
                assert (await call.result()).content == b"hello"

    async def test_stream_beside_others(self) -> None:
        def script(peer: Http2Peer) -> None:
            streams = [peer.request(), peer.request()]
            for stream_id in streams:
                peer.send(h2_frames.headers(stream_id))
            while True:
                peer.respond(peer.request())

        async with serving(http2_script(script), http1=False, http2=True, max_connections=1) as (pool, server):
            request = Request("GET", server.url, headers={"Host": "h"})
            kept, dropped = await async_at_once(*[lambda: pool.handle_async_request(request)] * 2)
            with pytest.warns(ResourceWarning, match="unclosed response"):
                del dropped
            assert pool.stats().requests_active == 1
            assert (await pool.request("GET", server.url)).content == b"hello"
            await kept.aclose()
            assert pool.stats().connections_idle == 1
            assert pool.alive() == 1

    async def test_response_after_a_refusal(self) -> None:
        def script(peer: Http2Peer) -> None:
            if not visits:
                visits.append(peer.request())
                peer.send(h2_frames.goaway(0))
            peer.send(h2_frames.headers(peer.request()))
            peer.connection.hold()

        visits: list[int] = []
        async with serving(http2_script(script), http1=False, http2=True, max_connections=1) as (pool, server):
            response = await pool.handle_async_request(Request("GET", server.url, headers={"Host": "h"}))
            with pytest.warns(ResourceWarning, match="unclosed response"):
                del response
            assert pool.stats().requests_active == 0
            assert len(pool.made) == 2
            assert pool.alive() == 1

    async def test_response_despite_a_write_error(self) -> None:
        """The server had responded before."""

        class Stream(AsyncNetworkStream):
            async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
                return received.pop(0) if received else b""

            async def write(self, buffer: bytes, timeout: float | None = None) -> None:
                if not buffer.startswith(b"PRI"):
                    raise WriteError("nobody reads")

            async def aclose(self) -> None:
                """Nothing is open."""

            def get_extra_info(self, info: str) -> Any:
                return None

        class Backend(AsyncMockBackend):
            async def connect_tcp(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
                return Stream()

        received = [h2_frames.settings(), h2_frames.headers(1)]
        async with AsyncConnectionPool(http1=False, http2=True, network_backend=Backend([])) as pool:
            response = await pool.handle_async_request(Request("GET", "http://a/", headers={"Host": "a"}))
            with pytest.warns(ResourceWarning, match="unclosed response"):
                del response
            assert pool.stats().requests_active == 0

    async def test_response_from_a_connection_of_a_users_class(self) -> None:
        class Pool(AsyncConnectionPool):
            def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
                connections.append(AsyncForeignConnection(origin))
                return connections[-1]

        connections: list[AsyncForeignConnection] = []
        async with Pool(max_connections=1) as pool:
            response = await pool.handle_async_request(Request("GET", "http://user:secret@a:81/path?query"))
            with pytest.warns(ResourceWarning, match=r"^unclosed response to GET http://a:81/path$"):
                del response
            assert pool.stats().requests_active == 0
            assert (await pool.request("GET", "http://a:81/")).status == 200
            assert [connection.closed for connection in connections] == [1, 0]

    async def test_collected_reservation_releases_its_slot(self) -> None:
        """It does so even if the response has lost its lease."""
        async with serving(answer, max_connections=1) as (pool, server):
            response = await pool.handle_async_request(Request("GET", server.url, headers={"Host": "h"}))
            await response.aread()
            body: Any = response.stream
            body.lease = None
            assert pool.stats().requests_active == 0
            await response.aclose()
            assert (await pool.request("GET", server.url, extensions={"timeout": {"pool": 0.0}})).status == 200


@pytest.mark.fault("P2")
class TestHalfRead:
    """Leaving a loop over a body drops the iterator, perhaps while the response is still referenced."""

    @pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
    async def test_exchange_ends(self, protocol: str) -> None:
        def http1(connection: Connection) -> None:
            connection.receive_until(b"\r\n\r\n")
            connection.send(OK if connection.index else b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            connection.hold()

        def http2(peer: Http2Peer) -> None:
            stream_id = peer.request()
            peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"hello"))
            while True:
                peer.respond(peer.request())

        is_http2 = protocol == "HTTP/2"
        script = http2_script(http2) if is_http2 else http1
        async with serving(script, http1=not is_http2, http2=is_http2, max_connections=1) as (pool, server):
            response = await pool.handle_async_request(Request("GET", server.url, headers={"Host": "h"}))
            parts = response.stream.__aiter__()  # type: ignore[union-attr]
            assert await parts.__anext__() == b"hello"
            del parts
            await async_wait_until(lambda: not pool.stats().requests_active)
            assert (await pool.request("GET", server.url, extensions={"timeout": {"pool": 0.0}})).content == b"hello"
            with pytest.raises(ReadError, match="closed"):
                async for _ in response.stream:  # type: ignore[union-attr]
                    pass
            await response.aclose()

    @pytest.mark.upgrade("4.12")
    async def test_iterator_can_be_closed(self) -> None:
        def script(connection: Connection) -> None:
            connection.receive_request()
            connection.send(OK[:-2])
            connection.hold()

        async with serving(script) as (pool, server):
            response = await pool.handle_async_request(Request("GET", server.url, headers={"Host": "h"}))
            parts: Any = response.stream.__aiter__()  # type: ignore[union-attr]
            await parts.aclose()  # not started yet
            await parts.__anext__()
            assert pool.stats().requests_active == 1
            await parts.aclose()
            await parts.aclose()
            assert pool.stats().requests_active == 0
            await response.aclose()

    async def test_unstarted_iterator_ends_nothing(self) -> None:
        async with serving(answer) as (pool, server):
            response = await pool.handle_async_request(Request("GET", server.url, headers={"Host": "h"}))
            response.stream.__aiter__()  # type: ignore[union-attr]
            assert await response.aread() == b"hello"
            await response.aclose()

    async def test_closing_the_response_tells_the_server(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.request()
            peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"hello"))
            resets.append(peer.next(h2_frames.RstStreamFrame).stream_id)
            peer.connection.hold()

        resets: list[int] = []
        async with serving(http2_script(script), http1=False, http2=True) as (pool, server):
            response = await pool.handle_async_request(Request("GET", server.url, headers={"Host": "h"}))
            async for _ in response.stream:  # type: ignore[union-attr]
                break
            await response.aclose()
            await async_wait_until(lambda: resets == [1])

    async def test_response_from_a_connection_of_a_users_class(self) -> None:
        class Pool(AsyncConnectionPool):
            def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
                return AsyncForeignConnection(origin)

        async with Pool(max_connections=1) as pool:
            response = await pool.handle_async_request(Request("GET", "http://a:81/"))
            async for _ in response.stream:  # type: ignore[union-attr]
                break
            assert pool.stats().requests_active == 0
            await response.aclose()
