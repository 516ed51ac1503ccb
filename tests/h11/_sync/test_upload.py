# Generated from ../_async/test_upload.py by tools/make_sync.py: edit that file, then run it.
"""An upload while its server answers, or stays silent: what ends it, and how long it may take."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_models import (
    URL,
    LocalProtocolError,
    MockStream,
    ReadError,
    RemoteProtocolError,
    Request,
    WriteError,
    WriteTimeout,
)
from httpcore_models.lowlevel import may_retry
from httpcore_test_support import steps
from httpcore_test_support._sync.h11_connections import ScriptedStream, connected, served
from httpcore_test_support._sync.streams import StreamThatKeepsBytes
from httpcore_test_support.bodies import PartsInMemory
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, Step, scripted_server
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

ORIGIN = URL("http://localhost").origin
SIZE = 3_000_000
REFUSAL = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large"
SUCCESS = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

secure_or_clear = pytest.mark.parametrize("secure", [False, True], ids=["clear", "tls"])
kinds_of_body = pytest.mark.parametrize("kind", ["bytes", "parts in memory", "generator"])
traced_or_not = pytest.mark.parametrize("traced", [False, True], ids=["plain", "traced"])


def trace(*_: Any) -> None:
    pass


def generated() -> Iterator[bytes]:
    for _ in range(SIZE // 100_000):
        yield b"x" * 100_000


def content(kind: str) -> Any:
    if kind == "bytes":
        return b"x" * SIZE
    return generated() if kind == "generator" else PartsInMemory(*[b"x" * 100_000] * (SIZE // 100_000))


HEADERS = {"Content-Length": str(SIZE)}


@pytest.mark.fault("S5")
@secure_or_clear
@kinds_of_body
@traced_or_not
@pytest.mark.parametrize(
    ("early", "late"),
    [
        (SUCCESS, b""),
        (SUCCESS[:-5], b"hello"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + SUCCESS, b""),
    ],
    ids=["whole", "head", "chunked", "interim"],
)
def test_a_success_does_not_end_an_upload(
    certificates: Certificates, secure: bool, kind: str, traced: bool, early: bytes, late: bytes
) -> None:
    received: list[int] = []

    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(early)
        received.append(len(connection.receive_exactly(SIZE)))
        connection.send(late)
        connection.receive_until(b"\r\n\r\n")
        connection.send(SUCCESS)

    extensions = {"trace": trace} if traced else {}
    with scripted_server(script, tls=certificates.server_context() if secure else None) as server:
        with connected(server.url, certificates.client_context() if secure else None) as connection:
            url = server.url
            response = connection.request("POST", url, headers=HEADERS, content=content(kind), extensions=extensions)
            assert (response.status, response.content) == (200, b"hello")
            wait_until(lambda: received == [SIZE])
            assert connection.is_idle()
            assert (connection.request("GET", server.url)).status == 200


@pytest.mark.fault("S4", "S5")
@secure_or_clear
@traced_or_not
def test_closing_the_connection_ends_an_upload_even_after_a_success(
    certificates: Certificates, secure: bool, traced: bool
) -> None:
    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(SUCCESS)
        connection.receive_until(b"never")

    with scripted_server(script, tls=certificates.server_context() if secure else None) as server:
        with connected(server.url, certificates.client_context() if secure else None) as connection:

            def is_answered() -> bool:
                stream = connection._network_stream
                return connection._lifecycle.engine.response_started() or stream.get_extra_info("is_readable")

            def cut() -> Iterator[bytes]:
                while not connection._lifecycle.engine.response_started():  # checked before each part
                    yield b"x" * 1_000
                    wait_until(is_answered)
                connection.close()
                yield b"x" * 1_000

            extensions = {"trace": trace} if traced else {}
            with pytest.raises(ReadError, match="was closed while a request was being sent"):
                connection.request("POST", server.url, content=cut(), extensions=extensions)


@pytest.mark.fault("S5")
def test_a_connection_closes_after_an_upload_that_was_cut_short() -> None:
    stream = ScriptedStream(REFUSAL)
    stream.readable = True
    connection = HTTP11Connection(ORIGIN, stream)
    response = connection.request("POST", "http://localhost/", content=b"x" * SIZE)
    assert (response.status, response.content) == (413, b"too large")
    assert (connection.is_closed(), stream.closed) == (True, True)


@pytest.mark.fault("P25")
@kinds_of_body
@traced_or_not
def test_a_body_shorter_than_declared_raises_even_after_a_response(kind: str, traced: bool) -> None:
    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(SUCCESS)
        connection.drain()

    headers = {"Content-Length": str(SIZE + 1)}
    extensions = {"trace": trace} if traced else {}
    with served(script) as (server, connection):
        url = server.url
        with pytest.raises(LocalProtocolError, match="Too little data for declared Content-Length"):
            connection.request("POST", url, headers=headers, content=content(kind), extensions=extensions)
        assert connection.is_closed()


@pytest.mark.fault("T3", "T4")
@secure_or_clear
@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 413 Con", SUCCESS],
    ids=["100", "103", "half a head", "success"],
)
def test_only_a_refusal_prevents_a_write_timeout(certificates: Certificates, secure: bool, answer: bytes) -> None:
    script = [steps.receive_until(b"\r\n\r\n"), steps.send(answer), steps.hold()]
    context = certificates.server_context() if secure else None
    with scripted_server(script, tls=context, receive_buffer=65_536) as server:
        with connected(server.url, certificates.client_context() if secure else None) as connection:
            extensions = {"timeout": {"write": 0.2, "read": 30.0}}
            began = time.monotonic()
            with pytest.raises(WriteTimeout, match=r"The write operation timed out after 0\.2 seconds \("):
                connection.request(
                    "POST",
                    server.url,
                    headers={"Content-Length": "30000000"},
                    content=b"x" * 30_000_000,
                    extensions=extensions,
                )
            assert time.monotonic() - began < 10
            assert connection.is_closed()


@pytest.mark.fault("T3")
def test_interim_responses_do_not_extend_the_write_timeout() -> None:
    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        while True:
            connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            time.sleep(0.02)

    with served(script, receive_buffer=65_536) as (server, connection):
        extensions = {"timeout": {"write": 0.3}}
        began = time.monotonic()
        with pytest.raises(WriteTimeout, match=r"The write operation timed out after 0\.3 seconds \("):
            connection.request("POST", server.url, content=b"x" * 30_000_000, extensions=extensions)
        assert time.monotonic() - began < 10


@pytest.mark.fault("T11")
@secure_or_clear
def test_a_refusal_is_seen_during_a_write(certificates: Certificates, secure: bool) -> None:
    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        # Until the client can write nothing more.
        time.sleep(0.2)
        connection.send(REFUSAL)
        connection.hold()

    context = certificates.server_context() if secure else None
    with scripted_server(script, tls=context, receive_buffer=65_536) as server:
        with connected(server.url, certificates.client_context() if secure else None) as connection:
            # Without timeouts: only the refusal can end it.
            response = connection.request("POST", server.url, content=b"x" * 30_000_000)
            assert (response.status, response.content) == (413, b"too large")
            assert connection.is_closed()


class OldStream(MockStream):
    """A stream as programs write them for httpcore 1.0: it reports being readable, but a read would wait."""

    def __init__(self, buffer: list[bytes]) -> None:
        super().__init__(buffer)
        self.written = 0

    abort: Any = None
    receive_nowait: Any = None
    write_until_readable: Any = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        assert self.written >= SIZE, "a read in the middle of the upload"
        return super().read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        assert isinstance(buffer, bytes)
        self.written += len(buffer)

    def get_extra_info(self, info: str) -> Any:
        return info == "is_readable"


@pytest.mark.fault("T5")
@kinds_of_body
def test_an_upload_never_reads_from_a_stream_without_optional_methods(kind: str) -> None:
    connection = HTTP11Connection(ORIGIN, OldStream([SUCCESS]))
    response = connection.request("POST", "http://localhost/", headers=HEADERS, content=content(kind))
    assert response.content == b"hello"


def test_a_response_is_read_when_all_of_the_request_is_sent() -> None:
    stream = StreamThatKeepsBytes([SUCCESS])
    connection = HTTP11Connection(ORIGIN, stream)
    response = connection.request("POST", "http://localhost/", headers=HEADERS, content=content("bytes"))
    assert response.content == b"hello"


@pytest.mark.fault("T4", "T11")
@secure_or_clear
@pytest.mark.parametrize("answer", [REFUSAL, SUCCESS], ids=["refusal", "success"])
def test_a_response_is_returned_after_a_reset(certificates: Certificates, secure: bool, answer: bytes) -> None:
    script = [steps.receive_until(b"\r\n\r\n"), steps.send(answer), steps.close()]
    with scripted_server(script, tls=certificates.server_context() if secure else None) as server:
        with connected(server.url, certificates.client_context() if secure else None) as connection:
            response = connection.request("POST", server.url, content=b"x" * 30_000_000)
            assert response.content in (b"too large", b"hello")
            assert connection.is_closed()


@pytest.mark.fault("T17")
@traced_or_not
@pytest.mark.parametrize("error", [WriteError, WriteTimeout, ReadError, RemoteProtocolError])
def test_an_exception_of_the_body_propagates(error: type[Exception], traced: bool) -> None:
    raised = error("of the body")

    def body() -> Iterator[bytes]:
        yield b"first"
        raise raised

    stream = ScriptedStream(SUCCESS, SUCCESS)
    connection = HTTP11Connection(ORIGIN, stream)
    connection.request("GET", "http://localhost/")
    request = Request(
        "PUT", "http://localhost/", headers=[("Host", "localhost"), ("Content-Length", "9")], content=body()
    )
    request.extensions = {"trace": trace} if traced else {}
    with pytest.raises(error) as caught:
        connection.handle_request(request)
    assert caught.value is raised
    assert not hasattr(raised, "__retryable__")
    assert connection.is_closed()


@pytest.mark.fault("P17")
@secure_or_clear
@pytest.mark.parametrize("end", [steps.close(), steps.abort()], ids=["close", "reset"])
@pytest.mark.parametrize("size", [1000, 5_000_000])
@pytest.mark.parametrize(("method", "repeatable"), [("PUT", True), ("POST", False)])
def test_a_large_upload_on_a_connection_that_the_server_closed(
    certificates: Certificates, secure: bool, end: Step, size: int, method: str, repeatable: bool
) -> None:
    script = [steps.receive_request(), steps.send(SUCCESS), steps.receive_until(b"\r\n\r\n"), end]
    with scripted_server(script, tls=certificates.server_context() if secure else None) as server:
        with connected(server.url, certificates.client_context() if secure else None) as connection:
            connection.request("GET", server.url)
            headers = {"Host": "localhost", "Content-Length": str(size)}
            request = Request(method, server.url, headers=headers, content=b"x" * size)
            with pytest.raises((ReadError, WriteError, RemoteProtocolError)) as caught:
                connection.handle_request(request)
            assert may_retry(request, caught.value) == repeatable


@pytest.mark.fault("P17")
def test_an_upload_is_not_retryable_after_a_response_began() -> None:
    script = [
        steps.receive_request(),
        steps.send(SUCCESS),
        steps.receive_until(b"\r\n\r\n"),
        steps.send(b"HTTP/1.1 100"),
    ]
    with served([*script, steps.close()]) as (server, connection):
        connection.request("GET", server.url)
        headers = {"Host": "localhost", "Content-Length": "5000000"}
        request = Request("PUT", server.url, headers=headers, content=b"x" * 5_000_000)
        with pytest.raises((ReadError, WriteError, RemoteProtocolError)) as caught:
            connection.handle_request(request)
        wait_until(lambda: server.open_connections == 0)
        assert not connection._lifecycle.engine.response_begun or not may_retry(request, caught.value)


@pytest.mark.fault("S4")
def test_an_upload_is_not_retryable_after_its_connection_was_closed_locally() -> None:
    def body() -> Iterator[bytes]:
        yield b"first"
        connection.close()
        yield b"second"

    with served([steps.receive_request(), steps.send(SUCCESS), steps.hold()]) as (server, connection):
        connection.request("GET", server.url)
        headers = {"Host": "localhost", "Transfer-Encoding": "chunked"}
        request = Request("PUT", server.url, headers=headers, content=body())
        with pytest.raises(ReadError, match="closed") as caught:
            connection.handle_request(request)
        assert not hasattr(caught.value, "__retryable__")
