# Generated from ../_async/test_pool_requests.py by tools/make_sync.py: edit that file, then run it.
"""Single requests through a pool: what is sent and received, and that the connection is kept."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpcore import (
    URL,
    ConnectionPool,
    ReadError,
    RemoteProtocolError,
    Request,
    Response,
    UnsupportedProtocol,
)
from httpcore_test_support.recording import RecordingBackend
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import close, receive_request, send
from httpcore_test_support.waiting import pause, wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!"
CUT_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nHello, world!"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


def idle(pool: ConnectionPool) -> bool:
    """Return whether nothing is in use and one connection is kept."""
    return "Requests: 0 active, 0 queued | Connections: 0 active, 1 idle" in repr(pool)


def empty(pool: ConnectionPool) -> bool:
    """Return whether the pool is empty."""
    return "Requests: 0 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)


def body() -> Iterator[bytes]:
    """A body of unknown length."""
    yield b"Hello, "
    yield b"world!"


class TestRequest:
    def test_response_is_complete(self) -> None:
        backend = RecordingBackend([OK])
        with ConnectionPool(network_backend=backend) as pool:
            response = pool.request("GET", "http://example.com/")
            assert isinstance(response, Response)
            assert response.status == 200
            assert response.headers == [(b"Content-Type", b"text/plain"), (b"Content-Length", b"13")]
            assert response.content == b"Hello, world!"
            assert response.extensions["http_version"] == b"HTTP/1.1"
            assert response.extensions["reason_phrase"] == b"OK"
            assert response.extensions["network_stream"] is backend.streams[0]
            assert response.read() == b"Hello, world!"
            assert idle(pool)

    @pytest.mark.parametrize(
        "url", ["http://example.com/path?q=1", b"http://example.com/path?q=1"], ids=["str", "bytes"]
    )
    def test_a_get_request_has_a_host_and_nothing_else(self, url: str | bytes) -> None:
        backend = RecordingBackend([CLOSING])
        with ConnectionPool(network_backend=backend) as pool:
            pool.request("GET", url)
            pool.request(b"GET", URL(url))
        sent = b"GET /path?q=1 HTTP/1.1\r\nHost: example.com\r\n\r\n"
        assert [stream.written for stream in backend.streams] == [sent, sent]

    def test_bytes_are_sent_with_their_length(self) -> None:
        backend = RecordingBackend([OK])
        with ConnectionPool(network_backend=backend) as pool:
            pool.request("POST", "http://example.com:8080/", content=b"Hello, world!")
        assert backend.streams[0].written == (
            b"POST / HTTP/1.1\r\nHost: example.com:8080\r\nContent-Length: 13\r\n\r\nHello, world!"
        )

    def test_an_iterable_is_sent_in_chunks(self) -> None:
        backend = RecordingBackend([OK])
        with ConnectionPool(network_backend=backend) as pool:
            pool.request("POST", "http://example.com/", content=body())
        assert backend.streams[0].written == (
            b"POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"7\r\nHello, \r\n6\r\nworld!\r\n0\r\n\r\n"
        )

    def test_given_headers_are_kept(self) -> None:
        backend = RecordingBackend([OK])
        with ConnectionPool(network_backend=backend) as pool:
            headers: dict[bytes | str, bytes | str] = {"host": "other", "content-length": "13", "X-Header": "value"}
            pool.request("POST", "http://example.com/", headers=headers, content=body())
        assert backend.streams[0].written == (
            b"POST / HTTP/1.1\r\nhost: other\r\ncontent-length: 13\r\nX-Header: value\r\n\r\nHello, world!"
        )

    def test_the_target_extension_replaces_the_target(self) -> None:
        backend = RecordingBackend([OK])
        with ConnectionPool(network_backend=backend) as pool:
            pool.request("OPTIONS", "http://example.com/path", extensions={"target": b"*"})
        assert backend.streams[0].written == b"OPTIONS * HTTP/1.1\r\nHost: example.com\r\n\r\n"

    def test_a_prepared_request_is_sent_as_it_is(self) -> None:
        backend = RecordingBackend([OK])
        with ConnectionPool(network_backend=backend) as pool:
            request = Request("GET", "http://example.com/", headers=[("Host", "given")])
            response = pool.handle_request(request)
            assert response.read() == b"Hello, world!"
            response.close()
            assert idle(pool)
        assert backend.streams[0].written == b"GET / HTTP/1.1\r\nHost: given\r\n\r\n"


class TestStream:
    def test_the_body_arrives_in_parts(self) -> None:
        head, rest = OK[:-6], OK[-6:]
        backend = RecordingBackend([head, rest])
        with ConnectionPool(network_backend=backend) as pool:
            with pool.stream("GET", "http://example.com/") as response:
                assert response.status == 200
                assert [part.decode() for part in response.iter_stream()] == ["Hello, ", "world!"]
                assert not idle(pool)
            assert idle(pool)

    def test_content_is_available_after_reading(self) -> None:
        with (
            ConnectionPool(network_backend=RecordingBackend([OK])) as pool,
            pool.stream("GET", "http://example.com/") as response,
        ):
            with pytest.raises(RuntimeError, match="streaming response"):
                _ = response.content
            assert response.read() == response.content == b"Hello, world!"

    @pytest.mark.field(17)
    def test_partly_read_response_releases_its_slot_at_once(self) -> None:
        backend = RecordingBackend([OK[:-6], OK[-6:]])
        with ConnectionPool(network_backend=backend, max_connections=1) as pool:
            for _ in range(3):
                with pool.stream("GET", "http://example.com/", extensions={"timeout": {"pool": 0.0}}) as response:
                    parts = response.stream.__iter__()  # type: ignore[union-attr]
                    assert parts.__next__() == b"Hello, "
                    assert "1 active, 0 queued | Connections: 1 active, 0 idle" in repr(pool)
                assert empty(pool)
            assert [stream.closed for stream in backend.streams] == [1, 1, 1]

    def test_second_close_does_nothing(self) -> None:
        with ConnectionPool(network_backend=RecordingBackend([OK])) as pool:
            with pool.stream("GET", "http://example.com/") as response:
                response.read()
                response.close()
                assert idle(pool)
            response.close()
            assert idle(pool)

    def test_exception_in_the_block_releases_the_slot(self) -> None:
        def fail(pool: ConnectionPool) -> None:
            with pool.stream("GET", "http://example.com/") as response:
                _ = response.status / 0

        with ConnectionPool(network_backend=RecordingBackend([OK])) as pool:
            with pytest.raises(ZeroDivisionError):
                fail(pool)
            assert empty(pool)

    def test_failing_body_releases_the_slot_before_it_is_closed(self) -> None:
        with (
            ConnectionPool(network_backend=RecordingBackend([CUT_SHORT])) as pool,
            pool.stream("GET", "http://example.com/") as response,
        ):
            with pytest.raises(RemoteProtocolError):
                response.read()
            assert empty(pool)


class TestReuse:
    def test_requests_to_one_origin_share_a_connection(self) -> None:
        with scripted_server([step for _ in range(3) for step in (receive_request(), send(OK))]) as server:
            with ConnectionPool() as pool:
                for _ in range(3):
                    assert (pool.request("GET", server.url)).content == b"Hello, world!"
                assert idle(pool)
            wait_until(lambda: not server.open_connections)
            assert len(server.connections) == 1

    def test_requests_to_two_origins_do_not_share_a_connection(self) -> None:
        backend = RecordingBackend([OK])
        with ConnectionPool(network_backend=backend) as pool:
            pool.request("GET", "http://example.com/")
            pool.request("GET", "http://example.com:8080/")
            pool.request("GET", "http://example.org/")
            assert "Connections: 0 active, 3 idle" in repr(pool)
        ports = [(call["host"], call["port"]) for call in backend.connects]
        assert ports == [("example.com", 80), ("example.com", 8080), ("example.org", 80)]

    def test_connection_close_header_closes_the_connection(self) -> None:
        backend = RecordingBackend([CLOSING])
        with ConnectionPool(network_backend=backend) as pool:
            assert (pool.request("GET", "http://example.com/")).content == b"ok"
            assert empty(pool)
            assert backend.streams[0].closed

    def test_connection_closed_by_the_server_is_replaced(self) -> None:
        with scripted_server([receive_request(), send(OK), close()]) as server:
            with ConnectionPool() as pool:
                for _ in range(2):
                    assert (pool.request("GET", server.url)).status == 200
                    wait_until(lambda: server.connections[-1].closed)
                    pause()
            assert len(server.connections) == 2

    def test_connections_are_listed_oldest_first(self) -> None:
        with ConnectionPool(network_backend=RecordingBackend([OK])) as pool:
            for host in ("a", "b"):
                pool.request("GET", f"http://{host}/")
            assert [connection.info() for connection in pool.connections] == [
                "'http://a:80', HTTP/1.1, IDLE, Request Count: 1",
                "'http://b:80', HTTP/1.1, IDLE, Request Count: 1",
            ]
            pool.connections.clear()
            assert len(pool.connections) == 2


class TestSchemes:
    @pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443), ("ws", 80), ("wss", 443)])
    def test_default_ports(self, scheme: str, port: int) -> None:
        backend = RecordingBackend([OK])
        with ConnectionPool(network_backend=backend) as pool:
            pool.request("GET", f"{scheme}://example.com/")
        assert backend.connects[0]["port"] == port
        assert len(backend.streams[0].handshakes) == (1 if port == 443 else 0)
        assert backend.streams[0].written == b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("ftp://example.com/", "Request URL has an unsupported protocol 'ftp://'."),
            ("socks5://example.com/", "Request URL has an unsupported protocol 'socks5://'."),
            ("example.com", "Request URL is missing an 'http://' or 'https://' protocol."),
            ("//example.com/", "Request URL is missing an 'http://' or 'https://' protocol."),
        ],
    )
    def test_other_schemes_are_refused(self, url: str, message: str) -> None:
        with ConnectionPool(network_backend=RecordingBackend([OK])) as pool:
            with pytest.raises(UnsupportedProtocol) as raised:
                pool.request("GET", url)
            assert str(raised.value) == message
            assert empty(pool)


class TestErrors:
    @pytest.mark.parametrize(
        ("outcome", "error"),
        [
            ([b"nonsense\r\n\r\n"], RemoteProtocolError),
            ([b""], RemoteProtocolError),
            (OSError("raised by a backend of one's own"), OSError),
        ],
    )
    def test_slot_is_released(self, outcome: Any, error: type[Exception]) -> None:
        backend = RecordingBackend(outcome, [OK])
        with ConnectionPool(network_backend=backend, max_connections=1) as pool:
            with pytest.raises(error):
                pool.request("GET", "http://example.com/")
            assert empty(pool)
            assert (pool.request("GET", "http://example.com/")).status == 200
        assert all(stream.closed for stream in backend.streams)

    def test_a_reset_is_a_read_error(self) -> None:
        with scripted_server([receive_request(), lambda connection: connection.abort()]) as server:
            pool = ConnectionPool()
            with pool:
                with pytest.raises(ReadError):
                    pool.request("GET", server.url)
                assert empty(pool)

    def test_arguments_of_the_wrong_type(self) -> None:
        with ConnectionPool(network_backend=RecordingBackend([OK])) as pool:
            wrong: Any = {"timeout": 1.0}
            with pytest.raises(TypeError, match="timeout"):
                pool.request("GET", "http://example.com/", **wrong)
            with pytest.raises(TypeError, match="timeout"):
                pool.stream("GET", "http://example.com/", **wrong)
            with pytest.raises(TypeError, match="url must be"):
                pool.request("GET", 1)  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="headers must be"):
                pool.request("GET", "http://example.com/", headers=1)  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="content must be"):
                pool.request("GET", "http://example.com/", content=1)  # type: ignore[arg-type]
            assert empty(pool)
