"""The mock network."""

import ssl

import pytest
from httpcore_models import AsyncMockBackend, AsyncMockStream, ReadError

pytestmark = pytest.mark.anyio


async def test_read_returns_items_then_end_of_stream() -> None:
    stream = AsyncMockStream([b"Hello, ", b"world!"])
    assert [await stream.read(1) for _ in range(4)] == [b"Hello, ", b"world!", b"", b""]


async def test_writes_are_dropped() -> None:
    stream = AsyncMockStream([b"answer"])
    await stream.write(b"question")
    assert await stream.read(100) == b"answer"


async def test_closed_stream_raises_read_error() -> None:
    stream = AsyncMockStream([b"answer"])
    await stream.aclose()
    await stream.aclose()
    with pytest.raises(ReadError, match=r"^Connection closed$"):
        await stream.read(100)


async def test_start_tls_returns_the_same_stream() -> None:
    stream = AsyncMockStream([])
    assert await stream.start_tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "localhost") is stream


@pytest.mark.parametrize(("http2", "protocol"), [(False, "http/1.1"), (True, "h2")])
async def test_alpn_protocol_is_the_configured_one(http2: bool, protocol: str) -> None:
    stream = await AsyncMockBackend([], http2=http2).connect_tcp("example.org", 443)
    assert stream.get_extra_info("ssl_object").selected_alpn_protocol() == protocol
    assert stream.get_extra_info("socket") is None


async def test_each_connection_plays_back_the_whole_buffer() -> None:
    backend = AsyncMockBackend([b"answer"])
    await backend.sleep(1000.0)
    streams = [
        await backend.connect_tcp("example.org", 80),
        await backend.connect_unix_socket("/path"),
        await backend.connect_tcp("example.org", 80),
    ]
    assert [await stream.read(100) for stream in streams] == [b"answer"] * 3
    assert {stream.get_extra_info("ssl_object").selected_alpn_protocol() for stream in streams} == {"http/1.1"}


async def test_repr_of_mock_stream_names_its_class() -> None:
    assert repr(AsyncMockStream([])) == f"<{AsyncMockStream.__module__}.AsyncMockStream>"
