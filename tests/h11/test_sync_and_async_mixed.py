"""Async bodies and callbacks on sync connections, and the other way round; files as bodies."""

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from httpcore_h11 import AsyncHTTP11Connection, HTTP11Connection
from httpcore_models import URL
from httpcore_test_support._async.h11_connections import AsyncScriptedStream
from httpcore_test_support._sync.h11_connections import ScriptedStream

ORIGIN = URL("http://localhost").origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class AsyncBody:
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"never sent"


def sync_body() -> Iterator[bytes]:
    yield b"never sent"


def test_an_async_body_for_a_sync_connection() -> None:
    stream = ScriptedStream(RESPONSE)
    connection = HTTP11Connection(ORIGIN, stream)
    with pytest.raises(
        TypeError,
        match=r"bytes to suit the connection, but got AsyncBody: in sync code, it cannot be async\.$",
    ):
        connection.request("POST", "http://localhost/", content=AsyncBody())
    assert (connection.is_closed(), stream.closed) == (True, True)


@pytest.mark.anyio
async def test_a_sync_body_for_an_async_connection() -> None:
    stream = AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    with pytest.raises(TypeError, match=r"bytes to suit the connection, but got generator: in async code, "):
        await connection.request("POST", "http://localhost/", content=sync_body())
    assert (connection.is_closed(), stream.closed) == (True, True)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ([b"x"], "list: join it, as in b''"),
        (io.BytesIO(b"x"), "BytesIO: read it, or write an async generator"),
        ({b"x": 1}, "dict: in async code, it has to be an async iterable"),
    ],
)
async def test_bodies_that_sync_connections_take(body: Any, hint: str) -> None:
    connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE))
    with pytest.raises(TypeError, match=f"but got {hint}"):
        await connection.request("POST", "http://localhost/", content=body)


@pytest.mark.parametrize("content", [42, object()])
def test_content_that_is_not_iterable(content: object) -> None:
    connection = HTTP11Connection(ORIGIN, ScriptedStream(RESPONSE))
    with pytest.raises(TypeError, match=r"iterable of bytes"):
        connection.request("POST", "http://localhost/", content=content)  # type: ignore[arg-type]
    assert "NEW" in connection.info()  # only an argument was wrong


def test_an_async_callback_for_a_sync_connection() -> None:
    async def callback(*_: object) -> None: ...

    stream = ScriptedStream(RESPONSE)
    connection = HTTP11Connection(ORIGIN, stream)
    with pytest.raises(TypeError, match="synchronous interface"):
        connection.request("GET", "http://localhost/", extensions={"trace": callback})
    assert (connection.is_closed(), stream.closed) == (True, True)


@pytest.mark.anyio
async def test_a_sync_callback_for_an_async_connection() -> None:
    def callback(*_: object) -> None: ...

    stream = AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    with pytest.raises(TypeError, match="asynchronous interface"):
        await connection.request("GET", "http://localhost/", extensions={"trace": callback})
    assert (connection.is_closed(), stream.closed) == (True, True)


def test_a_file_is_sent_and_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "upload.txt"
    path.write_bytes(b"line 1\nline 2\n")
    stream = ScriptedStream(RESPONSE)
    with path.open("rb") as file:
        HTTP11Connection(ORIGIN, stream).request("POST", "http://localhost/", content=file)
        assert not file.closed
    assert stream.written[1:] == [b"7\r\nline 1\n\r\n", b"7\r\nline 2\n\r\n", b"0\r\n\r\n"]
