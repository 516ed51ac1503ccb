"""HTTP/2 in a pool: protocols, further connections, retries, and misbehaving servers."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpcore import AsyncConnectionPool, AsyncHTTPConnection, Origin, ReadTimeout, RemoteProtocolError
from httpcore_test_support import h2_frames
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.scripted import Connection, Script, ScriptedServer, scripted_server
from httpcore_test_support.waiting import async_at_once, async_wait_until
from hyperframe.frame import HeadersFrame, RstStreamFrame

pytestmark = pytest.mark.anyio

MAX_CONCURRENT_STREAMS = 3
REFUSED_STREAM, PROTOCOL_ERROR = 7, 1
TIMEOUTS = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}


@asynccontextmanager
async def serving(script: Script, **options: Any) -> AsyncIterator[tuple[AsyncConnectionPool, ScriptedServer]]:
    with scripted_server(script) as server:
        pool = AsyncConnectionPool(http1=False, http2=True, **options)
        async with pool:
            yield pool, server
        server.raise_failures()


async def get(pool: AsyncConnectionPool, server: ScriptedServer, method: str = "GET", **arguments: Any) -> bytes:
    return (await pool.request(method, server.url, extensions=TIMEOUTS, **arguments)).content


class TestProtocols:
    @pytest.mark.field(53)
    @pytest.mark.parametrize(
        ("options", "offered", "spoken"),
        [
            ({"http2": True}, ["h2", "http/1.1"], b"HTTP/2"),
            ({"http1": False, "http2": True}, ["h2"], b"HTTP/2"),
            ({}, ["http/1.1"], b"HTTP/1.1"),
        ],
    )
    async def test_protocols(
        self, certificates: Certificates, options: dict[str, Any], offered: list[str], spoken: bytes
    ) -> None:
        """The server prefers the client's first choice."""
        client, server_context = certificates.client_context(), certificates.server_context()
        server_context.set_alpn_protocols(offered)
        chosen: list[str | None] = []

        def script(connection: Connection) -> None:
            chosen.append(connection._socket.selected_alpn_protocol())  # type: ignore[attr-defined]
            if chosen[-1] == "h2":
                peer = Http2Peer(connection)
                peer.start()
                peer.respond(peer.request())
            else:
                connection.receive_request()
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

        with scripted_server(script, tls=server_context) as server:
            pool = AsyncConnectionPool(ssl_context=client, **options)
            async with pool:
                response = await pool.request("GET", server.url, extensions=TIMEOUTS)
                assert (response.content, response.extensions["http_version"]) == (b"hello", spoken)
        assert chosen == [offered[0]]

    @pytest.mark.field(53)
    @pytest.mark.parametrize(
        ("options", "offered"),
        [
            ({"http2": True}, ["h2", "http/1.1"]),
            ({"http1": False, "http2": True}, ["h2"]),
            ({"http1": True, "http2": False}, ["http/1.1"]),
        ],
    )
    async def test_order_of_the_offered_protocols(self, options: dict[str, Any], offered: list[str]) -> None:
        class Context:
            def set_alpn_protocols(self, protocols: list[str]) -> None:
                self.protocols = protocols

        context = Context()
        origin = Origin(b"https", b"localhost", 443)
        backend = AsyncRecordingBackend([b""])
        connection = AsyncHTTPConnection(origin, context, network_backend=backend, **options)  # type: ignore[arg-type]
        with pytest.raises(RemoteProtocolError):
            await connection.request("GET", "https://localhost/")
        assert context.protocols == offered
        await connection.aclose()


class TestConnections:
    async def test_requests_share_one_connection(self) -> None:
        async with serving(http2_script(answering)) as (pool, server):
            assert await async_at_once(*[lambda: get(pool, server)] * 20) == [b"hello"] * 20
            assert len(server.connections) == 1
            assert pool.stats().connections_idle == 1

    @pytest.mark.fault("P26")
    async def test_a_burst_beyond_the_limit_of_a_new_origin_opens_few_connections(self) -> None:
        """The limit arrives before the first response. The origin is not taken for one that speaks HTTP/1.1."""
        peers: list[Http2Peer] = []

        def script(connection: Connection) -> None:
            peers.append(peer := Http2Peer(connection))
            streams = [peer.request() for _ in range(10)] if len(peers) == 1 else []
            peer.start({MAX_CONCURRENT_STREAMS: 10})  # until the acknowledgement, on the first connection
            if streams:
                connection.wait(others_opened)
            for stream_id in streams:
                peer.respond(stream_id)
            answering(peer)

        others_opened = threading.Event()
        async with serving(script, max_connections=100) as (pool, server):

            async def follow() -> bytes:
                await async_wait_until(lambda: peers)
                content = await get(pool, server)
                others_opened.set()
                return content

            assert await async_at_once(lambda: get(pool, server), *[follow] * 29) == [b"hello"] * 30
            assert len(server.connections) < 7

    async def test_another_connection_is_opened_at_the_stream_limit(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.respond(peer.request())
            for _ in range(2):
                peer.send(h2_frames.headers(peer.request()))
            answering(peer)

        async with serving(http2_script(script, {MAX_CONCURRENT_STREAMS: 2}), max_connections=2) as (pool, server):
            assert await get(pool, server) == b"hello"
            async with (
                pool.stream("GET", server.url, extensions=TIMEOUTS),
                pool.stream("GET", server.url, extensions=TIMEOUTS),
            ):
                assert await get(pool, server) == b"hello"
                assert len(server.connections) == 2
            assert await get(pool, server) == b"hello"
            assert len(server.connections) == 2

    @pytest.mark.field(41)
    async def test_requests_wait_at_both_limits(self) -> None:
        async with serving(http2_script(answering, {MAX_CONCURRENT_STREAMS: 2}), max_connections=1) as (pool, server):
            assert await get(pool, server) == b"hello"
            assert await async_at_once(*[lambda: get(pool, server)] * 30) == [b"hello"] * 30
            assert len(server.connections) == 1
            assert pool.stats().reused == 30, "each request got the connection once"

    @pytest.mark.field(41)
    async def test_a_waiting_request_gets_the_stream_of_a_response_that_is_complete_but_not_read(self) -> None:
        queued = threading.Event()
        responses: list[int] = []

        def script(peer: Http2Peer) -> None:
            peer.respond(peer.request())
            stream_id = peer.request()
            assert queued.wait(20)
            peer.respond(stream_id)
            answering(peer)

        async def hold() -> bytes:
            async with pool.stream("GET", server.url, extensions=TIMEOUTS) as response:
                responses.append(response.status)
                await async_wait_until(lambda: len(responses) == 2)
                return await response.aread()

        async def release() -> bytes:
            await async_wait_until(lambda: pool.stats().requests_queued == 1)
            queued.set()
            return b""

        async with serving(http2_script(script, {MAX_CONCURRENT_STREAMS: 1}), max_connections=1) as (pool, server):
            assert await get(pool, server) == b"hello"
            assert await async_at_once(hold, hold, release) == [b"hello", b"hello", b""]
            assert len(server.connections) == 1

    @pytest.mark.field(38)
    @pytest.mark.field(40)
    async def test_next_request_after_goaway_opens_a_connection(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.request()
            peer.send(h2_frames.headers(stream_id, 200, end_stream=True), h2_frames.goaway(stream_id))

        async with serving(http2_script(script), max_connections=1) as (pool, server):
            for number in range(1, 4):
                assert await get(pool, server, "POST", content=iter_once()) == b""
                assert len(server.connections) == number

    @pytest.mark.field(48)
    async def test_next_request_opens_a_connection_when_stream_ids_run_out(self) -> None:
        async with serving(http2_script(answering), max_connections=1) as (pool, server):
            assert await get(pool, server) == b"hello"
            connection: Any = pool.connections[0]
            connection._connection._engine.streams.next_id = 2**31 - 1
            assert await get(pool, server) == b"hello"
            assert await get(pool, server) == b"hello"
            assert len(server.connections) == 2


async def iter_once() -> AsyncIterator[bytes]:
    """A body that can be sent only once."""
    yield b"one"
    yield b"two"


def unprocessed(kind: str, stream_id: int) -> list[bytes]:
    """Return frames by which a server says that it did not process a request."""
    return [h2_frames.goaway(0) if kind == "goaway" else h2_frames.rst_stream(stream_id, REFUSED_STREAM)]


@pytest.mark.field(35)
@pytest.mark.field(39)
@pytest.mark.parametrize("kind", ["goaway", "refused"])
class TestRetries:
    async def test_unprocessed_request_is_retried(self, kind: str) -> None:
        def script(connection: Connection) -> None:
            peer = Http2Peer(connection)
            peer.start()
            stream_id = peer.request()
            if connection.index == 0:
                peer.send(*unprocessed(kind, stream_id))
                if kind == "refused":
                    peer.respond(peer.request())
            else:
                peer.respond(stream_id)
            assert b"".join(frame.data for frame in peer.received(h2_frames.DataFrame)).endswith(b"data")
            peer.connection.hold()

        async with serving(script) as (pool, server):
            assert await get(pool, server, "POST", content=b"data") == b"hello"
            assert len(server.connections) == (2 if kind == "goaway" else 1), (
                "without a GOAWAY, the connection is used again"
            )

    async def test_request_with_a_spent_body_is_not_retried(self, kind: str) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(*unprocessed(kind, peer.request()))

        async with serving(http2_script(script)) as (pool, server):
            with pytest.raises(RemoteProtocolError):
                await get(pool, server, "POST", content=iter_once())
            assert len(server.connections) == 1

    @pytest.mark.fault("P3")
    async def test_six_retries(self, kind: str) -> None:
        requests = []

        def script(peer: Http2Peer) -> None:
            while True:
                stream_id = peer.request()
                requests.append(stream_id)
                peer.send(*unprocessed(kind, stream_id))

        async with serving(http2_script(script)) as (pool, server):
            with pytest.raises(RemoteProtocolError):
                await get(pool, server)
            assert len(requests) == 7
            assert len(server.connections) == (7 if kind == "goaway" else 1)
            assert pool.stats().requests_active == 0


class TestConcurrentRetries:
    @pytest.mark.field(37)
    async def test_only_streams_above_the_last_one_are_retried(self) -> None:
        """The response ends after the GOAWAY."""

        def script(connection: Connection) -> None:
            peer = Http2Peer(connection)
            peer.start()
            if connection.index:
                answering(peer)
            peer.request()
            peer.request()
            peer.send(h2_frames.goaway(1))
            peer.connection.shutdown_write()

        async with serving(script) as (pool, server):

            async def attempt() -> Any:
                try:
                    return await get(pool, server)
                except RemoteProtocolError as exc:
                    return "Server disconnected after" in str(exc)

            assert sorted(await async_at_once(attempt, attempt), key=str) == [True, b"hello"]

    async def test_retries_share_the_new_connection(self) -> None:
        def script(connection: Connection) -> None:
            peer = Http2Peer(connection)
            peer.start()
            if connection.index:
                answering(peer)
            for _ in range(10):
                peer.request()
            peer.send(h2_frames.goaway(0))
            peer.connection.hold()

        async with serving(script, max_connections=3) as (pool, server):
            assert await async_at_once(*[lambda: get(pool, server)] * 10) == [b"hello"] * 10
            assert len(server.connections) == 2

    @pytest.mark.fault("P3")
    async def test_server_whose_connections_carry_one_request_each(self) -> None:
        def script(connection: Connection) -> None:
            peer = Http2Peer(connection)
            peer.start()
            first, *_ = [peer.request() for _ in range(20 - connection.index)]
            peer.send(h2_frames.goaway(first))
            peer.respond(first)

        async with serving(script, max_connections=1) as (pool, server):
            assert await async_at_once(*[lambda: get(pool, server)] * 20) == [b"hello"] * 20
            assert len(server.connections) == 20

    @pytest.mark.field(16)
    async def test_connection_dies_as_it_is_reused(self) -> None:
        def script(connection: Connection) -> None:
            peer = Http2Peer(connection)
            peer.start()
            peer.respond(peer.request())
            if connection.index == 0:
                peer.request()
                connection.abort()
            else:
                answering(peer)

        async with serving(script) as (pool, server):
            assert await get(pool, server) == b"hello"
            assert await get(pool, server) == b"hello"
            assert len(server.connections) == 2


class TestHostileServers:
    @pytest.mark.parametrize(
        ("frames", "text"),
        [
            ([h2_frames.frame(2, 0, 1, bytes(5))] * 20_000, "in a row that transfer nothing"),
            ([h2_frames.push_promise(1, 2)], "push is disabled"),
            ([h2_frames.data(7, b"?")], "stream 7, which is not open"),
            ([h2_frames.frame(0, 0, 1, bytes(65_537))], "length 65537, max 65536"),
            ([h2_frames.headers(1, 200, (b"Upper", b"case"), end_stream=True)], "invalid header name"),
            ([h2_frames.headers(1, 200, (b"connection", b"close"), end_stream=True)], "connection-specific"),
            ([h2_frames.headers(1, None, (b"x", b"y"), end_stream=True)], "':status'"),
            (
                [h2_frames.headers(1, 200, (b"content-length", b"5")), h2_frames.data(1, b"1", True)],
                "5 bytes, received 1",
            ),
        ],
        ids=["flood", "push", "idle stream", "large frame", "upper case", "connection", "no status", "length"],
    )
    async def test_error_is_named_and_the_pool_recovers(self, frames: list[bytes], text: str) -> None:
        def script(connection: Connection) -> None:
            peer = Http2Peer(connection)
            peer.start()
            if connection.index == 0:
                peer.request()
                peer.send(*frames)
            answering(peer)

        async with serving(script, max_connections=1) as (pool, server):
            with pytest.raises(RemoteProtocolError, match=text):
                await get(pool, server)
            assert await get(pool, server) == b"hello"

    async def test_response_in_http1_is_named(self) -> None:
        def script(connection: Connection) -> None:
            connection.receive()
            connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        async with serving(script) as (pool, server):
            text = r"HTTP/1 instead of HTTP/2: 'HTTP/1\.1 400 Bad Request' \(.*127\.0\.0\.1:\d+\)$"
            with pytest.raises(RemoteProtocolError, match=text):
                await get(pool, server)
            assert not pool.connections


async def test_timeout_leaves_the_pool_usable() -> None:
    def script(connection: Connection) -> None:
        peer = Http2Peer(connection)
        peer.start()
        if connection.index == 0:
            peer.next(HeadersFrame)
            peer.next(RstStreamFrame)
        answering(peer)

    async with serving(script, max_connections=1) as (pool, server):
        with pytest.raises(ReadTimeout):
            await pool.request("GET", server.url, extensions={"timeout": {"read": 0.05}})
        # Over the same connection if the server's settings have arrived meanwhile: it is alive.
        assert await get(pool, server) == b"hello"
