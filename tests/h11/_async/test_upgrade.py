"""The stream that the caller gets after a switch of protocols: 101, or a success to CONNECT."""

from collections.abc import Callable

import pytest
from httpcore_h11 import AsyncHTTP11Connection, AsyncUpgradeStream
from httpcore_models import (
    URL,
    AsyncMockStream,
    AsyncNetworkStream,
    ConnectError,
    ConnectionNotAvailable,
    ReadError,
    Request,
    Response,
)
from httpcore_test_support import steps
from httpcore_test_support._async.h11_connections import AsyncScriptedStream, async_served
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.exchanges import cut_at
from httpcore_test_support.scripted import Connection

pytestmark = pytest.mark.anyio

UPGRADE = [("Host", "localhost"), ("Upgrade", "echo"), ("Connection", "Upgrade")]
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"
TUNNELLED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def upgrade_request(url: str) -> Request:
    return Request("GET", url, headers=UPGRADE)


def connect_request(url: str) -> Request:
    return Request("CONNECT", url, headers=[("Host", "other:443")], extensions={"target": b"other:443"})


RequestFor = Callable[[str], Request]
SWITCHES = [
    pytest.param(upgrade_request, SWITCHED, id="upgrade"),
    pytest.param(connect_request, TUNNELLED, id="tunnel"),
]


def network_stream(response: Response) -> AsyncUpgradeStream:
    stream = response.extensions["network_stream"]
    assert isinstance(stream, AsyncUpgradeStream)
    return stream


@pytest.mark.field(30)
@pytest.mark.parametrize(("request_for", "answer"), SWITCHES)
async def test_bytes_received_with_the_response_are_read_first(request_for: RequestFor, answer: bytes) -> None:
    async with async_served([steps.receive_until(b"\r\n\r\n"), steps.send(answer + b"foobarbaz")]) as (
        server,
        connection,
    ):
        response = await connection.handle_async_request(request_for(server.url))
        stream = network_stream(response)
        assert [await stream.read(3), await stream.read(3), await stream.read(3)] == [b"foo", b"bar", b"baz"]
        await response.aclose()


@pytest.mark.field(30)
@pytest.mark.parametrize(("request_for", "answer"), SWITCHES)
async def test_no_byte_is_lost_at_any_cut(request_for: RequestFor, answer: bytes) -> None:
    wire = answer + b"foobarbaz"
    for cut in range(len(answer) - 4, len(wire)):
        connection = AsyncHTTP11Connection(URL("http://localhost").origin, AsyncScriptedStream(*cut_at(wire, [cut])))
        response = await connection.handle_async_request(request_for("http://localhost/"))
        stream = network_stream(response)
        received = b""
        while part := await stream.read(4):
            received += part
        assert received == b"foobarbaz"
        await response.aclose()


@pytest.mark.parametrize(("request_for", "answer"), SWITCHES)
async def test_the_connection_belongs_to_the_new_protocol(request_for: RequestFor, answer: bytes) -> None:
    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(answer)
        connection.send(connection.receive_until(b"\n").upper())
        connection.shutdown_write()

    async with async_served(script) as (server, connection):
        response = await connection.handle_async_request(request_for(server.url))
        assert await response.aread() == b""
        stream = network_stream(response)
        assert not stream.get_extra_info("is_readable")
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        await stream.write(b"ping\n")
        assert await stream.read(100, timeout=10.0) == b"PING\n"
        assert await stream.read(100, timeout=10.0) == b""
        with pytest.raises(ConnectionNotAvailable):
            await connection.handle_async_request(request_for(server.url))
        await response.aclose()
        assert connection.is_closed()


async def test_leading_bytes_make_the_stream_readable() -> None:
    below = AsyncScriptedStream(b"more")
    stream = AsyncUpgradeStream(below, b"leading")
    assert stream.get_extra_info("is_readable")
    assert await stream.read(100) == b"leading"
    assert not stream.get_extra_info("is_readable")
    below.readable = True
    assert stream.get_extra_info("is_readable")
    assert await stream.read(100, 5.0) == b"more"
    assert below.timeouts == [("read", 5.0)]


async def test_closing_the_upgraded_stream_closes_the_connection() -> None:
    below = AsyncScriptedStream()
    await AsyncUpgradeStream(below, b"").aclose()
    assert below.closed


@pytest.mark.fault("S19")
async def test_start_tls_refuses_unread_bytes(certificates: Certificates) -> None:
    def proxy(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(TUNNELLED + b"not TLS")
        connection.hold()

    async with async_served(proxy) as (server, connection):
        response = await connection.handle_async_request(connect_request(server.url))
        stream = network_stream(response)
        with pytest.raises(ConnectError, match=r"^7 bytes were received before the TLS handshake began$"):
            await stream.start_tls(certificates.client_context(), "localhost", 10.0)
        with pytest.raises(ReadError, match=r"^The stream is closed"):
            await connection._network_stream.read(1)
        await response.aclose()


class OptionalMethods(AsyncScriptedStream):
    """A stream with all optional methods."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = 0

    def abort(self) -> None:
        self.aborted += 1

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        return b"more"[:max_bytes]

    async def write_until_readable(self, buffer: bytes, timeout: float | None = None) -> int | None:
        return 1


async def test_optional_methods_of_the_stream_below_are_present() -> None:
    below = OptionalMethods()
    stream = AsyncUpgradeStream(below, b"leading")
    stream.abort()
    assert below.aborted == 1
    # The leading bytes have to be read before `write_until_readable()` can be used.
    assert not hasattr(stream, "write_until_readable")
    assert [stream.receive_nowait(4), stream.receive_nowait(4), stream.receive_nowait(3)] == [b"lead", b"ing", b"mor"]
    assert await stream.write_until_readable(b"data") == 1


async def test_optional_methods_that_the_stream_below_lacks_are_absent() -> None:
    stream = AsyncUpgradeStream(AsyncNetworkStream(), b"")
    assert [hasattr(stream, name) for name in ("abort", "receive_nowait", "write_until_readable")] == [False] * 3


async def test_extra_info_comes_from_the_stream_below() -> None:
    stream = AsyncUpgradeStream(AsyncMockStream([], http2=True), b"leading")
    assert stream.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"


async def test_tls_inside_a_tunnel(certificates: Certificates) -> None:
    def proxy(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(TUNNELLED)
        connection.start_tls(certificates.server_context())
        connection.receive_until(b"\r\n\r\n")
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    async with async_served(proxy) as (server, tunnel):
        response = await tunnel.handle_async_request(connect_request(server.url))
        stream = await network_stream(response).start_tls(certificates.client_context(), "localhost", 10.0)
        async with AsyncHTTP11Connection(URL("https://localhost").origin, stream) as connection:
            inner = await connection.request("GET", "https://localhost/")
            assert inner.content == b"hello"
        await response.aclose()


async def test_a_refused_switch_is_an_ordinary_response() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    for request_for in (upgrade_request, connect_request):
        async with async_served([steps.receive_until(b"\r\n\r\n"), steps.send(refusal)]) as (server, connection):
            response = await connection.handle_async_request(request_for(server.url))
            assert not isinstance(response.extensions["network_stream"], AsyncUpgradeStream)
            assert (response.status, await response.aread()) == (403, b"no")
            await response.aclose()
            assert connection.is_idle()
