# Generated from ../_async/test_exchange.py by tools/make_sync.py: edit that file, then run it.
"""Requests and responses over one connection, with a real server and scripted ones."""

import hashlib
import threading
from collections.abc import Iterator

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_models import (
    URL,
    LocalProtocolError,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    ResponseStream,
    WriteTimeout,
)
from httpcore_test_support import steps
from httpcore_test_support._sync.h11_connections import (
    ScriptedStream,
    connected,
    first_part,
    parts,
    served,
)
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.exchanges import cut_at
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

ORIGIN = URL("http://localhost").origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


class TestRealServer:
    @pytest.mark.parametrize("secure", [False, True], ids=["clear", "tls"])
    def test_several_requests_over_one_connection(
        self, caddy: CaddyServer, certificates: Certificates, secure: bool
    ) -> None:
        url = caddy.https_url if secure else caddy.http_url
        ports = set()
        with connected(url, certificates.client_context() if secure else None) as connection:
            for method, path, content, expected in [
                ("GET", "/", None, b"Hello, world!\n"),
                ("HEAD", "/", None, b""),
                ("POST", "/echo", b"x" * 200_000, b"x" * 200_000),
                ("POST", "/echo", b"", b""),
                ("GET", "/status/204", None, b""),
                ("GET", "/early-hints", None, b"hinted\n"),
            ]:
                response = connection.request(method, url + path, content=content)
                assert response.content == expected
                ports.add(dict(response.headers)[b"X-Remote-Port"])
                assert connection.is_available()
        assert len(ports) == 1

    def test_a_streamed_upload_is_echoed(self, caddy: CaddyServer) -> None:
        def body() -> Iterator[bytes]:
            for index in range(50):
                yield b"%d," % index * 1000

        with connected(caddy.http_url) as connection:
            response = connection.request("PUT", caddy.http_url + "/echo", content=body())
        assert response.content == b"".join(b"%d," % index * 1000 for index in range(50))

    @pytest.mark.parametrize("path", ["/1mb.bin", "/chunked"])
    def test_a_streamed_download(self, caddy: CaddyServer, path: str) -> None:
        digest = hashlib.sha256()
        with (
            connected(caddy.http_url) as connection,
            connection.stream("GET", caddy.http_url + path) as response,
        ):
            for part in response.iter_stream():
                digest.update(part)
            assert connection.info().startswith(f"'{caddy.http_url}', HTTP/1.1, ACTIVE, ")
        assert digest.hexdigest() == caddy.files["/1mb.bin"].sha256

    def test_a_server_that_sends_connection_close(self, caddy: CaddyServer) -> None:
        with connected(caddy.http_url) as connection:
            response = connection.request("GET", caddy.http_url + "/close")
            assert response.content == b"closing\n"
            assert connection.is_closed()


class TestResponse:
    def test_parts_are_returned_as_they_arrive(self) -> None:
        taken = threading.Event()
        script = [
            steps.receive_request(),
            steps.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none"),
            steps.wait(taken),
            steps.send(b"two"),
        ]
        with served(script) as (server, connection), connection.stream("GET", server.url) as response:
            parts = []
            for part in response.iter_stream():
                parts.append(part)
                taken.set()
        assert parts == [b"one", b"two"]

    def test_a_response_that_arrives_in_many_pieces(self) -> None:
        pieces = cut_at(EARLY_HINTS + RESPONSE, [1, 9, 24, 39, 41, 42, 50, 78, 80])
        with served([steps.receive_request(), steps.send_pieces(pieces)]) as (
            server,
            connection,
        ):
            response = connection.request("GET", server.url)
            assert connection.is_idle()
        assert (response.status, response.content) == (200, b"hello")

    @pytest.mark.field(31)
    @pytest.mark.parametrize("pieces", [[EARLY_HINTS + RESPONSE], [EARLY_HINTS, RESPONSE]], ids=["one", "two"])
    def test_an_interim_response_is_skipped(self, pieces: list[bytes]) -> None:
        with served([steps.receive_request(), steps.send_pieces(pieces)]) as (server, connection):
            response = connection.request("GET", server.url)
            assert connection.is_idle()
        assert (response.status, response.content) == (200, b"hello")
        assert response.headers == [(b"Content-Length", b"5")]

    @pytest.mark.field(29)
    @pytest.mark.fault("N3")
    def test_a_head_of_128_kib_is_accepted_and_a_larger_one_refused(self) -> None:
        start, end = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: ", b"\r\n\r\n"
        filler = b"x" * (131_072 - len(start) - len(end))
        script = [steps.receive_request(), steps.send(start + filler + end + b"hello")]
        with served(script) as (server, connection):
            response = connection.request("GET", server.url)
            assert response.content == b"hello"
        script = [steps.receive_request(), steps.send(start + filler + b"x" + end + b"hello")]
        with served(script) as (server, connection):
            with pytest.raises(RemoteProtocolError):
                connection.request("GET", server.url)
            assert connection.is_closed()

    def test_extensions(self) -> None:
        stream = ScriptedStream(b"HTTP/1.1 404 Gone Fishing\r\nContent-Length: 0\r\n\r\n")
        connection = HTTP11Connection(ORIGIN, stream)
        response = connection.request("GET", "http://localhost/")
        assert response.extensions == {
            "http_version": b"HTTP/1.1",
            "reason_phrase": b"Gone Fishing",
            "network_stream": stream,
            "connection": connection.connection_info,
        }
        assert connection.connection_info.http_version == "HTTP/1.1"

    def test_each_timeout_limits_its_operation(self) -> None:
        stream = ScriptedStream(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", b"abc")
        connection = HTTP11Connection(ORIGIN, stream)
        extensions = {"timeout": {"connect": 1.0, "read": 2.0, "write": 3.0, "pool": 4.0}}
        connection.request("POST", "http://localhost/", content=b"x", extensions=extensions)
        assert stream.timeouts == [("write", 3.0), ("read", 2.0), ("read", 2.0)]

    def test_without_timeouts_there_are_no_limits(self) -> None:
        stream = ScriptedStream(RESPONSE)
        HTTP11Connection(ORIGIN, stream).request("GET", "http://localhost/")
        assert stream.timeouts == [("write", None), ("read", None)]

    def test_reading_on_after_the_end_returns_nothing(self) -> None:
        response = HTTP11Connection(ORIGIN, ScriptedStream(RESPONSE)).handle_request(
            Request("GET", "http://localhost/", headers={"Host": "localhost"})
        )
        assert parts(response) == [b"hello"]
        assert parts(response) == []
        response.close()
        assert parts(response) == []

    def test_a_closed_body_reads_nothing_of_the_next_response(self) -> None:
        connection = HTTP11Connection(ORIGIN, ScriptedStream(RESPONSE, RESPONSE))
        first = connection.request("GET", "http://localhost/")
        with connection.stream("GET", "http://localhost/") as response:
            body = first.stream
            assert isinstance(body, ResponseStream)
            assert body.read() == b""
            assert response.read() == b"hello"

    def test_closing_a_response_early_closes_the_connection(self) -> None:
        with served([steps.receive_request(), steps.send(RESPONSE[:-1])]) as (server, connection):
            with connection.stream("GET", server.url) as response:
                assert first_part(response) == b"hell"
            assert connection.is_closed()
            with pytest.raises(ReadError, match="after the response was closed"):
                parts(response)

    def test_closing_twice_does_nothing(self) -> None:
        connection = HTTP11Connection(ORIGIN, ScriptedStream(RESPONSE))
        with connection.stream("GET", "http://localhost/") as response:
            response.read()
            response.close()
            assert connection.is_idle()
        assert connection.is_idle()


class TestErrors:
    """Every failure raises its error and closes the connection."""

    @pytest.mark.parametrize(
        ("reads", "error"),
        [
            ([], RemoteProtocolError),
            ([RESPONSE[:20]], RemoteProtocolError),
            ([b"SSH-2.0\r\n\r\n"], RemoteProtocolError),
            ([RESPONSE[:-1]], RemoteProtocolError),
            ([ReadTimeout("slow")], ReadTimeout),
            ([RESPONSE[:-1], ReadTimeout("slow")], ReadTimeout),
            ([ReadError("reset")], ReadError),
            ([RESPONSE[:-1], ReadError("reset")], ReadError),
        ],
        ids=["no answer", "cut head", "not HTTP", "cut body", "timeout", "late timeout", "reset", "late reset"],
    )
    def test_a_failing_response(self, reads: list[bytes | Exception], error: type[Exception]) -> None:
        stream = ScriptedStream(*reads)
        connection = HTTP11Connection(ORIGIN, stream)
        with pytest.raises(error):
            connection.request("GET", "http://localhost/")
        assert (connection.is_closed(), stream.closed) == (True, True)

    def test_a_real_server_that_disconnects(self) -> None:
        with served([steps.receive_request(), steps.close()]) as (server, connection):
            with pytest.raises(RemoteProtocolError, match=r"^Server disconnected without sending a response\.$"):
                connection.request("GET", server.url)
            assert connection.is_closed()

    def test_a_real_server_that_resets(self) -> None:
        with served([steps.receive_request(), steps.send_pieces([RESPONSE[:-1]]), steps.abort()]) as (
            server,
            connection,
        ):
            with pytest.raises(ReadError):
                connection.request("GET", server.url)
            assert connection.is_closed()

    def test_a_real_server_that_stays_silent(self) -> None:
        with served([steps.receive_request(), steps.hold()]) as (server, connection):
            with pytest.raises(ReadTimeout):
                connection.request("GET", server.url, extensions={"timeout": {"read": 0.01}})
            assert connection.is_closed()

    @pytest.mark.field(25)
    @pytest.mark.fault("S12")
    def test_the_error_names_a_bad_header_line(self) -> None:
        bad = b"HTTP/1.1 200 OK\r\nBad/Name: value\r\nContent-Length: 0\r\n\r\n"
        with served([steps.receive_request(), steps.send(bad)]) as (server, connection):
            with pytest.raises(RemoteProtocolError, match="Bad/Name:") as caught:
                connection.request("GET", server.url)
            assert "value" not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"
            assert connection.is_closed()

    @pytest.mark.field(28)
    def test_a_header_that_breaks_the_grammar_is_not_sent(self) -> None:
        with served([]) as (server, connection):
            with pytest.raises(LocalProtocolError):
                connection.request("GET", server.url, headers={"X": "blank "})
            assert connection.is_closed()
            wait_until(lambda: server.open_connections == 0)
            assert server.connections[0].received == b""

    @pytest.mark.field(24)
    @pytest.mark.parametrize("content", [b"four", b"sixsix"], ids=["too short", "too long"])
    @pytest.mark.parametrize("streamed", [False, True], ids=["bytes", "streamed"])
    def test_a_body_of_another_length_than_declared_raises(self, content: bytes, streamed: bool) -> None:
        def body() -> Iterator[bytes]:
            for index in range(len(content)):
                yield content[index : index + 1]

        with served([steps.receive_until(b"\r\n\r\n")]) as (server, connection):
            with pytest.raises(LocalProtocolError, match=r"for declared Content-Length$"):
                connection.request(
                    "POST", server.url, headers={"Content-Length": "5"}, content=body() if streamed else content
                )
            assert connection.is_closed()

    def test_a_peer_that_does_not_read_the_request(self) -> None:
        script = [steps.receive_until(b"\r\n\r\n"), steps.hold()]
        with served(script, receive_buffer=4096) as (server, connection):
            with pytest.raises(WriteTimeout):
                connection.request(
                    "POST", server.url, content=b"x" * 20_000_000, extensions={"timeout": {"write": 0.01}}
                )
            assert connection.is_closed()


class BodyError(Exception):
    """Raised by a body."""


class TestBodies:
    def test_an_error_of_the_body_propagates(self) -> None:
        def body() -> Iterator[bytes]:
            yield b"first"
            raise BodyError

        with served([steps.receive_until(b"first\r\n")]) as (server, connection):
            with pytest.raises(BodyError):
                connection.request("POST", server.url, content=body())
            assert connection.is_closed()

    @pytest.mark.parametrize("first", [b"", b"x"])
    def test_parts_that_are_not_bytes_raise(self, first: bytes) -> None:
        def body() -> Iterator[bytes]:
            yield first
            yield "text"  # type: ignore[misc]

        stream = ScriptedStream()
        connection = HTTP11Connection(ORIGIN, stream)
        with pytest.raises(TypeError):
            connection.request("POST", "http://localhost/", content=body())
        assert (connection.is_closed(), stream.closed) == (True, True)

    def test_empty_parts_do_not_end_a_chunked_body(self) -> None:
        def body() -> Iterator[bytes]:
            for piece in ("", "one", "", "two", ""):
                yield piece.encode()

        with served([steps.receive_request(), steps.send(RESPONSE)]) as (server, connection):
            connection.request("POST", server.url, content=body())
        assert server.connections[0].received.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")

    def test_a_generator_cleans_up_at_once_when_it_is_left_early(self) -> None:
        cleaned_up = []

        def body() -> Iterator[bytes]:
            try:
                yield b"too long"
            finally:
                cleaned_up.append(True)

        content = body()
        connection = HTTP11Connection(ORIGIN, ScriptedStream())
        with pytest.raises(LocalProtocolError):
            connection.request("POST", "http://localhost/", headers={"Content-Length": "1"}, content=content)
        assert cleaned_up == [True]

    def test_an_iterator_other_than_a_generator_is_not_closed(self) -> None:
        class Body:
            def __init__(self) -> None:
                self.parts = [b"two", b"one"]
                self.closed = False

            def __iter__(self) -> "Body":
                return self

            def __next__(self) -> bytes:
                if not self.parts:
                    raise StopIteration
                return self.parts.pop()

            def close(self) -> None:
                self.closed = True

        body = Body()
        stream = ScriptedStream(RESPONSE)
        HTTP11Connection(ORIGIN, stream).request("POST", "http://localhost/", content=body)
        assert stream.written[1:] == [b"3\r\none\r\n", b"3\r\ntwo\r\n", b"0\r\n\r\n"]
        assert not body.closed
