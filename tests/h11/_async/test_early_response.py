"""A final response that arrives while the request is being sent (RFC 9112 section 9.5)."""

import gc
import weakref
from collections.abc import AsyncIterator

import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import URL, ReadError, RemoteProtocolError, WriteError, WriteTimeout
from httpcore_test_support import steps
from httpcore_test_support._async.h11_connections import AsyncScriptedStream, async_connected, async_served
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.interpreters import COUNTS_REFERENCES, KEEPS_CALLERS
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n"
REFUSAL = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large"
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
SIZE = 10_000_000
ORIGIN = URL("http://localhost").origin

secure_or_clear = pytest.mark.parametrize("secure", [False, True], ids=["clear", "tls"])
streamed_or_not = pytest.mark.parametrize("streamed", [False, True], ids=["bytes", "streamed"])
after_interim_or_not = pytest.mark.parametrize(
    "answer", [REFUSAL, EARLY_HINTS + REFUSAL], ids=["refusal", "hints and refusal"]
)


async def in_pieces() -> AsyncIterator[bytes]:
    for _ in range(SIZE // 50_000):
        yield b"x" * 50_000


@pytest.mark.field(22)
@secure_or_clear
@streamed_or_not
async def test_the_refusal_of_a_server_that_closes_is_returned(
    certificates: Certificates, secure: bool, streamed: bool
) -> None:
    script = [steps.receive_until(b"\r\n\r\n"), steps.send(REFUSAL), steps.close()]
    with scripted_server(script, tls=certificates.server_context() if secure else None) as server:
        for _ in range(10):
            async with async_connected(server.url, certificates.client_context() if secure else None) as connection:
                content = in_pieces() if streamed else b"x" * SIZE
                response = await connection.request("POST", server.url, content=content)
                assert (response.status, response.content) == (413, b"too large")
                assert connection.is_closed()


@pytest.mark.field(23)
@secure_or_clear
@streamed_or_not
@after_interim_or_not
async def test_the_upload_stops_when_the_final_response_arrives(
    certificates: Certificates, secure: bool, streamed: bool, answer: bytes
) -> None:
    # The server reads on, but what it could not buffer before it answered is not sent any more.
    script = [steps.receive_until(b"\r\n\r\n"), steps.send(answer)]
    context = certificates.server_context() if secure else None
    with scripted_server(script, tls=context, receive_buffer=65_536) as server:
        async with async_connected(server.url, certificates.client_context() if secure else None) as connection:
            content = in_pieces() if streamed else b"x" * SIZE
            response = await connection.request("POST", server.url, content=content)
            assert (response.status, response.content) == (413, b"too large")
            assert connection.is_closed()
        await async_wait_until(lambda: server.open_connections == 0)
    assert len(server.connections[0].received) < SIZE


@pytest.mark.field(23)
@after_interim_or_not
async def test_nothing_is_sent_after_the_final_response(answer: bytes) -> None:
    sent = []

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"first"
            sent.append("first")
            await async_wait_until(lambda: stream.get_extra_info("is_readable"))
            yield b"second"
            sent.append("second")
        finally:
            sent.append("cleaned up")

    async with async_served([steps.receive_until(b"first\r\n"), steps.send(answer)]) as (server, connection):
        stream = connection._network_stream
        response = await connection.request("POST", server.url, content=body())
        assert (response.status, response.content) == (413, b"too large")
        assert connection.is_closed()
        await async_wait_until(lambda: server.open_connections == 0)
    assert server.connections[0].received.endswith(b"\r\n\r\n5\r\nfirst\r\n")
    assert sent == ["first", "cleaned up"]


async def test_an_interim_response_does_not_stop_the_upload() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await async_wait_until(lambda: stream.get_extra_info("is_readable"))
        yield b"second"

    script = [
        steps.receive_until(b"first\r\n"),
        steps.send(EARLY_HINTS),
        steps.receive_until(b"\r\n0\r\n\r\n"),
        steps.send(ACCEPTED),
    ]
    async with async_served(script) as (server, connection):
        stream = connection._network_stream
        response = await connection.request("POST", server.url, content=body())
        assert response.status == 202
        assert connection.is_idle()
    assert server.connections[0].received.endswith(b"5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n")


@streamed_or_not
async def test_a_server_that_resets_without_an_answer(streamed: bool) -> None:
    async with async_served([steps.receive_until(b"\r\n\r\n"), steps.abort()]) as (server, connection):
        with pytest.raises((ReadError, RemoteProtocolError)):
            await connection.request("POST", server.url, content=in_pieces() if streamed else b"x" * SIZE)
        assert connection.is_closed()


async def test_a_server_that_closes_between_two_parts_of_the_body() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        stream.readable = True
        yield b"second"

    stream = AsyncScriptedStream()
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    with pytest.raises(RemoteProtocolError, match=r"^Server disconnected without sending a response\.$"):
        await connection.request("POST", "http://localhost/", content=body())
    assert (connection.is_closed(), stream.closed, len(stream.written)) == (True, True, 2)


@pytest.mark.field(22)
@pytest.mark.parametrize("error", [WriteError("reset"), WriteTimeout("slow")], ids=["error", "timeout"])
async def test_a_response_is_read_after_a_failed_write(error: Exception) -> None:
    stream = AsyncScriptedStream(REFUSAL)
    stream.write_error = error
    stream.readable = True
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    response = await connection.request("POST", "http://localhost/", content=b"x")
    assert (response.status, response.content) == (413, b"too large")
    assert (connection.is_closed(), stream.closed) == (True, True)


async def test_a_write_timeout_without_a_response_is_raised() -> None:
    stream = AsyncScriptedStream(REFUSAL)
    stream.write_error = WriteTimeout("slow")
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    with pytest.raises(WriteTimeout):
        await connection.request("POST", "http://localhost/", content=b"x")
    assert (connection.is_closed(), stream.closed) == (True, True)


@pytest.mark.fault("S13")
@pytest.mark.skipif(not COUNTS_REFERENCES, reason="only the collector frees objects")
@pytest.mark.skipif(KEEPS_CALLERS, reason="failed coroutines keep the frames of their callers")
@pytest.mark.parametrize("answer", [None, b"garbage\r\n\r\n"], ids=["none", "garbage"])
async def test_a_failed_upload_leaves_no_reference_cycle(answer: bytes | None) -> None:
    """Otherwise a cycle would keep the request, its secrets and its body until the garbage collector runs."""

    class AsyncContent:
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"x" * SIZE

    script = [steps.receive_until(b"\r\n\r\n"), *([] if answer is None else [steps.send(answer)]), steps.hold()]
    content = AsyncContent()
    freed = weakref.ref(content)
    timeouts = {"timeout": {"write": 0.1, "read": 1.0}}
    gc.collect()
    gc.disable()
    try:
        with scripted_server(script, receive_buffer=65_536) as server:
            async with async_connected(server.url) as connection:
                with pytest.raises((WriteTimeout, RemoteProtocolError)):
                    await connection.request("POST", server.url, content=content, extensions=timeouts)
                del content
                assert freed() is None
    finally:
        gc.enable()
