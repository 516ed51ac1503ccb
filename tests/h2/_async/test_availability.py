"""What a connection tells a pool, and what requests do that wait for a stream without a pool."""

import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from httpcore_models import (
    URL,
    ConnectionNotAvailable,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    Response,
    WriteTimeout,
)
from httpcore_models.lowlevel import Retryable
from httpcore_test_support import h2_frames
from httpcore_test_support._async.h2_connections import async_connected
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.scripted import Connection, ScriptedServer
from httpcore_test_support.waiting import async_at_once, async_wait_until
from hyperframe.frame import HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame

pytestmark = pytest.mark.anyio

MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 3, 4
PROTOCOL_ERROR = 1
TIMEOUTS = {"timeout": {"read": 20.0, "write": 20.0, "pool": 20.0}}
SHORT = {"timeout": {"read": 0.05, "write": 0.05, "pool": 20.0}}


def limited_to(streams: int) -> bytes:
    return h2_frames.settings({MAX_CONCURRENT_STREAMS: streams})


def request_to(server: ScriptedServer, content: Any = None) -> Request:
    fields = {"Host": "localhost"} if content is None else {"Host": "localhost", "Transfer-Encoding": "chunked"}
    method = "GET" if content is None else "POST"
    return Request(method, URL(server.url + "/"), headers=fields, content=content, extensions=TIMEOUTS)


@pytest.mark.fault("P7")
class TestTimeoutsInSilence:
    """The path may be dead: no new request goes there."""

    async def test_reading(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.respond(peer.request())
            peer.request()
            peer.connection.hold()

        async with async_connected(http2_script(script)) as (connection, server):
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            with pytest.raises(ReadTimeout):
                await connection.request("GET", server.url, extensions=SHORT)
            assert not connection.is_available()
            assert connection.is_closed()
            with pytest.raises(ConnectionNotAvailable, match=r"closed|Nothing arrived"):
                await connection.request("GET", server.url, extensions=TIMEOUTS)

    async def test_those_in_flight_go_on(self) -> None:
        late = threading.Event()

        def script(peer: Http2Peer) -> None:
            first = peer.request()
            peer.send(h2_frames.headers(first))
            peer.next(RstStreamFrame)
            peer.connection.wait(late)
            peer.send(h2_frames.data(first, b"late", end_stream=True))

        async with async_connected(http2_script(script)) as (connection, server):
            response: Response = await connection.handle_async_request(request_to(server))
            with pytest.raises(ReadTimeout):
                await connection.request("GET", server.url, extensions=SHORT)
            assert (connection.is_available(), connection.is_idle(), connection.is_closed()) == (False, False, False)
            assert "RETIRED" in connection.info()
            with pytest.raises(ConnectionNotAvailable, match="Nothing arrived on this connection"):
                await connection.request("GET", server.url, extensions=TIMEOUTS)
            late.set()
            assert await response.aread() == b"late"
            assert not connection.is_closed()
            await response.aclose()
            assert connection.is_closed()

    async def test_waiting_for_credit(self) -> None:
        def script(peer: Http2Peer) -> None:
            first = peer.request()
            peer.send(h2_frames.headers(first))
            peer.connection.hold()

        async with async_connected(http2_script(script)) as (connection, server):
            response: Response = await connection.handle_async_request(request_to(server))
            with pytest.raises(WriteTimeout):
                await connection.request("POST", server.url, content=bytes(100_000), extensions=SHORT)
            assert not connection.is_available()
            await response.aclose()

    async def test_one_in_which_something_arrived_for_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        late, alive = threading.Event(), threading.Event()

        def script(peer: Http2Peer) -> None:
            first = peer.request()
            peer.send(h2_frames.headers(first))
            peer.request()
            peer.connection.wait(late)
            peer.send(h2_frames.data(first, b"."))
            alive.set()
            # Answered at once, each asks for the next one.
            for _ in range(1000):
                peer.send(h2_frames.data(first, b"."), h2_frames.ping())
                if isinstance(peer.next_frame(), RstStreamFrame):
                    break
                threading.Event().wait(0.002)
            answering(peer)

        async with async_connected(http2_script(script)) as (connection, server):
            response: Response = await connection.handle_async_request(request_to(server))
            look_once_more = connection._shared._look_once_more

            async def look_late(ready: Callable[[], bool]) -> None:
                # What arrives until now is in time.
                late.set()
                await async_wait_until(alive.is_set)
                await look_once_more(ready)

            monkeypatch.setattr(connection._shared, "_look_once_more", look_late)
            with pytest.raises(ReadTimeout):
                await connection.request("GET", server.url, extensions=SHORT)
            assert connection.is_available()
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            await response.aclose()
            assert connection.is_idle()

    async def test_a_tunnel_may_be_silent(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.next(HeadersFrame).stream_id))
            answering(peer)

        async with (
            async_connected(http2_script(script)) as (connection, server),
            connection.stream("CONNECT", server.url, extensions=TIMEOUTS) as response,
        ):
            with pytest.raises(ReadTimeout):
                await response.extensions["network_stream"].read(1, timeout=0.02)
            assert connection.is_available()
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"


class TestStreamLimits:
    @pytest.mark.fault("P5", "P20")
    async def test_few_before_the_server_has_said_how_many(self) -> None:
        """The other requests wait for the settings, and then for the requests before them."""

        everybody = threading.Event()

        def script(connection: Connection) -> None:
            peer = Http2Peer(connection)
            first = [peer.request() for _ in range(10)]
            connection.wait(everybody)
            assert len(peer.received(HeadersFrame)) == 10
            peer.send(limited_to(11))
            eleventh = peer.request()
            assert len(peer.received(HeadersFrame)) == 11
            for stream_id in (*first, eleventh):
                peer.respond(stream_id)
            answering(peer)

        async with async_connected(script) as (connection, server):
            assert connection.stream_limit is None

            async def get() -> bytes:
                return (await connection.request("GET", server.url, extensions=TIMEOUTS)).content

            async def count() -> None:
                await async_wait_until(lambda: connection._request_count == 25)
                everybody.set()

            assert await async_at_once(*[get] * 25, count) == [b"hello"] * 25 + [None]
            assert connection.stream_limit == 11

    @pytest.mark.fault("P18", "P20")
    async def test_first_come_first_served(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.request()))
            answering(peer)

        async with async_connected(http2_script(script, {MAX_CONCURRENT_STREAMS: 1})) as (connection, server):
            first: Response = await connection.handle_async_request(request_to(server))

            async def get(number: int) -> int:
                await async_wait_until(lambda: len(connection._stream_queue._waiting) == number)
                response = await connection.request("GET", server.url, extensions=TIMEOUTS)
                stream_id: int = response.extensions["stream_id"]
                return stream_id

            async def close() -> None:
                await async_wait_until(lambda: len(connection._stream_queue._waiting) == 5)
                await first.aclose()

            *streams, _ = await async_at_once(
                lambda: get(0), lambda: get(1), lambda: get(2), lambda: get(3), lambda: get(4), close
            )
            assert streams == [3, 5, 7, 9, 11]

    async def test_in_a_pool_no_request_waits_for_others(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.request()))
            answering(peer)

        async with async_connected(http2_script(script, {MAX_CONCURRENT_STREAMS: 1})) as (connection, server):
            connection.on_capacity_change = lambda: None
            first: Response = await connection.handle_async_request(request_to(server))
            assert not connection.is_available()
            with pytest.raises(ConnectionNotAvailable, match=r"allows no further stream .* \(1 in use\)"):
                await connection.request("GET", server.url, extensions=TIMEOUTS)
            await first.aclose()
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"

    @pytest.mark.fault("P5")
    async def test_in_a_pool_they_wait_for_the_settings(self) -> None:
        everybody, refused = threading.Event(), threading.Event()
        refusals: list[ConnectionNotAvailable] = []

        def script(connection: Connection) -> None:
            peer = Http2Peer(connection)
            streams = [peer.request() for _ in range(10)]
            connection.wait(everybody)
            peer.send(limited_to(12))
            streams += [peer.request(), peer.request()]
            connection.wait(refused)
            for stream_id in streams:
                peer.respond(stream_id)

        async with async_connected(script) as (connection, server):
            changes: list[int | None] = []
            connection.on_capacity_change = lambda: changes.append(connection.stream_limit)

            async def get() -> bytes:
                try:
                    return (await connection.request("GET", server.url, extensions=TIMEOUTS)).content
                except ConnectionNotAvailable as exc:
                    refusals.append(exc)
                    if len(refusals) == 8:
                        refused.set()
                    return b""

            async def count() -> None:
                await async_wait_until(lambda: connection._request_count == 20)
                everybody.set()

            *results, _ = await async_at_once(*[get] * 20, count)
            assert (results.count(b"hello"), results.count(b"")) == (12, 8)
            assert changes == [12]

    async def test_what_the_server_had_allowed_before(self) -> None:
        async with async_connected(http2_script(answering)) as (connection, server):
            connection.on_capacity_change = lambda: None
            connection.assume_stream_limit(2)
            assert (connection.request_capacity, connection.stream_limit) == (2, None)
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            assert connection.request_capacity > 2

    @pytest.mark.fault("P8")
    async def test_raised(self) -> None:
        """One request waits for a stream, and the one that has it waits for its body."""

        def script(peer: Http2Peer) -> None:
            first = peer.request()
            peer.send(h2_frames.headers(first))
            peer.next(PingFrame)
            peer.send(limited_to(2))
            peer.respond(peer.request())
            peer.send(h2_frames.data(first, b"first", end_stream=True))

        async with async_connected(http2_script(script, {MAX_CONCURRENT_STREAMS: 1})) as (connection, server):
            first: Response = await connection.handle_async_request(request_to(server))

            async def get() -> bytes:
                return (await connection.request("GET", server.url, extensions=TIMEOUTS)).content

            async def ask() -> None:
                await async_wait_until(lambda: connection._shared.waiters.openers and connection._shared.reader.holder)
                with connection._shared.lock:
                    connection._engine.ping()
                await connection._shared.writer.flush(5.0)

            assert await async_at_once(first.aread, get, ask) == [b"first", b"hello", None]
            await first.aclose()

    @pytest.mark.fault("P8")
    async def test_a_pool_is_told(self) -> None:
        def script(peer: Http2Peer) -> None:
            first = peer.request()
            peer.send(h2_frames.headers(first), limited_to(2))
            peer.send(h2_frames.data(first, b"first", end_stream=True), h2_frames.goaway(first))

        async with async_connected(http2_script(script, {MAX_CONCURRENT_STREAMS: 1})) as (connection, server):
            changes: list[tuple[int | None, bool]] = []
            connection.on_capacity_change = lambda: changes.append((connection.stream_limit, connection.is_available()))
            first: Response = await connection.handle_async_request(request_to(server))
            assert await first.aread() == b"first"
            await first.aclose()
            assert connection.is_closed()
            # Depending on how the frames came, in up to three steps.
            assert changes[-1] == (2, False)
            assert len(changes) <= 3

    @pytest.mark.fault("N15")
    async def test_of_zero_while_it_is_idle(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.respond(peer.request())
            peer.send(limited_to(0))
            peer.connection.hold()

        async with async_connected(http2_script(script)) as (connection, server):
            connection.on_capacity_change = lambda: None
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            await async_wait_until(connection.has_expired)
            assert not connection.is_available()
            with pytest.raises(ConnectionNotAvailable, match="allows no further stream"):
                await connection.request("GET", server.url, extensions=TIMEOUTS)
            assert connection.is_idle()

    async def test_of_zero_at_first(self) -> None:
        """A request waits even in a pool: another new connection would not be better."""

        def script(connection: Connection) -> None:
            peer = Http2Peer(connection)
            peer.send(limited_to(0))
            peer.next(SettingsFrame)
            peer.next(PingFrame)
            assert not peer.received(HeadersFrame)
            peer.send(limited_to(1))
            answering(peer)

        async with async_connected(script) as (connection, server):
            connection.on_capacity_change = lambda: None
            connection._engine.start()
            await connection._shared.writer.flush(5.0)

            def limit() -> int | None:
                connection._shared.reader.catch_up()
                return connection.stream_limit

            await async_wait_until(lambda: limit() == 0)
            assert connection.has_expired()

            async def get() -> bytes:
                return (await connection.request("GET", server.url, extensions=TIMEOUTS)).content

            async def ask() -> None:
                await async_wait_until(lambda: connection._shared.reader.holder)
                with connection._shared.lock:
                    connection._engine.ping()
                await connection._shared.writer.flush(5.0)

            assert await async_at_once(get, ask) == [b"hello", None]


@pytest.mark.fault("P19")
class TestGoaway:
    @pytest.mark.parametrize("last", [0, 1])
    async def test_a_request_that_was_not_processed(self, last: int) -> None:
        def script(peer: Http2Peer) -> None:
            peer.respond(peer.request())
            peer.request()
            peer.send(h2_frames.goaway(last))

        async with async_connected(http2_script(script)) as (connection, server):
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            with pytest.raises(ConnectionNotAvailable, match=f"ConnectionTerminated .*last_stream_id:{last}") as caught:
                await connection.request("GET", server.url, extensions=TIMEOUTS)
            expected = Retryable.AFTER_SHUTDOWN if last else Retryable.ANY
            assert caught.value.__retryable__ is expected  # type: ignore[attr-defined]

    async def test_a_body_that_can_be_sent_again(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.request()
            peer.send(h2_frames.goaway(0))

        async with async_connected(http2_script(script)) as (connection, server):
            with pytest.raises(ConnectionNotAvailable):
                await connection.request("POST", server.url, content=b"body", extensions=TIMEOUTS)

    async def test_a_body_that_has_begun(self) -> None:
        """A pool that considers it not sent would send only the rest of it."""

        def script(peer: Http2Peer) -> None:
            peer.request()
            peer.send(h2_frames.goaway(0))

        async def body() -> AsyncIterator[bytes]:
            yield b"once"

        async with async_connected(http2_script(script)) as (connection, server):
            with pytest.raises(RemoteProtocolError) as caught:
                await connection.request("POST", server.url, content=body(), extensions=TIMEOUTS)
            assert caught.value.__retryable__ is Retryable.ANY  # type: ignore[attr-defined]

    async def test_an_error_at_the_first_request(self) -> None:
        """The next connection would most likely meet it again."""

        def script(peer: Http2Peer) -> None:
            peer.request()
            peer.send(h2_frames.goaway(0, PROTOCOL_ERROR))

        async with async_connected(http2_script(script)) as (connection, server):
            with pytest.raises(RemoteProtocolError) as caught:
                await connection.request("GET", server.url, extensions=TIMEOUTS)
            assert not hasattr(caught.value, "__retryable__")


@pytest.mark.fault("P6")
async def test_a_refused_stream_leaves_the_connection_usable() -> None:
    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.headers(peer.request()))
        peer.send(h2_frames.rst_stream(peer.request(), 7))
        answering(peer)

    async with async_connected(http2_script(script)) as (connection, server):
        first: Response = await connection.handle_async_request(request_to(server))
        with pytest.raises(RemoteProtocolError) as caught:
            await connection.request("POST", server.url, content=b"body", extensions=TIMEOUTS)
        assert caught.value.__retryable__ is Retryable.ANY  # type: ignore[attr-defined]
        assert connection.is_available()
        assert (await connection.request("POST", server.url, content=b"body", extensions=TIMEOUTS)).content == b"hello"
        await first.aclose()


@pytest.mark.fault("N13", "P16")
async def test_a_connection_that_was_closed_by_hand() -> None:
    async with async_connected(http2_script(answering)) as (connection, server):
        changes: list[bool] = []
        connection.on_capacity_change = lambda: changes.append(connection.is_available())
        response: Response = await connection.handle_async_request(request_to(server))
        changes.clear()
        await connection.aclose()
        assert changes == [False]
        assert connection.is_closed()
        with pytest.raises(ConnectionNotAvailable, match="The connection was closed"):
            await connection.request("GET", server.url, extensions=TIMEOUTS)
        await response.aclose()
