"""Interim responses before a response, and trailers after it."""

from typing import Any

import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import AsyncMockStream, Origin

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"http", b"example.com", 80)
URL = "http://example.com/"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


class TestTrailers:
    async def test_they_are_known_after_the_body_was_read(self) -> None:
        stream = AsyncMockStream([CHUNKED, b"Checksum: abc\r\nX: y\r\n\r\n"])
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        async with connection.stream("GET", URL) as response:
            assert "trailing_headers" not in response.extensions
            assert await response.aread() == b"hello"
            assert response.extensions["trailing_headers"] == [(b"Checksum", b"abc"), (b"X", b"y")]
        assert connection.is_idle()

    async def test_a_response_without_trailers_has_no_such_extension(self) -> None:
        connection = AsyncHTTP11Connection(ORIGIN, AsyncMockStream([CHUNKED, b"\r\n"]))
        response = await connection.request("GET", URL)
        assert set(response.extensions) == {"http_version", "reason_phrase", "network_stream", "connection"}

    async def test_the_next_response_does_not_inherit_them(self) -> None:
        stream = AsyncMockStream([CHUNKED + b"Checksum: abc\r\n\r\n", CHUNKED + b"\r\n"])
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        first, second = await connection.request("GET", URL), await connection.request("GET", URL)
        assert first.extensions["trailing_headers"] == [(b"Checksum", b"abc")]
        assert "trailing_headers" not in second.extensions


@pytest.mark.field(31)
@pytest.mark.parametrize("parts", [[HINTS, HINTS, CHUNKED, b"\r\n"], [HINTS + HINTS + CHUNKED + b"\r\n"]])
async def test_interim_responses_are_traced(parts: list[bytes]) -> None:
    events: list[tuple[str, dict[str, Any]]] = []

    async def trace(name: str, info: dict[str, Any]) -> None:
        events.append((name, info))

    connection = AsyncHTTP11Connection(ORIGIN, AsyncMockStream(list(parts)))
    response = await connection.request("GET", URL, extensions={"trace": trace})
    assert (response.status, response.content) == (200, b"hello")
    name = "http11.receive_informational_response"
    assert [event for event, _ in events if event.startswith(name)] == [f"{name}.started", f"{name}.complete"] * 2
    found = (b"HTTP/1.1", 103, b"Early Hints", [(b"Link", b"</a>")])
    assert dict(events)[f"{name}.complete"] == {"return_value": found}
