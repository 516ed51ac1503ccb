"""Bodies made of any bytes-like objects: lengths are counted in bytes, not items (PEP 3118)."""

import array
import asyncio
import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpcore_h11 import AsyncHTTP11Connection, HTTP11Connection
from httpcore_h11._bodies import body_parts
from httpcore_h11._engine import Engine
from httpcore_models import URL, LocalProtocolError
from httpcore_test_support._async.h11_connections import AsyncScriptedStream
from httpcore_test_support._sync.h11_connections import ScriptedStream

pytestmark = pytest.mark.fault("S14")

ORIGIN = URL("http://localhost").origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def big_endian(values: list[int]) -> Any:
    return (ctypes.c_uint32.__ctype_be__ * len(values))(*values)


# Each makes an object of `size` items, and gives the bytes it consists of.
BUFFERS: dict[str, Callable[[int], tuple[Any, bytes]]] = {
    "bytes": lambda size: (b"ab" * size, b"ab" * size),
    "bytearray": lambda size: (bytearray(b"ab" * size), b"ab" * size),
    "integers": lambda size: (array.array("I", range(size)), array.array("I", range(size)).tobytes()),
    "floats": lambda size: (memoryview(array.array("f", [0.5] * size)), array.array("f", [0.5] * size).tobytes()),
    "two dimensions": lambda size: (memoryview(bytes(4 * size)).cast("B", [2, size, 2]), bytes(4 * size)),
    "not contiguous": lambda size: (memoryview(b"ab" * size)[::2], b"a" * size),
    "other byte order": lambda size: (big_endian([1] * size), b"\0\0\0\1" * size),
}
NOTHING = [b"", bytearray(), array.array("I"), (ctypes.c_uint32 * 0)()]

any_buffer = pytest.mark.parametrize("name", BUFFERS)


def exact_parts(chunk: Any) -> list[bytes]:
    return [bytes(part) for part, _ in body_parts(chunk)]


@any_buffer
@pytest.mark.parametrize("size", [1, 1000, 50_000])
def test_the_parts_of_a_buffer_add_up_to_its_bytes(name: str, size: int) -> None:
    chunk, expected = BUFFERS[name](size)
    assert b"".join(exact_parts(chunk)) == expected
    assert max(map(len, exact_parts(chunk))) <= 64 * 1024


@pytest.mark.parametrize("chunk", NOTHING, ids=lambda chunk: type(chunk).__name__)
def test_an_empty_buffer_has_no_parts(chunk: Any) -> None:
    assert exact_parts(chunk) == []


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_buffer_can_be_resized_after_it_was_sent(size: int) -> None:
    buffer = bytearray(size)

    def body() -> Iterator[bytearray]:
        yield buffer
        buffer.clear()
        buffer.extend(b"end")
        yield buffer

    stream = ScriptedStream(RESPONSE)
    HTTP11Connection(ORIGIN, stream).request("POST", "http://localhost/", content=body())  # type: ignore[arg-type]
    assert b"".join(stream.written).endswith(b"\r\n3\r\nend\r\n0\r\n\r\n")


@any_buffer
@pytest.mark.parametrize("parser", ["fast", "h11"])
def test_the_engine_counts_bytes(name: str, parser: str) -> None:
    chunk, expected = BUFFERS[name](100)
    fields = [(b"Host", b"localhost"), *([(b"Host2", b"x\xff")] if parser == "h11" else [])]
    for framing, wire in (
        ((b"Transfer-Encoding", b"chunked"), b"%x\r\n%b\r\n" % (len(expected), expected)),
        ((b"Content-Length", b"%d" % len(expected)), expected),
    ):
        engine = Engine(1000)
        engine.start_request(b"POST", b"/", [*fields, framing])
        assert engine.send_body(chunk) == wire
        engine.end_body()


def test_the_engine_refuses_more_bytes_than_declared() -> None:
    engine = Engine(1000)
    engine.start_request(b"POST", b"/", [(b"Host", b"localhost"), (b"Content-Length", b"3")])
    with pytest.raises(LocalProtocolError, match="Too much data for declared Content-Length"):
        engine.send_body(array.array("I", [1, 2, 3]))  # type: ignore[arg-type]


@pytest.mark.parametrize("chunk", ["text", 3, None, [1, 2]])
def test_anything_but_a_buffer_raises_type_error(chunk: Any) -> None:
    expected = f"^content must be made of bytes or other bytes-like objects, but got {type(chunk).__name__}\\.$"
    connection = HTTP11Connection(ORIGIN, ScriptedStream(RESPONSE))
    with pytest.raises(TypeError, match=expected):
        connection.request("POST", "http://localhost/", content=[chunk])
    assert connection.is_closed()


@any_buffer
@pytest.mark.parametrize("traced", [False, True], ids=["plain", "traced"])
def test_an_upload_of_buffers(name: str, traced: bool) -> None:
    chunk, expected = BUFFERS[name](50_000)
    framing = {"Content-Length": str(2 * len(expected))}
    stream = ScriptedStream(RESPONSE)
    extensions: dict[str, Any] = {"trace": lambda *_: None} if traced else {}
    HTTP11Connection(ORIGIN, stream).request(
        "POST", "http://localhost/", headers=framing, content=[chunk, chunk], extensions=extensions
    )
    assert b"".join(stream.written).endswith(b"\r\n\r\n" + 2 * expected)

    async def main() -> list[bytes]:
        async def body() -> Any:
            yield chunk
            yield chunk

        stream = AsyncScriptedStream(RESPONSE)
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        await connection.request("POST", "http://localhost/", headers=framing, content=body())
        return stream.written

    assert b"".join(asyncio.run(main())).endswith(b"\r\n\r\n" + 2 * expected)
