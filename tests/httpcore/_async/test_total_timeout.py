"""The timeout `total`: one limit for a whole request, whatever it waits for."""

import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpcore_h2._async.connection  # noqa: F401 - importing it takes time, too
import pytest
from httpcore import (
    URL,
    AsyncConnectionInterface,
    AsyncConnectionPool,
    AsyncHTTPConnection,
    ConnectError,
    ConnectTimeout,
    Origin,
    PoolTimeout,
    Proxy,
    ReadTimeout,
    Request,
    WriteTimeout,
)
from httpcore_test_support import h2_frames
from httpcore_test_support.backends import AsyncUnhurriedBackend
from httpcore_test_support.connections import AsyncForeignConnection
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.scripted import Connection, Script, scripted_server
from httpcore_test_support.sockets import refusing_port, unresponsive_port
from httpcore_test_support.steps import hold, receive_request, receive_until, send
from httpcore_test_support.waiting import async_at_once, async_wait_until
from hyperframe.frame import DataFrame, HeadersFrame, PingFrame

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EMPTY = "Requests: 0 active, 0 queued | Connections: 0 active, 0 idle"
TOTAL = 0.3
TIMEOUTS: dict[str, Any] = {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}
EXTENSIONS: dict[str, Any] = {"timeout": {**TIMEOUTS, "total": TOTAL}}
UPGRADE = {"Host": "x", "Connection": "upgrade", "Upgrade": "other"}
WITHIN = "within the total limit of 0.3 seconds"


def drip(connection: Connection) -> None:
    """A body that never ends, and never pauses for long."""
    connection.receive_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.send(b"1\r\nx\r\n")
        time.sleep(0.002)


def drip_over_http2(peer: Http2Peer) -> None:
    """The same."""
    stream = peer.request()
    peer.send(h2_frames.headers(stream))
    while True:
        peer.send(h2_frames.data(stream, b"x"))
        time.sleep(0.002)


def silent(peer: Http2Peer) -> None:
    """Receive, and answer nothing."""
    while True:
        peer.next_frame()


PROTOCOLS = pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])


def new_pool(http2: bool = False, **options: Any) -> AsyncConnectionPool:
    return AsyncConnectionPool(http1=not http2, http2=http2, **options)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(1000)


# What it applies to.


@PROTOCOLS
async def test_reading_the_head(http2: bool) -> None:
    with scripted_server(http2_script(silent) if http2 else [receive_request(), hold()]) as server:
        async with new_pool(http2) as pool:
            with pytest.raises(ReadTimeout) as raised:
                await pool.request("GET", server.url, extensions=EXTENSIONS)
            assert "Requests: 0 active, 0 queued | Connections: 0 active" in repr(pool)
        peer = server.url if http2 else f"127.0.0.1:{server.port}"
        assert str(raised.value) == f"The read operation timed out {WITHIN} ({peer})"


@PROTOCOLS
async def test_reading_a_body_that_goes_on_for_ever(http2: bool) -> None:
    with scripted_server(http2_script(drip_over_http2) if http2 else drip) as server:
        async with new_pool(http2) as pool:
            with pytest.raises(ReadTimeout, match=WITHIN):
                await pool.request("GET", server.url, extensions=EXTENSIONS)
            assert "Requests: 0 active, 0 queued | Connections: 0 active" in repr(pool)


@PROTOCOLS
async def test_the_time_between_reads_counts(http2: bool) -> None:
    """Even if there would be something to read."""
    with scripted_server(http2_script(drip_over_http2) if http2 else drip) as server:
        async with new_pool(http2) as pool, pool.stream("GET", server.url, extensions=EXTENSIONS) as response:
            parts = response.aiter_stream()
            assert await parts.__anext__()
            over = time.monotonic() + TOTAL
            await async_wait_until(lambda: time.monotonic() > over)
            with pytest.raises(ReadTimeout, match=WITHIN):
                async for _ in parts:
                    pass


@PROTOCOLS
async def test_a_body_that_has_arrived_may_be_read_later(http2: bool) -> None:
    with scripted_server(http2_script(answering) if http2 else [receive_request(), send(OK)]) as server:
        async with new_pool(http2) as pool, pool.stream("GET", server.url, extensions=EXTENSIONS) as response:
            if http2:
                await async_wait_until(lambda: catch_up(response))
            over = time.monotonic() + TOTAL
            await async_wait_until(lambda: time.monotonic() > over)
            assert await response.aread() in (b"hello", b"ok")


def catch_up(response: Any) -> bool:
    response.stream._exchange._shared.reader.catch_up()
    return bool(response.stream._exchange.stream.remote_end)


@PROTOCOLS
async def test_sending_what_the_server_does_not_take(http2: bool) -> None:
    with scripted_server(http2_script(silent) if http2 else hold(), receive_buffer=4096) as server:
        async with new_pool(http2) as pool:
            with pytest.raises(WriteTimeout) as raised:
                await pool.request("POST", server.url, content=bytes(20_000_000), extensions=EXTENSIONS)
        assert str(raised.value).startswith(f"The write operation timed out {WITHIN}")


@PROTOCOLS
async def test_sending_a_body_that_goes_on_for_ever(http2: bool) -> None:
    def take_all(peer: Http2Peer) -> None:
        stream = peer.next(HeadersFrame).stream_id
        while True:
            size = len(peer.next(DataFrame).data)
            peer.send(h2_frames.window_update(0, size), h2_frames.window_update(stream, size))

    with scripted_server(http2_script(take_all) if http2 else receive_until(lambda received: False)) as server:
        async with new_pool(http2) as pool:
            headers = {"Transfer-Encoding": "chunked"}
            with pytest.raises(WriteTimeout, match=WITHIN):
                await pool.request("POST", server.url, headers=headers, content=endless(), extensions=EXTENSIONS)


async def test_waiting_in_the_pool() -> None:
    with scripted_server([receive_request(), send(OK[:-1]), hold()]) as server:
        async with new_pool(max_connections=1) as pool, pool.stream("GET", server.url):
            with pytest.raises(PoolTimeout) as raised:
                await pool.request("GET", server.url, extensions=EXTENSIONS)
            assert str(raised.value).startswith(
                f"Pool timed out {WITHIN}: no connection to {server.url} became available (1 of 1 in use, 1 waiting)"
            )


async def test_waiting_for_a_stream() -> None:
    with scripted_server(http2_script(silent, {3: 1})) as server:
        async with AsyncHTTPConnection(URL(server.url).origin, http1=False, http2=True) as connection:

            async def first() -> None:
                with pytest.raises(ReadTimeout):
                    await connection.request("GET", server.url, extensions={"timeout": {"read": 0.5}})

            async def second() -> None:
                await async_wait_until(lambda: connection.stream_limit == 1)
                with pytest.raises(PoolTimeout, match=WITHIN):
                    await connection.request("GET", server.url, extensions=EXTENSIONS)

            await async_at_once(first, second)


async def test_connecting() -> None:
    with unresponsive_port() as port:
        async with new_pool() as pool:
            with pytest.raises(ConnectTimeout) as raised:
                await pool.request("GET", f"http://127.0.0.1:{port}/", extensions=EXTENSIONS)
            assert EMPTY in repr(pool)
        assert str(raised.value) == f"Connect timed out {WITHIN} (127.0.0.1:{port})"


async def test_the_handshake() -> None:
    with scripted_server(hold()) as server:
        async with new_pool(network_backend=AsyncUnhurriedBackend()) as pool:
            with pytest.raises(ConnectTimeout, match=f"The handshake operation timed out {WITHIN}"):
                await pool.request("GET", f"https://127.0.0.1:{server.port}/", extensions=EXTENSIONS)


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks4"])
@pytest.mark.parametrize("target", ["http", "https"])
async def test_a_proxy_that_does_not_answer(scheme: str, target: str) -> None:
    with scripted_server(hold()) as server:
        async with new_pool(proxy=Proxy(f"{scheme}://127.0.0.1:{server.port}")) as pool:
            forwards = (scheme, target) == ("http", "http")
            with pytest.raises(ReadTimeout if forwards else ConnectTimeout, match=WITHIN):
                await pool.request("GET", f"{target}://127.0.0.1:1/", extensions=EXTENSIONS)
            assert EMPTY in repr(pool)


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks4"])
@pytest.mark.parametrize(
    ("timeouts", "raised"),
    [
        ({"read": 0.1}, r"after 0\.1 seconds"),
        ({"read": 0.1, "total": 20.0}, r"after 0\.1 seconds"),
        # The limit for connecting, if there is one, is the only one that counts.
        ({"read": 0.05, "connect": 0.1, "total": 20.0}, r"CONNECT|SOCKS.*after 0\.1 seconds"),
        ({"read": 0.05, "connect": 20.0, "total": 0.1}, r"CONNECT|SOCKS.*within the total limit of 0\.1 seconds"),
    ],
)
async def test_it_does_not_lengthen_the_wait_for_a_proxy(scheme: str, timeouts: dict[str, Any], raised: str) -> None:
    with scripted_server(hold()) as server:
        async with new_pool(proxy=Proxy(f"{scheme}://127.0.0.1:{server.port}")) as pool:
            with pytest.raises(ConnectTimeout if "connect" in timeouts else ReadTimeout, match=raised):
                await pool.request("GET", "https://127.0.0.1:1/", extensions={"timeout": timeouts})


async def test_the_second_proxy_of_a_chain() -> None:
    script = [receive_request(), send(b"HTTP/1.1 200 OK\r\n\r\n"), hold()]
    with scripted_server(script) as server:
        proxies = [Proxy(f"http://127.0.0.1:{server.port}"), Proxy("socks5://127.0.0.1:1")]
        async with new_pool(proxy=proxies) as pool:
            with pytest.raises(ConnectTimeout, match=WITHIN):
                await pool.request("GET", "https://127.0.0.1:1/", extensions=EXTENSIONS)


async def test_attempts_to_connect_end_when_there_is_no_time_for_another_one() -> None:
    with refusing_port() as port:
        async with new_pool(retries=1000) as pool:
            began = time.monotonic()
            with pytest.raises(ConnectError):
                await pool.request("GET", f"http://127.0.0.1:{port}/", extensions={"timeout": {"total": 0.4}})
            # The second retry would come after half a second.
            assert time.monotonic() - began < 60


async def test_a_request_that_follows_another_one_keeps_its_limit() -> None:
    """The second request waits for the connection that the first one opens."""
    with unresponsive_port() as port:
        url = f"http://127.0.0.1:{port}/"
        async with AsyncHTTPConnection(URL(url).origin, http1=False, http2=True) as connection:

            async def first() -> None:
                with pytest.raises(ConnectTimeout, match=r"after 0\.5 seconds"):
                    await connection.request("GET", url, extensions={"timeout": {"connect": 0.5}})

            async def second() -> None:
                await async_wait_until(lambda: connection._connecting.leader is not None)
                with pytest.raises(ConnectTimeout, match=f"{WITHIN} .*another request was still opening"):
                    await connection.request("GET", url, extensions=EXTENSIONS)

            await async_at_once(first, second)


async def test_refusals_are_repeated_only_within_it() -> None:
    def refuse(peer: Http2Peer) -> None:
        while True:
            peer.send(h2_frames.rst_stream(peer.request(), 7))

    with scripted_server(http2_script(refuse)) as server:
        async with new_pool(http2=True) as pool:
            # The pauses together take half a second or more.
            with pytest.raises(Exception, match=r"REFUSED|error_code:7|total limit"):
                await pool.request("GET", server.url, extensions={"timeout": {"total": 0.05}})
            assert "Requests: 0 active, 0 queued" in repr(pool)


# How it goes with the other limits.


async def test_each_wait_has_the_smaller_of_both_limits() -> None:
    backend = AsyncRecordingBackend([OK])
    async with AsyncConnectionPool(network_backend=backend) as pool:
        timeout: dict[str, Any] = {"connect": 1.0, "write": 3.0, "total": 60.0}
        await pool.request("POST", "https://example.com/", content=b"body", extensions={"timeout": timeout})
    assert backend.connects[0]["timeout"] == 1.0
    assert backend.streams[0].handshakes[0]["timeout"] == 1.0
    limits: dict[str, Any] = dict(backend.streams[0].timeouts)
    assert limits["write"] == 3.0
    assert 0.0 < limits["read"] <= 60.0


@PROTOCOLS
async def test_a_shorter_limit_of_the_wait_itself_is_named(http2: bool) -> None:
    with scripted_server(http2_script(silent) if http2 else [receive_request(), hold()]) as server:
        async with new_pool(http2) as pool:
            with pytest.raises(ReadTimeout, match=r"after 0\.05 seconds"):
                await pool.request("GET", server.url, extensions={"timeout": {"read": 0.05, "total": 8}})


async def test_a_shorter_pool_timeout_is_named() -> None:
    with scripted_server([receive_request(), send(OK[:-1]), hold()]) as server:
        async with new_pool(max_connections=1) as pool, pool.stream("GET", server.url):
            with pytest.raises(PoolTimeout, match=r"after 0\.05 seconds"):
                await pool.request("GET", server.url, extensions={"timeout": {"pool": 0.05, "total": 8}})


@PROTOCOLS
@pytest.mark.parametrize("total", [None, math.inf, 1e12, 60])
async def test_a_limit_that_is_not_reached(http2: bool, total: float | None) -> None:
    answer = [receive_request(), send(OK)]
    with scripted_server(http2_script(answering) if http2 else [*answer, *answer]) as server:
        async with new_pool(http2) as pool:
            request = Request("GET", server.url, headers=[("Host", "x")], extensions={"timeout": {"total": total}})
            for _ in range(2):
                response = await pool.handle_async_request(request)
                assert await response.aread() in (b"hello", b"ok")
                await response.aclose()
            assert request.extensions == {"timeout": {"total": total}}
            assert type(request.extensions["timeout"]) is dict


@PROTOCOLS
async def test_no_time_at_all_sends_nothing(http2: bool) -> None:
    script: Script = http2_script(answering) if http2 else [receive_request(), send(OK), hold()]
    with scripted_server(script) as server:
        async with new_pool(http2) as pool:
            await pool.request("GET", server.url)
            with pytest.raises((WriteTimeout, PoolTimeout), match="within the total limit of 0 seconds"):
                await pool.request("POST", server.url, content=b"body", extensions={"timeout": {"total": 0}})
        assert b"POST" not in server.connections[0].received
        assert server.connections[0].received.count(b"body") == 0


async def test_each_sending_of_a_request_has_its_own_limit() -> None:
    answer = [receive_request(), send(OK)]
    with scripted_server([*answer, *answer]) as server:
        async with new_pool() as pool:
            request = Request("GET", server.url, headers=[("Host", "x")], extensions={"timeout": {"total": 0.3}})
            for _ in range(2):
                response = await pool.handle_async_request(request)
                assert await response.aread() == b"ok"
                await response.aclose()
                over = time.monotonic() + 0.3
                await async_wait_until(lambda over=over: time.monotonic() > over)  # type: ignore[misc]


# Streams that are handed over.


async def test_it_ends_with_the_response_that_switches_protocols() -> None:
    script = [
        receive_request(),
        send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n"),
        receive_until(b"ping"),
        send(b"pong"),
    ]
    with scripted_server(script) as server:
        async with (
            new_pool() as pool,
            pool.stream("GET", server.url, headers=UPGRADE, extensions=EXTENSIONS) as response,
        ):
            over = time.monotonic() + TOTAL
            await async_wait_until(lambda: time.monotonic() > over)
            stream = response.extensions["network_stream"]
            await stream.write(b"ping", timeout=10.0)
            assert await stream.read(4, timeout=10.0) == b"pong"


async def test_it_ends_with_the_response_that_opens_a_tunnel() -> None:
    def script(peer: Http2Peer) -> None:
        stream = peer.next(HeadersFrame).stream_id
        peer.send(h2_frames.headers(stream))
        assert peer.next(DataFrame).data == b"ping"
        peer.send(h2_frames.data(stream, b"pong"))
        silent(peer)

    with scripted_server(http2_script(script)) as server:
        async with new_pool(http2=True) as pool, pool.stream("CONNECT", server.url, extensions=EXTENSIONS) as response:
            over = time.monotonic() + TOTAL
            await async_wait_until(lambda: time.monotonic() > over)
            stream = response.extensions["network_stream"]
            await stream.write(b"ping", timeout=10.0)
            assert await stream.read(4, timeout=10.0) == b"pong"
            with pytest.raises(ReadTimeout, match=r"after 0\.01 seconds"):
                await stream.read(4, timeout=0.01)


# Connections of other kinds.


@pytest.mark.parametrize("generator", [False, True])
async def test_the_body_of_a_connection_of_a_users_own_class(generator: bool) -> None:
    """What the connection waits for is its own affair, but nothing is read when the time is over."""

    class Pool(AsyncConnectionPool):
        def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
            return AsyncForeignConnection(origin, generator=generator)

    async with Pool() as pool, pool.stream("GET", "http://example.com/", extensions=EXTENSIONS) as response:
        parts = response.aiter_stream()
        assert await parts.__anext__()
        over = time.monotonic() + TOTAL
        await async_wait_until(lambda: time.monotonic() > over)
        with pytest.raises(ReadTimeout, match=WITHIN):
            await parts.__anext__()
        assert pool.stats().requests_active == 0


@PROTOCOLS
async def test_a_connection_without_a_pool(http2: bool) -> None:
    with scripted_server(http2_script(silent) if http2 else hold()) as server:
        async with AsyncHTTPConnection(URL(server.url).origin, http1=not http2, http2=http2) as connection:
            with pytest.raises(ReadTimeout, match=WITHIN):
                await connection.request("GET", server.url, extensions=EXTENSIONS)


async def test_requests_that_another_one_sends() -> None:
    """Many at once, over one connection."""
    with scripted_server(http2_script(answering)) as server:
        async with new_pool(http2=True) as pool:
            await pool.request("GET", server.url)

            async def get() -> bytes:
                limits: dict[str, Any] = {"timeout": {**TIMEOUTS, "total": 30.0}}
                return (await pool.request("GET", server.url, extensions=limits)).content

            assert await async_at_once(*[get] * 20) == [b"hello"] * 20
            assert pool.stats().opened == 1


# What it says about the connection.


def first_and_then(first: Callable[[Http2Peer], object], answer: Callable[[Http2Peer], object]) -> Script:
    """The first connection is served by `first`, any other one by `answer`."""

    def script(connection: Connection) -> None:
        peer = Http2Peer(connection)
        peer.start()
        (answer if connection.index else first)(peer)

    return script


@pytest.mark.parametrize(
    ("timeouts", "opened"),
    [
        ({"total": 0.1}, 2),  # the server was silent for all of the limit
        ({"read": 0.1}, 2),
        ({"total": 0.1, "read": 20.0}, 1),  # it may be silent for longer than that
    ],
    ids=repr,
)
async def test_silence_within_a_short_limit_does_not_make_a_connection_dead(
    timeouts: dict[str, Any], opened: int
) -> None:
    def not_the_second(peer: Http2Peer) -> None:
        peer.respond(peer.request())
        peer.request()
        answering(peer)

    with scripted_server(first_and_then(not_the_second, answering)) as server:
        async with new_pool(http2=True) as pool:
            await pool.request("GET", server.url)
            with pytest.raises(ReadTimeout):
                await pool.request("GET", server.url, extensions={"timeout": timeouts})
            response = await pool.request("GET", server.url, extensions={"timeout": {"read": 20.0}})
            assert response.content == b"hello"
            assert pool.stats().opened == opened


async def test_a_path_that_stays_dead_is_left_even_if_each_limit_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore_h2._async.writing._ANSWER_TIME", 0.05)

    def die(peer: Http2Peer) -> None:
        peer.respond(peer.request())
        silent(peer)

    with scripted_server(first_and_then(die, answering)) as server:
        async with new_pool(http2=True) as pool:
            await pool.request("GET", server.url)
            short: dict[str, Any] = {"timeout": {"read": 20.0, "total": 0.1}}
            for _ in range(2):
                with pytest.raises(ReadTimeout):
                    await pool.request("GET", server.url, extensions=short)
            assert (await pool.request("GET", server.url, extensions={"timeout": {"read": 20.0}})).content == b"hello"
            assert pool.stats().opened == 2


async def test_a_slow_server_that_answers_to_a_ping_keeps_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore_h2._async.writing._ANSWER_TIME", 0.0)

    def slow(peer: Http2Peer) -> None:
        unanswered = -1
        while True:
            frame = peer.next_frame()
            if isinstance(frame, PingFrame):
                peer.send(h2_frames.ping(frame.opaque_data, ack=True))
            if isinstance(frame, HeadersFrame):
                unanswered += 1
                if unanswered not in (1, 2, 3):
                    peer.respond(frame.stream_id)

    with scripted_server(first_and_then(slow, answering)) as server:
        async with new_pool(http2=True) as pool:
            await pool.request("GET", server.url)
            short: dict[str, Any] = {"timeout": {"read": 20.0, "total": 0.1}}
            for _ in range(3):
                with pytest.raises(ReadTimeout):
                    await pool.request("GET", server.url, extensions=short)
            response = await pool.request("GET", server.url, extensions={"timeout": {"read": 20.0}})
            assert response.content == b"hello"
            assert pool.stats().opened == 1


async def test_a_server_that_is_asked_has_the_time_to_answer() -> None:
    """With pings of their own, the other requests take a server for dead that does not answer in time."""

    def slow(peer: Http2Peer) -> None:
        peer.respond(peer.request())
        streams = [peer.next(HeadersFrame).stream_id for _ in range(2)]
        ping = peer.next(PingFrame)
        time.sleep(0.05)
        peer.send(h2_frames.ping(ping.opaque_data, ack=True))
        peer.respond(streams[1])

    with scripted_server(http2_script(slow)) as server:
        async with new_pool(http2=True, http2_ping_interval=20.0, http2_ping_timeout=0.4) as pool:
            await pool.request("GET", server.url)

            async def first() -> None:
                with pytest.raises(ReadTimeout, match=r"within the total limit of 0\.6 seconds"):
                    await pool.request("POST", server.url, extensions={"timeout": {"read": 20.0, "total": 0.6}})

            async def second() -> None:
                await async_wait_until(lambda: bool(pool.connections and "Request Count: 2" in repr(pool.connections)))
                extensions: dict[str, Any] = {"timeout": {"read": 20.0}}
                assert (await pool.request("POST", server.url, extensions=extensions)).content == b"hello"

            await async_at_once(first, second)
            assert pool.stats().opened == 1


async def test_a_request_keeps_its_limit_while_another_one_reads() -> None:
    with scripted_server(http2_script(silent)) as server:
        async with new_pool(http2=True) as pool:

            async def first() -> None:
                with pytest.raises(ReadTimeout, match=r"after 0\.6 seconds"):
                    await pool.request("GET", server.url, extensions={"timeout": {"read": 0.6}})

            async def second() -> None:
                await async_wait_until(lambda: bool(pool.connections and "Request Count: 1" in repr(pool.connections)))
                with pytest.raises(ReadTimeout, match=WITHIN):
                    await pool.request("GET", server.url, extensions=EXTENSIONS)

            await async_at_once(first, second)
