# Generated from ../_async/test_reads_and_writes.py by tools/make_sync.py: edit that file, then run it.
"""The number of reads and writes: one each for a small exchange, and never more than necessary."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpcore_h11 import HTTP11Connection, _engine
from httpcore_models import URL, Content, Origin, WriteError
from httpcore_test_support._sync.h11_connections import ScriptedStream
from httpcore_test_support.bodies import PartsInMemory

pytestmark = pytest.mark.anyio

ORIGIN = URL("http://localhost").origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
PART_SIZE = 64 * 1024


def post(stream: ScriptedStream, content: Content, **headers: str) -> list[bytes]:
    """Send a request; return what was written, without the head if that was written separately."""
    connection = HTTP11Connection(ORIGIN, stream)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "http://localhost/", headers=names, content=content)
    assert connection.is_idle()
    return stream.written


def test_a_small_exchange_takes_one_write_and_one_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "H11Fallback", None)
    stream = ScriptedStream(RESPONSE, RESPONSE)
    connection = HTTP11Connection(ORIGIN, stream)
    for _ in range(2):
        response = connection.request("GET", "http://localhost/")
        assert response.content == b"hello"
    assert [call for call, _ in stream.timeouts] == ["write", "read", "write", "read"]
    assert stream.written == [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 2


@pytest.mark.parametrize("size", [1, PART_SIZE])
def test_a_small_body_travels_with_the_head(size: int) -> None:
    (request,) = post(ScriptedStream(RESPONSE), b"x" * size)
    assert request == b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size


def test_a_small_chunked_body_travels_with_the_head() -> None:
    (request,) = post(ScriptedStream(RESPONSE), b"hello", Transfer_Encoding="chunked")
    assert request.endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


def test_the_first_part_of_a_large_body_travels_with_the_head() -> None:
    first, second = post(ScriptedStream(RESPONSE), b"x" * PART_SIZE + b"rest")
    assert first.endswith(b"\r\n\r\n" + b"x" * PART_SIZE)
    assert second == b"rest"


def test_the_first_part_of_any_body_in_memory_travels_with_the_head() -> None:
    content = PartsInMemory(b"", b"first", b"second")
    first, *rest = post(ScriptedStream(RESPONSE), content, Content_Length="11")
    assert first.endswith(b"Content-Length: 11\r\n\r\nfirst")
    assert rest == [b"second"]


def test_an_empty_body_in_memory_travels_with_the_head() -> None:
    (request,) = post(ScriptedStream(RESPONSE), PartsInMemory())
    assert request.endswith(b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


def test_the_head_does_not_wait_for_a_generated_body() -> None:
    stream = ScriptedStream(RESPONSE)

    def body() -> Iterator[bytes]:
        assert len(stream.written) == 1
        yield b"first"

    assert post(stream, body()) == [
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"5\r\nfirst\r\n",
        b"0\r\n\r\n",
    ]


def test_with_a_trace_callback_head_and_body_are_sent_separately() -> None:
    stream = ScriptedStream(RESPONSE)
    writes = {}

    def callback(event: str, _: dict[str, Any]) -> None:
        writes[event.partition(".")[2]] = len(stream.written)

    connection = HTTP11Connection(ORIGIN, stream)
    connection.request("POST", "http://localhost/", content=b"x", extensions={"trace": callback})
    assert [writes[f"send_request_{part}.complete"] for part in ("headers", "body")] == [1, 2]


def test_a_connection_closes_after_a_request_whose_last_write_failed() -> None:
    def body() -> Iterator[bytes]:
        yield b"first"
        stream.write_error = WriteError("reset")

    stream = ScriptedStream(RESPONSE)
    connection = HTTP11Connection(ORIGIN, stream)
    response = connection.request("POST", "http://localhost/", content=body())
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
def test_a_default_port_may_be_left_out(origin: Origin, url: URL | str) -> None:
    connection = HTTP11Connection(origin, ScriptedStream(RESPONSE))
    response = connection.request("GET", url)
    assert response.status == 200


def test_a_url_without_a_port_does_not_match_another_port() -> None:
    connection = HTTP11Connection(URL("http://localhost:81").origin, ScriptedStream(RESPONSE))
    with pytest.raises(RuntimeError, match="localhost:80 on connection to http://localhost:81"):
        connection.request("GET", "http://localhost/")
