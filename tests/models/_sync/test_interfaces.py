# Generated from ../_async/test_interfaces.py by tools/make_sync.py: edit that file, then run it.
"""The request methods of pools and connections, and the methods that an implementation must have."""

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpcore_models import (
    URL,
    ByteStream,
    ConnectionInterface,
    Lease,
    NetworkBackend,
    NetworkStream,
    Origin,
    ReadError,
    Request,
    RequestInterface,
    Response,
    ResponseStream,
)
from httpcore_models.network import DatagramStream, Dialler

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"http", b"example.org", 80)


class Body:
    """A body in two parts, which may fail after the first."""

    def __init__(self, error: Exception | None = None) -> None:
        self.closed = 0
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield b"Hello, "
        if self._error is not None:
            raise self._error
        yield b"world!"

    def close(self) -> None:
        self.closed += 1


class Sender(RequestInterface):
    """Answers every request with the same body."""

    def __init__(self, body: Body) -> None:
        self.requests: list[Request] = []
        self._body = body

    def handle_request(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(200, content=self._body)


class ReceivedBody(ResponseStream):
    """A response body that implements only iteration."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"Hello, "
        yield b"world!"


def test_read_collects_the_parts_of_the_iteration() -> None:
    body = ReceivedBody()
    assert (body.lease, body.read()) == (None, b"Hello, world!")
    assert Response(200, content=body).read() == b"Hello, world!"


def test_request_reads_and_closes_the_response() -> None:
    body = Body()
    response = Sender(body).request("GET", "http://example.org/")
    assert (response.status, response.content, body.closed) == (200, b"Hello, world!", 1)


def test_request_closes_the_response_if_reading_fails() -> None:
    body = Body(ReadError("Connection reset"))
    with pytest.raises(ReadError):
        Sender(body).request("GET", "http://example.org/")
    assert body.closed == 1


def test_request_builds_the_request() -> None:
    sender = Sender(Body())
    extensions: dict[str, Any] = {"timeout": {}}
    sender.request("PUT", "http://example.org:81/", headers={"A": "1"}, content=b"body", extensions=extensions)
    (request,) = sender.requests
    assert request.method == b"PUT"
    assert request.url == URL("http://example.org:81/")
    assert request.headers == [(b"Host", b"example.org:81"), (b"A", b"1"), (b"Content-Length", b"4")]
    assert isinstance(request.stream, ByteStream)
    assert bytes(request.stream) == b"body"
    assert request.extensions is extensions


def test_stream_leaves_reading_to_the_caller() -> None:
    body = Body()
    sender = Sender(body)
    with sender.stream("POST", URL("http://example.org/"), content=[b"body"]) as response:
        assert [len(part) for part in response.iter_stream()] == [7, 6]
        assert body.closed == 0
    assert body.closed == 1
    assert sender.requests[0].headers == [(b"Host", b"example.org"), (b"Transfer-Encoding", b"chunked")]


def test_stream_closes_the_response_if_its_block_fails() -> None:
    body, error = Body(), ValueError("no")
    sender = Sender(body)

    def fail() -> None:
        with sender.stream("GET", "http://example.org/"):
            raise error

    with pytest.raises(ValueError, match=r"^no$"):
        fail()
    assert body.closed == 1


def test_invalid_requests_are_not_sent() -> None:
    sender = Sender(Body())
    with pytest.raises(TypeError, match=r"^url must be a URL, bytes, or str, but got int\.$"):
        sender.request("GET", 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^method must be bytes or str, but got int\.$"):
        sender.stream(1, "http://example.org/").__enter__()  # type: ignore[arg-type]
    assert sender.requests == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: ConnectionInterface().handle_request(Request("GET", "http://example.org/")),
        lambda: ConnectionInterface().close(),
        lambda: Lease().release(),
        lambda: ResponseStream().close(),
        lambda: NetworkStream().read(1),
        lambda: NetworkStream().write(b""),
        lambda: NetworkStream().close(),
        lambda: NetworkStream().start_tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)),
        lambda: DatagramStream().receive(),
        lambda: DatagramStream().send([b""]),
        lambda: DatagramStream().close(),
        lambda: NetworkBackend().connect_tcp("example.org", 80),
        lambda: NetworkBackend().connect_unix_socket("/path"),
        lambda: Dialler().dial(ORIGIN, Request("GET", "http://example.org/"), None),
    ],
)
def test_methods_of_interfaces_raise_not_implemented_error(call: Callable[[], Any]) -> None:
    with pytest.raises(NotImplementedError):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: ConnectionInterface().info(),
        lambda: ConnectionInterface().can_handle_request(ORIGIN),
        lambda: ConnectionInterface().is_available(),
        lambda: ConnectionInterface().has_expired(),
        lambda: ConnectionInterface().is_idle(),
        lambda: ConnectionInterface().is_closed(),
        lambda: Dialler().describe(ORIGIN, None),
        lambda: DatagramStream().receive_nowait(),
        lambda: DatagramStream().abort(),
    ],
)
def test_questions_of_interfaces_raise_not_implemented_error(call: Callable[[], Any]) -> None:
    with pytest.raises(NotImplementedError):
        call()


def test_extra_info_is_none_by_default() -> None:
    for info in ("socket", "ssl_object", "client_addr", "server_addr", "is_readable"):
        assert NetworkStream().get_extra_info(info) is None
        assert DatagramStream().get_extra_info(info) is None
