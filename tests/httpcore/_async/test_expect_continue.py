"""`Expect: 100-continue`: the body waits until the server agrees (RFC 9110 section 10.1.1)."""

from collections.abc import AsyncIterator
from typing import Any

import httpcore_h2._async.sending  # noqa: F401 - for `patience`
import pytest
from httpcore import (
    URL,
    AsyncConnectionPool,
    AsyncHTTPConnection,
    Proxy,
    ReadError,
    RemoteProtocolError,
    Response,
    TimeoutException,
)
from httpcore_test_support import h2_frames
from httpcore_test_support.http2_peer import Http2Peer, http2_script
from httpcore_test_support.scripted import Connection, Script, ScriptedServer, scripted_server
from hyperframe.frame import DataFrame, HeadersFrame, RstStreamFrame

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
FAILED = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
BODY = b"the body"
TIMEOUTS: dict[str, Any] = {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}

PROTOCOLS = pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])
BODIES = pytest.mark.parametrize("kind", ["bytes", "generator", "large"])


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits in vain, unless a test says how long."""
    set_patience(monkeypatch, 20.0)


def set_patience(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for module in ("httpcore_h11._async.upload", "httpcore_h2._async.sending"):
        monkeypatch.setattr(f"{module}.CONTINUE_TIMEOUT", seconds)


class AsyncBody:
    """A body that tells whether it was begun."""

    def __init__(self, kind: str) -> None:
        self.begun = False
        self.size = 200_000 if kind == "large" else len(BODY)
        self.content: Any = self if kind == "generator" else BODY if kind == "bytes" else bytes(self.size)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.begun = True
        yield BODY


async def post(
    sender: AsyncConnectionPool | AsyncHTTPConnection, server: ScriptedServer, body: AsyncBody, **extensions: Any
) -> Response:
    headers = {"Host": "x", "Expect": "100-Continue", "Content-Length": str(body.size)}
    extensions = {"timeout": TIMEOUTS, **extensions}
    return await sender.request("POST", server.url, headers=headers, content=body.content, extensions=extensions)


def new_pool(http2: bool = False, **options: Any) -> AsyncConnectionPool:
    return AsyncConnectionPool(http1=not http2, http2=http2, **options)


def receive_body(peer: Http2Peer) -> int:
    size = 0
    while True:
        frame = peer.next(DataFrame)
        size += len(frame.data)
        if "END_STREAM" in frame.flags:
            return size
        peer.send(h2_frames.window_update(0, 50_000), h2_frames.window_update(frame.stream_id, 50_000))


def agreeing(http2: bool, body: AsyncBody, *interim: int) -> Script:
    """Agree after other interim responses; make sure that nothing of the body comes before."""

    def over_http1(connection: Connection) -> None:
        head = connection.receive_until(b"\r\n\r\n")
        assert b"Expect: 100-Continue" in head
        assert connection.received == head
        for status in interim:
            connection.send(b"HTTP/1.1 %d Other\r\n\r\n" % status)
        assert not body.begun
        connection.send(CONTINUE)
        connection.receive_exactly(body.size)
        connection.send(OK)

    def over_http2(peer: Http2Peer) -> None:
        stream = peer.next(HeadersFrame).stream_id
        for status in interim:
            peer.send(h2_frames.headers(stream, status))
        assert not body.begun
        assert not peer.received(DataFrame)
        peer.send(h2_frames.headers(stream, 100))
        assert receive_body(peer) == body.size
        peer.respond(stream)

    return http2_script(over_http2) if http2 else over_http1


@PROTOCOLS
@BODIES
async def test_the_body_is_sent_when_the_server_agrees(http2: bool, kind: str) -> None:
    body = AsyncBody(kind)
    with scripted_server(agreeing(http2, body)) as server:
        async with new_pool(http2) as pool:
            response = await post(pool, server, body)
            assert (response.status, response.content) == (200, b"hello")
            assert pool.stats().connections_idle == 1
        server.raise_failures()


@PROTOCOLS
@pytest.mark.parametrize("timeouts", [TIMEOUTS, {}], ids=["limits", "no limits"])
async def test_other_interim_responses_do_not_count(http2: bool, timeouts: dict[str, Any]) -> None:
    body = AsyncBody("generator")
    with scripted_server(agreeing(http2, body, 103, 102)) as server:
        async with new_pool(http2) as pool:
            assert (await post(pool, server, body, timeout=timeouts)).content == b"hello"
        server.raise_failures()


@PROTOCOLS
@BODIES
async def test_the_body_is_sent_when_the_server_says_nothing(
    http2: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_patience(monkeypatch, 0.02)
    body = AsyncBody(kind)

    def over_http1(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.receive_exactly(body.size)
        connection.send(OK)

    def over_http2(peer: Http2Peer) -> None:
        stream = peer.next(HeadersFrame).stream_id
        assert receive_body(peer) == body.size
        peer.respond(stream)

    with scripted_server(http2_script(over_http2) if http2 else over_http1) as server:
        async with new_pool(http2) as pool:
            assert (await post(pool, server, body)).content == b"hello"
            # The silence says nothing about the connection.
            assert pool.stats().connections_idle == 1
        server.raise_failures()


@PROTOCOLS
async def test_the_wait_is_no_longer_than_a_read(http2: bool) -> None:
    body = AsyncBody("bytes")

    def over_http1(connection: Connection) -> None:
        connection.receive_until(BODY)
        connection.send(OK)

    def over_http2(peer: Http2Peer) -> None:
        stream = peer.next(HeadersFrame).stream_id
        receive_body(peer)
        peer.respond(stream)

    with scripted_server(http2_script(over_http2) if http2 else over_http1) as server:
        async with new_pool(http2) as pool:
            assert (await post(pool, server, body, timeout={"read": 1.0})).content == b"hello"


@PROTOCOLS
async def test_the_limit_of_the_whole_request(http2: bool) -> None:
    def silent(connection: Connection) -> None:
        connection.receive_until(lambda received: False)

    def silent_over_http2(peer: Http2Peer) -> None:
        while True:
            peer.next_frame()

    body = AsyncBody("generator")
    with scripted_server(http2_script(silent_over_http2) if http2 else silent) as server:
        async with new_pool(http2) as pool:
            with pytest.raises(TimeoutException, match=r"within the total limit of 0\.3 seconds"):
                await post(pool, server, body, timeout={**TIMEOUTS, "total": 0.3})
            assert "Requests: 0 active, 0 queued" in repr(pool)


@PROTOCOLS
@BODIES
@pytest.mark.parametrize("status", [200, 401, 204])
async def test_nothing_of_the_body_is_sent_after_a_final_response(http2: bool, kind: str, status: int) -> None:
    body = AsyncBody(kind)

    def over_http1(connection: Connection) -> None:
        if not connection.index:
            head = connection.receive_until(b"\r\n\r\n")
            connection.send(b"HTTP/1.1 %d Final\r\nContent-Length: 0\r\n\r\n" % status)
            # The next request comes over another connection: here it would be taken for the body.
            connection.drain()
            assert connection.received == head
        else:
            connection.receive_request()
            connection.send(OK)

    def over_http2(peer: Http2Peer) -> None:
        stream = peer.next(HeadersFrame).stream_id
        peer.send(h2_frames.headers(stream, status, end_stream=True))
        assert peer.next(RstStreamFrame).error_code == 0
        peer.respond(peer.next(HeadersFrame).stream_id)
        assert not peer.received(DataFrame)

    with scripted_server(http2_script(over_http2) if http2 else over_http1) as server:
        async with new_pool(http2) as pool:
            response = await post(pool, server, body)
            assert response.status == status
            assert not body.begun
            assert (await pool.request("GET", server.url, extensions={"timeout": TIMEOUTS})).content == b"hello"
            assert pool.stats().opened == (1 if http2 else 2)
        server.raise_failures()


@PROTOCOLS
async def test_a_final_response_whose_body_comes_only_after_the_end_of_the_request(http2: bool) -> None:
    def over_http1(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(OK)

    def over_http2(peer: Http2Peer) -> None:
        stream = peer.next(HeadersFrame).stream_id
        peer.send(h2_frames.headers(stream))
        assert "END_STREAM" in peer.next(DataFrame).flags
        peer.send(h2_frames.data(stream, b"hello", end_stream=True))

    body = AsyncBody("generator")
    with scripted_server(http2_script(over_http2) if http2 else over_http1) as server:
        async with new_pool(http2) as pool:
            assert (await post(pool, server, body)).content == b"hello"
        server.raise_failures()


@PROTOCOLS
async def test_a_refusal_right_after_the_consent(http2: bool) -> None:
    def over_http1(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(CONTINUE + b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

    def over_http2(peer: Http2Peer) -> None:
        stream = peer.next(HeadersFrame).stream_id
        final = h2_frames.headers(stream, 413, end_stream=True)
        peer.send(h2_frames.headers(stream, 100), final)

    body = AsyncBody("generator")
    with scripted_server(http2_script(over_http2) if http2 else over_http1) as server:
        async with new_pool(http2) as pool:
            assert (await post(pool, server, body)).status == 413
        server.raise_failures()
    assert not body.begun


@PROTOCOLS
async def test_a_server_that_goes_away(http2: bool) -> None:
    def over_http1(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.close()

    def over_http2(peer: Http2Peer) -> None:
        peer.next(HeadersFrame)
        peer.connection.close()

    body = AsyncBody("generator")
    with scripted_server(http2_script(over_http2) if http2 else over_http1) as server:
        async with new_pool(http2) as pool:
            with pytest.raises((RemoteProtocolError, ReadError)):
                await post(pool, server, body)
            assert "Requests: 0 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)
    assert not body.begun


# A server that does not know the expectation.


def failing(http2: bool, size: int) -> Script:
    """Refuse the expectation, then take the body. Nobody who asks twice gets another answer."""

    def over_http1(connection: Connection) -> None:
        head = connection.receive_until(b"\r\n\r\n")
        if b"Expect" in head:
            connection.send(FAILED)
        else:
            connection.receive_exactly(size)
            connection.send(OK)

    def over_http2(peer: Http2Peer) -> None:
        while True:
            head = peer.next(HeadersFrame)
            if b"expect" in dict(peer.client.fields(head)):
                peer.send(h2_frames.headers(head.stream_id, 417, end_stream=True))
            else:
                assert receive_body(peer) == size
                peer.respond(head.stream_id)

    return http2_script(over_http2) if http2 else over_http1


@PROTOCOLS
@BODIES
async def test_a_request_is_repeated_without_the_expectation(http2: bool, kind: str) -> None:
    body = AsyncBody(kind)
    with scripted_server(failing(http2, body.size)) as server:
        async with new_pool(http2, max_connections=1) as pool:
            assert (await post(pool, server, body)).content == b"hello"
            assert pool.stats().opened == (1 if http2 else 2)
            assert pool.stats().connections_idle == 1
        server.raise_failures()


async def test_a_request_is_repeated_only_once() -> None:
    body = AsyncBody("generator")

    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n" if not connection.index else BODY)
        connection.send(FAILED)

    with scripted_server(script) as server:
        async with new_pool() as pool:
            assert (await post(pool, server, body)).status == 417
            assert pool.stats().opened == 2
            assert pool.stats().requests_active == 0


async def test_a_body_that_was_begun_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    set_patience(monkeypatch, 0.01)

    def script(connection: Connection) -> None:
        connection.receive_until(BODY)
        connection.send(FAILED)

    body = AsyncBody("generator")
    with scripted_server(script) as server:
        async with new_pool() as pool:
            assert (await post(pool, server, body)).status == 417
            assert pool.stats().opened == 1


async def test_a_connection_without_a_pool_returns_the_refusal() -> None:
    body = AsyncBody("bytes")
    with scripted_server(failing(False, body.size)) as server:
        async with AsyncHTTPConnection(URL(server.url).origin) as connection:
            assert (await post(connection, server, body)).status == 417


async def test_a_417_to_another_request_is_returned() -> None:
    def script(connection: Connection) -> None:
        connection.receive_request()
        connection.send(FAILED)

    with scripted_server(script) as server:
        async with new_pool() as pool:
            assert (await pool.request("POST", server.url, content=BODY)).status == 417
            assert pool.stats().opened == 1


# Traces and proxies.


@PROTOCOLS
@BODIES
async def test_the_wait_is_traced_as_part_of_sending_the_body(http2: bool, kind: str) -> None:
    events: list[str] = []

    async def trace(name: str, info: dict[str, Any]) -> None:
        protocol, _, event = name.partition(".")
        if protocol in ("http11", "http2") and not event.startswith(("send_connection_init", "receive_remote")):
            events.append(event)

    body = AsyncBody(kind)
    with scripted_server(agreeing(http2, body)) as server:
        async with new_pool(http2) as pool:
            await post(pool, server, body, trace=trace)
        server.raise_failures()
    phases = ["send_request_headers", "send_request_body", "receive_response_headers", "receive_informational_response"]
    sent, body_sent, head, interim = phases
    assert events[:7] == [
        f"{sent}.started",
        f"{sent}.complete",
        f"{body_sent}.started",
        f"{body_sent}.complete",
        f"{head}.started",
        f"{interim}.started",
        f"{interim}.complete",
    ]
    assert events[7] == f"{head}.complete"


async def test_a_proxy_that_forwards_is_asked() -> None:
    body = AsyncBody("generator")
    with scripted_server(agreeing(False, body)) as server:
        async with new_pool(proxy=Proxy(server.url)) as pool:
            headers = {"Host": "x", "Expect": "100-Continue", "Content-Length": str(body.size)}
            response = await pool.request("POST", "http://example.com/", headers=headers, content=body.content)
            assert response.content == b"hello"
        server.raise_failures()
