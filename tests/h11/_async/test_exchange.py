"""Requests and responses over one connection, with a real server and scripted ones."""

import hashlib
import threading
from collections.abc import AsyncIterator

import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import (
    URL,
    AsyncResponseStream,
    LocalProtocolError,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    WriteTimeout,
)
from httpcore_test_support import steps
from httpcore_test_support._async.h11_connections import (
    AsyncScriptedStream,
    async_connected,
    async_first_part,
    async_parts,
    async_served,
)
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.exchanges import cut_at
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

ORIGIN = URL("http://localhost").origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


class TestRealServer:
    @pytest.mark.parametrize("secure", [False, True], ids=["clear", "tls"])
    async def test_several_requests_over_one_connection(
        self, caddy: CaddyServer, certificates: Certificates, secure: bool
    ) -> None:
        url = caddy.https_url if secure else caddy.http_url
        ports = set()
        async with async_connected(url, certificates.client_context() if secure else None) as connection:
            for method, path, content, expected in [
                ("GET", "/", None, b"Hello, world!\n"),
                ("HEAD", "/", None, b""),
                ("POST", "/echo", b"x" * 200_000, b"x" * 200_000),
                ("POST", "/echo", b"", b""),
                ("GET", "/status/204", None, b""),
                ("GET", "/early-hints", None, b"hinted\n"),
            ]:
                response = await connection.request(method, url + path, content=content)
                assert response.content == expected
                ports.add(dict(response.headers)[b"X-Remote-Port"])
                assert connection.is_available()
        assert len(ports) == 1

    async def test_a_streamed_upload_is_echoed(self, caddy: CaddyServer) -> None:
        async def body() -> AsyncIterator[bytes]:
            for index in range(50):
                yield b"%d," % index * 1000

        async with async_connected(caddy.http_url) as connection:
            response = await connection.request("PUT", caddy.http_url + "/echo", content=body())
        assert response.content == b"".join(b"%d," % index * 1000 for index in range(50))

    @pytest.mark.parametrize("path", ["/1mb.bin", "/chunked"])
    async def test_a_streamed_download(self, caddy: CaddyServer, path: str) -> None:
        digest = hashlib.sha256()
        async with (
            async_connected(caddy.http_url) as connection,
            connection.stream("GET", caddy.http_url + path) as response,
        ):
            async for part in response.aiter_stream():
                digest.update(part)
            assert connection.info().startswith(f"'{caddy.http_url}', HTTP/1.1, ACTIVE, ")
        assert digest.hexdigest() == caddy.files["/1mb.bin"].sha256

    async def test_a_server_that_sends_connection_close(self, caddy: CaddyServer) -> None:
        async with async_connected(caddy.http_url) as connection:
            response = await connection.request("GET", caddy.http_url + "/close")
            assert response.content == b"closing\n"
            assert connection.is_closed()


class TestResponse:
    async def test_parts_are_returned_as_they_arrive(self) -> None:
        taken = threading.Event()
        script = [
            steps.receive_request(),
            steps.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none"),
            steps.wait(taken),
            steps.send(b"two"),
        ]
        async with async_served(script) as (server, connection), connection.stream("GET", server.url) as response:
            parts = []
            async for part in response.aiter_stream():
                parts.append(part)
                taken.set()
        assert parts == [b"one", b"two"]

    async def test_a_response_that_arrives_in_many_pieces(self) -> None:
        pieces = cut_at(EARLY_HINTS + RESPONSE, [1, 9, 24, 39, 41, 42, 50, 78, 80])
        async with async_served([steps.receive_request(), steps.send_pieces(pieces)]) as (
            server,
            connection,
        ):
            response = await connection.request("GET", server.url)
            assert connection.is_idle()
        assert (response.status, response.content) == (200, b"hello")

    @pytest.mark.field(31)
    @pytest.mark.parametrize("pieces", [[EARLY_HINTS + RESPONSE], [EARLY_HINTS, RESPONSE]], ids=["one", "two"])
    async def test_an_interim_response_is_skipped(self, pieces: list[bytes]) -> None:
        async with async_served([steps.receive_request(), steps.send_pieces(pieces)]) as (server, connection):
            response = await connection.request("GET", server.url)
            assert connection.is_idle()
        assert (response.status, response.content) == (200, b"hello")
        assert response.headers == [(b"Content-Length", b"5")]

    @pytest.mark.field(29)
    @pytest.mark.fault("N3")
    async def test_a_head_of_128_kib_is_accepted_and_a_larger_one_refused(self) -> None:
        start, end = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: ", b"\r\n\r\n"
        filler = b"x" * (131_072 - len(start) - len(end))
        script = [steps.receive_request(), steps.send(start + filler + end + b"hello")]
        async with async_served(script) as (server, connection):
            response = await connection.request("GET", server.url)
            assert response.content == b"hello"
        script = [steps.receive_request(), steps.send(start + filler + b"x" + end + b"hello")]
        async with async_served(script) as (server, connection):
            with pytest.raises(RemoteProtocolError):
                await connection.request("GET", server.url)
            assert connection.is_closed()

    async def test_extensions(self) -> None:
        stream = AsyncScriptedStream(b"HTTP/1.1 404 Gone Fishing\r\nContent-Length: 0\r\n\r\n")
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        response = await connection.request("GET", "http://localhost/")
        assert response.extensions == {
            "http_version": b"HTTP/1.1",
            "reason_phrase": b"Gone Fishing",
            "network_stream": stream,
            "connection": connection.connection_info,
        }
        assert connection.connection_info.http_version == "HTTP/1.1"

    async def test_each_timeout_limits_its_operation(self) -> None:
        stream = AsyncScriptedStream(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", b"abc")
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        extensions = {"timeout": {"connect": 1.0, "read": 2.0, "write": 3.0, "pool": 4.0}}
        await connection.request("POST", "http://localhost/", content=b"x", extensions=extensions)
        assert stream.timeouts == [("write", 3.0), ("read", 2.0), ("read", 2.0)]

    async def test_without_timeouts_there_are_no_limits(self) -> None:
        stream = AsyncScriptedStream(RESPONSE)
        await AsyncHTTP11Connection(ORIGIN, stream).request("GET", "http://localhost/")
        assert stream.timeouts == [("write", None), ("read", None)]

    async def test_reading_on_after_the_end_returns_nothing(self) -> None:
        response = await AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE)).handle_async_request(
            Request("GET", "http://localhost/", headers={"Host": "localhost"})
        )
        assert await async_parts(response) == [b"hello"]
        assert await async_parts(response) == []
        await response.aclose()
        assert await async_parts(response) == []

    async def test_a_closed_body_reads_nothing_of_the_next_response(self) -> None:
        connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE, RESPONSE))
        first = await connection.request("GET", "http://localhost/")
        async with connection.stream("GET", "http://localhost/") as response:
            body = first.stream
            assert isinstance(body, AsyncResponseStream)
            assert await body.aread() == b""
            assert await response.aread() == b"hello"

    async def test_closing_a_response_early_closes_the_connection(self) -> None:
        async with async_served([steps.receive_request(), steps.send(RESPONSE[:-1])]) as (server, connection):
            async with connection.stream("GET", server.url) as response:
                assert await async_first_part(response) == b"hell"
            assert connection.is_closed()
            with pytest.raises(ReadError, match="after the response was closed"):
                await async_parts(response)

    async def test_closing_twice_does_nothing(self) -> None:
        connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE))
        async with connection.stream("GET", "http://localhost/") as response:
            await response.aread()
            await response.aclose()
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
    async def test_a_failing_response(self, reads: list[bytes | Exception], error: type[Exception]) -> None:
        stream = AsyncScriptedStream(*reads)
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        with pytest.raises(error):
            await connection.request("GET", "http://localhost/")
        assert (connection.is_closed(), stream.closed) == (True, True)

    async def test_a_real_server_that_disconnects(self) -> None:
        async with async_served([steps.receive_request(), steps.close()]) as (server, connection):
            with pytest.raises(RemoteProtocolError, match=r"^Server disconnected without sending a response\.$"):
                await connection.request("GET", server.url)
            assert connection.is_closed()

    async def test_a_real_server_that_resets(self) -> None:
        async with async_served([steps.receive_request(), steps.send_pieces([RESPONSE[:-1]]), steps.abort()]) as (
            server,
            connection,
        ):
            with pytest.raises(ReadError):
                await connection.request("GET", server.url)
            assert connection.is_closed()

    async def test_a_real_server_that_stays_silent(self) -> None:
        async with async_served([steps.receive_request(), steps.hold()]) as (server, connection):
            with pytest.raises(ReadTimeout):
                await connection.request("GET", server.url, extensions={"timeout": {"read": 0.01}})
            assert connection.is_closed()

    @pytest.mark.field(25)
    @pytest.mark.fault("S12")
    async def test_the_error_names_a_bad_header_line(self) -> None:
        bad = b"HTTP/1.1 200 OK\r\nBad/Name: value\r\nContent-Length: 0\r\n\r\n"
        async with async_served([steps.receive_request(), steps.send(bad)]) as (server, connection):
            with pytest.raises(RemoteProtocolError, match="Bad/Name:") as caught:
                await connection.request("GET", server.url)
            assert "value" not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"
            assert connection.is_closed()

    @pytest.mark.field(28)
    async def test_a_header_that_breaks_the_grammar_is_not_sent(self) -> None:
        async with async_served([]) as (server, connection):
            with pytest.raises(LocalProtocolError):
                await connection.request("GET", server.url, headers={"X": "blank "})
            assert connection.is_closed()
            await async_wait_until(lambda: server.open_connections == 0)
            assert server.connections[0].received == b""

    @pytest.mark.field(24)
    @pytest.mark.parametrize("content", [b"four", b"sixsix"], ids=["too short", "too long"])
    @pytest.mark.parametrize("streamed", [False, True], ids=["bytes", "streamed"])
    async def test_a_body_of_another_length_than_declared_raises(self, content: bytes, streamed: bool) -> None:
        async def body() -> AsyncIterator[bytes]:
            for index in range(len(content)):
                yield content[index : index + 1]

        async with async_served([steps.receive_until(b"\r\n\r\n")]) as (server, connection):
            with pytest.raises(LocalProtocolError, match=r"for declared Content-Length$"):
                await connection.request(
                    "POST", server.url, headers={"Content-Length": "5"}, content=body() if streamed else content
                )
            assert connection.is_closed()

    async def test_a_peer_that_does_not_read_the_request(self) -> None:
        script = [steps.receive_until(b"\r\n\r\n"), steps.hold()]
        async with async_served(script, receive_buffer=4096) as (server, connection):
            with pytest.raises(WriteTimeout):
                await connection.request(
                    "POST", server.url, content=b"x" * 20_000_000, extensions={"timeout": {"write": 0.01}}
                )
            assert connection.is_closed()


class BodyError(Exception):
    """Raised by a body."""


class TestBodies:
    async def test_an_error_of_the_body_propagates(self) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            raise BodyError

        async with async_served([steps.receive_until(b"first\r\n")]) as (server, connection):
            with pytest.raises(BodyError):
                await connection.request("POST", server.url, content=body())
            assert connection.is_closed()

    @pytest.mark.parametrize("first", [b"", b"x"])
    async def test_parts_that_are_not_bytes_raise(self, first: bytes) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield first
            yield "text"  # type: ignore[misc]

        stream = AsyncScriptedStream()
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        with pytest.raises(TypeError):
            await connection.request("POST", "http://localhost/", content=body())
        assert (connection.is_closed(), stream.closed) == (True, True)

    async def test_empty_parts_do_not_end_a_chunked_body(self) -> None:
        async def body() -> AsyncIterator[bytes]:
            for piece in ("", "one", "", "two", ""):
                yield piece.encode()

        async with async_served([steps.receive_request(), steps.send(RESPONSE)]) as (server, connection):
            await connection.request("POST", server.url, content=body())
        assert server.connections[0].received.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")

    async def test_a_generator_cleans_up_at_once_when_it_is_left_early(self) -> None:
        cleaned_up = []

        async def body() -> AsyncIterator[bytes]:
            try:
                yield b"too long"
            finally:
                cleaned_up.append(True)

        content = body()
        connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream())
        with pytest.raises(LocalProtocolError):
            await connection.request("POST", "http://localhost/", headers={"Content-Length": "1"}, content=content)
        assert cleaned_up == [True]

    async def test_an_iterator_other_than_a_generator_is_not_closed(self) -> None:
        class Body:
            def __init__(self) -> None:
                self.parts = [b"two", b"one"]
                self.closed = False

            def __aiter__(self) -> "Body":
                return self

            async def __anext__(self) -> bytes:
                if not self.parts:
                    raise StopAsyncIteration
                return self.parts.pop()

            async def aclose(self) -> None:
                self.closed = True

        body = Body()
        stream = AsyncScriptedStream(RESPONSE)
        await AsyncHTTP11Connection(ORIGIN, stream).request("POST", "http://localhost/", content=body)
        assert stream.written[1:] == [b"3\r\none\r\n", b"3\r\ntwo\r\n", b"0\r\n\r\n"]
        assert not body.closed
