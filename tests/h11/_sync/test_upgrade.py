# Generated from ../_async/test_upgrade.py by tools/make_sync.py: edit that file, then run it.
"""The stream that the caller gets after a switch of protocols: 101, or a success to CONNECT."""

from collections.abc import Callable

import pytest
from httpcore_h11 import HTTP11Connection, UpgradeStream
from httpcore_models import (
    URL,
    ConnectError,
    ConnectionNotAvailable,
    MockStream,
    NetworkStream,
    ReadError,
    Request,
    Response,
)
from httpcore_test_support import steps
from httpcore_test_support._sync.h11_connections import ScriptedStream, served
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


def network_stream(response: Response) -> UpgradeStream:
    stream = response.extensions["network_stream"]
    assert isinstance(stream, UpgradeStream)
    return stream


@pytest.mark.field(30)
@pytest.mark.parametrize(("request_for", "answer"), SWITCHES)
def test_bytes_received_with_the_response_are_read_first(request_for: RequestFor, answer: bytes) -> None:
    with served([steps.receive_until(b"\r\n\r\n"), steps.send(answer + b"foobarbaz")]) as (
        server,
        connection,
    ):
        response = connection.handle_request(request_for(server.url))
        stream = network_stream(response)
        assert [stream.read(3), stream.read(3), stream.read(3)] == [b"foo", b"bar", b"baz"]
        response.close()


@pytest.mark.field(30)
@pytest.mark.parametrize(("request_for", "answer"), SWITCHES)
def test_no_byte_is_lost_at_any_cut(request_for: RequestFor, answer: bytes) -> None:
    wire = answer + b"foobarbaz"
    for cut in range(len(answer) - 4, len(wire)):
        connection = HTTP11Connection(URL("http://localhost").origin, ScriptedStream(*cut_at(wire, [cut])))
        response = connection.handle_request(request_for("http://localhost/"))
        stream = network_stream(response)
        received = b""
        while part := stream.read(4):
            received += part
        assert received == b"foobarbaz"
        response.close()


@pytest.mark.parametrize(("request_for", "answer"), SWITCHES)
def test_the_connection_belongs_to_the_new_protocol(request_for: RequestFor, answer: bytes) -> None:
    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(answer)
        connection.send(connection.receive_until(b"\n").upper())
        connection.shutdown_write()

    with served(script) as (server, connection):
        response = connection.handle_request(request_for(server.url))
        assert response.read() == b""
        stream = network_stream(response)
        assert not stream.get_extra_info("is_readable")
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.write(b"ping\n")
        assert stream.read(100, timeout=10.0) == b"PING\n"
        assert stream.read(100, timeout=10.0) == b""
        with pytest.raises(ConnectionNotAvailable):
            connection.handle_request(request_for(server.url))
        response.close()
        assert connection.is_closed()


def test_leading_bytes_make_the_stream_readable() -> None:
    below = ScriptedStream(b"more")
    stream = UpgradeStream(below, b"leading")
    assert stream.get_extra_info("is_readable")
    assert stream.read(100) == b"leading"
    assert not stream.get_extra_info("is_readable")
    below.readable = True
    assert stream.get_extra_info("is_readable")
    assert stream.read(100, 5.0) == b"more"
    assert below.timeouts == [("read", 5.0)]


def test_closing_the_upgraded_stream_closes_the_connection() -> None:
    below = ScriptedStream()
    UpgradeStream(below, b"").close()
    assert below.closed


@pytest.mark.fault("S19")
def test_start_tls_refuses_unread_bytes(certificates: Certificates) -> None:
    def proxy(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(TUNNELLED + b"not TLS")
        connection.hold()

    with served(proxy) as (server, connection):
        response = connection.handle_request(connect_request(server.url))
        stream = network_stream(response)
        with pytest.raises(ConnectError, match=r"^7 bytes were received before the TLS handshake began$"):
            stream.start_tls(certificates.client_context(), "localhost", 10.0)
        with pytest.raises(ReadError, match=r"^The stream is closed"):
            connection._network_stream.read(1)
        response.close()


class OptionalMethods(ScriptedStream):
    """A stream with all optional methods."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = 0

    def abort(self) -> None:
        self.aborted += 1

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        return b"more"[:max_bytes]

    def write_until_readable(self, buffer: bytes, timeout: float | None = None) -> int | None:
        return 1


def test_optional_methods_of_the_stream_below_are_present() -> None:
    below = OptionalMethods()
    stream = UpgradeStream(below, b"leading")
    stream.abort()
    assert below.aborted == 1
    # The leading bytes have to be read before `write_until_readable()` can be used.
    assert not hasattr(stream, "write_until_readable")
    assert [stream.receive_nowait(4), stream.receive_nowait(4), stream.receive_nowait(3)] == [b"lead", b"ing", b"mor"]
    assert stream.write_until_readable(b"data") == 1


def test_optional_methods_that_the_stream_below_lacks_are_absent() -> None:
    stream = UpgradeStream(NetworkStream(), b"")
    assert [hasattr(stream, name) for name in ("abort", "receive_nowait", "write_until_readable")] == [False] * 3


def test_extra_info_comes_from_the_stream_below() -> None:
    stream = UpgradeStream(MockStream([], http2=True), b"leading")
    assert stream.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"


def test_tls_inside_a_tunnel(certificates: Certificates) -> None:
    def proxy(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(TUNNELLED)
        connection.start_tls(certificates.server_context())
        connection.receive_until(b"\r\n\r\n")
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    with served(proxy) as (server, tunnel):
        response = tunnel.handle_request(connect_request(server.url))
        stream = network_stream(response).start_tls(certificates.client_context(), "localhost", 10.0)
        with HTTP11Connection(URL("https://localhost").origin, stream) as connection:
            inner = connection.request("GET", "https://localhost/")
            assert inner.content == b"hello"
        response.close()


def test_a_refused_switch_is_an_ordinary_response() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    for request_for in (upgrade_request, connect_request):
        with served([steps.receive_until(b"\r\n\r\n"), steps.send(refusal)]) as (server, connection):
            response = connection.handle_request(request_for(server.url))
            assert not isinstance(response.extensions["network_stream"], UpgradeStream)
            assert (response.status, response.read()) == (403, b"no")
            response.close()
            assert connection.is_idle()
