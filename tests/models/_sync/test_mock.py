# Generated from ../_async/test_mock.py by tools/make_sync.py: edit that file, then run it.
"""The mock network."""

import ssl

import pytest
from httpcore_models import MockBackend, MockStream, ReadError

pytestmark = pytest.mark.anyio


def test_read_returns_items_then_end_of_stream() -> None:
    stream = MockStream([b"Hello, ", b"world!"])
    assert [stream.read(1) for _ in range(4)] == [b"Hello, ", b"world!", b"", b""]


def test_writes_are_dropped() -> None:
    stream = MockStream([b"answer"])
    stream.write(b"question")
    assert stream.read(100) == b"answer"


def test_closed_stream_raises_read_error() -> None:
    stream = MockStream([b"answer"])
    stream.close()
    stream.close()
    with pytest.raises(ReadError, match=r"^Connection closed$"):
        stream.read(100)


def test_start_tls_returns_the_same_stream() -> None:
    stream = MockStream([])
    assert stream.start_tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "localhost") is stream


@pytest.mark.parametrize(("http2", "protocol"), [(False, "http/1.1"), (True, "h2")])
def test_alpn_protocol_is_the_configured_one(http2: bool, protocol: str) -> None:
    stream = MockBackend([], http2=http2).connect_tcp("example.org", 443)
    assert stream.get_extra_info("ssl_object").selected_alpn_protocol() == protocol
    assert stream.get_extra_info("socket") is None


def test_each_connection_plays_back_the_whole_buffer() -> None:
    backend = MockBackend([b"answer"])
    backend.sleep(1000.0)
    streams = [
        backend.connect_tcp("example.org", 80),
        backend.connect_unix_socket("/path"),
        backend.connect_tcp("example.org", 80),
    ]
    assert [stream.read(100) for stream in streams] == [b"answer"] * 3
    assert {stream.get_extra_info("ssl_object").selected_alpn_protocol() for stream in streams} == {"http/1.1"}


def test_repr_of_mock_stream_names_its_class() -> None:
    assert repr(MockStream([])) == f"<{MockStream.__module__}.MockStream>"
