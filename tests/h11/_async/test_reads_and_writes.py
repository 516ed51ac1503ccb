"""The number of reads and writes: one each for a small exchange, and never more than necessary."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpcore_h11 import AsyncHTTP11Connection, _engine
from httpcore_models import URL, Content, Origin, WriteError
from httpcore_test_support._async.h11_connections import AsyncScriptedStream
from httpcore_test_support.bodies import PartsInMemory

pytestmark = pytest.mark.anyio

ORIGIN = URL("http://localhost").origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
PART_SIZE = 64 * 1024


async def post(stream: AsyncScriptedStream, content: Content, **headers: str) -> list[bytes]:
    """Send a request; return what was written, without the head if that was written separately."""
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    await connection.request("POST", "http://localhost/", headers=names, content=content)
    assert connection.is_idle()
    return stream.written


async def test_a_small_exchange_takes_one_write_and_one_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "H11Fallback", None)
    stream = AsyncScriptedStream(RESPONSE, RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    for _ in range(2):
        response = await connection.request("GET", "http://localhost/")
        assert response.content == b"hello"
    assert [call for call, _ in stream.timeouts] == ["write", "read", "write", "read"]
    assert stream.written == [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 2


@pytest.mark.parametrize("size", [1, PART_SIZE])
async def test_a_small_body_travels_with_the_head(size: int) -> None:
    (request,) = await post(AsyncScriptedStream(RESPONSE), b"x" * size)
    assert request == b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size


async def test_a_small_chunked_body_travels_with_the_head() -> None:
    (request,) = await post(AsyncScriptedStream(RESPONSE), b"hello", Transfer_Encoding="chunked")
    assert request.endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


async def test_the_first_part_of_a_large_body_travels_with_the_head() -> None:
    first, second = await post(AsyncScriptedStream(RESPONSE), b"x" * PART_SIZE + b"rest")
    assert first.endswith(b"\r\n\r\n" + b"x" * PART_SIZE)
    assert second == b"rest"


async def test_the_first_part_of_any_body_in_memory_travels_with_the_head() -> None:
    content = PartsInMemory(b"", b"first", b"second")
    first, *rest = await post(AsyncScriptedStream(RESPONSE), content, Content_Length="11")
    assert first.endswith(b"Content-Length: 11\r\n\r\nfirst")
    assert rest == [b"second"]


async def test_an_empty_body_in_memory_travels_with_the_head() -> None:
    (request,) = await post(AsyncScriptedStream(RESPONSE), PartsInMemory())
    assert request.endswith(b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


async def test_the_head_does_not_wait_for_a_generated_body() -> None:
    stream = AsyncScriptedStream(RESPONSE)

    async def body() -> AsyncIterator[bytes]:
        assert len(stream.written) == 1
        yield b"first"

    assert await post(stream, body()) == [
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"5\r\nfirst\r\n",
        b"0\r\n\r\n",
    ]


async def test_with_a_trace_callback_head_and_body_are_sent_separately() -> None:
    stream = AsyncScriptedStream(RESPONSE)
    writes = {}

    async def callback(event: str, _: dict[str, Any]) -> None:
        writes[event.partition(".")[2]] = len(stream.written)

    connection = AsyncHTTP11Connection(ORIGIN, stream)
    await connection.request("POST", "http://localhost/", content=b"x", extensions={"trace": callback})
    assert [writes[f"send_request_{part}.complete"] for part in ("headers", "body")] == [1, 2]


async def test_a_connection_closes_after_a_request_whose_last_write_failed() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        stream.write_error = WriteError("reset")

    stream = AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    response = await connection.request("POST", "http://localhost/", content=body())
    assert response.content == b"hello"
    assert (connection.is_closed(), stream.closed) == (True, True)


@pytest.mark.parametrize(
    ("origin", "url"),
    [
        (URL("http://localhost").origin, "http://localhost:80/"),
        (URL("http://localhost:80").origin, "http://localhost/"),
        (URL("http://localhost:81").origin, "http://localhost:81/"),
        (Origin(b"custom", b"localhost", 7), URL(scheme="custom", host="localhost", port=7, target="/")),
    ],
)
async def test_a_default_port_may_be_left_out(origin: Origin, url: URL | str) -> None:
    connection = AsyncHTTP11Connection(origin, AsyncScriptedStream(RESPONSE))
    response = await connection.request("GET", url)
    assert response.status == 200


async def test_a_url_without_a_port_does_not_match_another_port() -> None:
    connection = AsyncHTTP11Connection(URL("http://localhost:81").origin, AsyncScriptedStream(RESPONSE))
    with pytest.raises(RuntimeError, match="localhost:80 on connection to http://localhost:81"):
        await connection.request("GET", "http://localhost/")
