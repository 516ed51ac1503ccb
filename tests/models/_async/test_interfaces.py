"""The request methods of pools and connections, and the methods that an implementation must have."""

import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from httpcore_models import (
    URL,
    AsyncConnectionInterface,
    AsyncLease,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    AsyncRequestInterface,
    AsyncResponseStream,
    ByteStream,
    Origin,
    ReadError,
    Request,
    Response,
)
from httpcore_models.network import AsyncDatagramStream, AsyncDialler

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"http", b"example.org", 80)


class AsyncBody:
    """A body in two parts, which may fail after the first."""

    def __init__(self, error: Exception | None = None) -> None:
        self.closed = 0
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"Hello, "
        if self._error is not None:
            raise self._error
        yield b"world!"

    async def aclose(self) -> None:
        self.closed += 1


class AsyncSender(AsyncRequestInterface):
    """Answers every request with the same body."""

    def __init__(self, body: AsyncBody) -> None:
        self.requests: list[Request] = []
        self._body = body

    async def handle_async_request(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(200, content=self._body)


class AsyncReceivedBody(AsyncResponseStream):
    """A response body that implements only iteration."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"Hello, "
        yield b"world!"


async def test_read_collects_the_parts_of_the_iteration() -> None:
    body = AsyncReceivedBody()
    assert (body.lease, await body.aread()) == (None, b"Hello, world!")
    assert await Response(200, content=body).aread() == b"Hello, world!"


async def test_request_reads_and_closes_the_response() -> None:
    body = AsyncBody()
    response = await AsyncSender(body).request("GET", "http://example.org/")
    assert (response.status, response.content, body.closed) == (200, b"Hello, world!", 1)


async def test_request_closes_the_response_if_reading_fails() -> None:
    body = AsyncBody(ReadError("Connection reset"))
    with pytest.raises(ReadError):
        await AsyncSender(body).request("GET", "http://example.org/")
    assert body.closed == 1


async def test_request_builds_the_request() -> None:
    sender = AsyncSender(AsyncBody())
    extensions: dict[str, Any] = {"timeout": {}}
    await sender.request("PUT", "http://example.org:81/", headers={"A": "1"}, content=b"body", extensions=extensions)
    (request,) = sender.requests
    assert request.method == b"PUT"
    assert request.url == URL("http://example.org:81/")
    assert request.headers == [(b"Host", b"example.org:81"), (b"A", b"1"), (b"Content-Length", b"4")]
    assert isinstance(request.stream, ByteStream)
    assert bytes(request.stream) == b"body"
    assert request.extensions is extensions


async def test_stream_leaves_reading_to_the_caller() -> None:
    body = AsyncBody()
    sender = AsyncSender(body)
    async with sender.stream("POST", URL("http://example.org/"), content=[b"body"]) as response:
        assert [len(part) async for part in response.aiter_stream()] == [7, 6]
        assert body.closed == 0
    assert body.closed == 1
    assert sender.requests[0].headers == [(b"Host", b"example.org"), (b"Transfer-Encoding", b"chunked")]


async def test_stream_closes_the_response_if_its_block_fails() -> None:
    body, error = AsyncBody(), ValueError("no")
    sender = AsyncSender(body)

    async def fail() -> None:
        async with sender.stream("GET", "http://example.org/"):
            raise error

    with pytest.raises(ValueError, match=r"^no$"):
        await fail()
    assert body.closed == 1


async def test_invalid_requests_are_not_sent() -> None:
    sender = AsyncSender(AsyncBody())
    with pytest.raises(TypeError, match=r"^url must be a URL, bytes, or str, but got int\.$"):
        await sender.request("GET", 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^method must be bytes or str, but got int\.$"):
        await sender.stream(1, "http://example.org/").__aenter__()  # type: ignore[arg-type]
    assert sender.requests == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: AsyncConnectionInterface().handle_async_request(Request("GET", "http://example.org/")),
        lambda: AsyncConnectionInterface().aclose(),
        lambda: AsyncLease().release(),
        lambda: AsyncResponseStream().aclose(),
        lambda: AsyncNetworkStream().read(1),
        lambda: AsyncNetworkStream().write(b""),
        lambda: AsyncNetworkStream().aclose(),
        lambda: AsyncNetworkStream().start_tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)),
        lambda: AsyncDatagramStream().receive(),
        lambda: AsyncDatagramStream().send([b""]),
        lambda: AsyncDatagramStream().aclose(),
        lambda: AsyncNetworkBackend().connect_tcp("example.org", 80),
        lambda: AsyncNetworkBackend().connect_unix_socket("/path"),
        lambda: AsyncDialler().dial(ORIGIN, Request("GET", "http://example.org/"), None),
    ],
)
async def test_methods_of_interfaces_raise_not_implemented_error(call: Callable[[], Any]) -> None:
    with pytest.raises(NotImplementedError):
        await call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: AsyncConnectionInterface().info(),
        lambda: AsyncConnectionInterface().can_handle_request(ORIGIN),
        lambda: AsyncConnectionInterface().is_available(),
        lambda: AsyncConnectionInterface().has_expired(),
        lambda: AsyncConnectionInterface().is_idle(),
        lambda: AsyncConnectionInterface().is_closed(),
        lambda: AsyncDialler().describe(ORIGIN, None),
        lambda: AsyncDatagramStream().receive_nowait(),
        lambda: AsyncDatagramStream().abort(),
    ],
)
async def test_questions_of_interfaces_raise_not_implemented_error(call: Callable[[], Any]) -> None:
    with pytest.raises(NotImplementedError):
        call()


async def test_extra_info_is_none_by_default() -> None:
    for info in ("socket", "ssl_object", "client_addr", "server_addr", "is_readable"):
        assert AsyncNetworkStream().get_extra_info(info) is None
        assert AsyncDatagramStream().get_extra_info(info) is None
