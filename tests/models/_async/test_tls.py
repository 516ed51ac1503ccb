"""TLS: failing handshakes, ends of stream, and idle connections."""

import gc
import re
import socket
import ssl
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from httpcore_models import (
    AsyncNetworkStream,
    AutoBackend,
    ConnectError,
    ConnectTimeout,
    ReadError,
    WriteError,
)
from httpcore_models.network._async.tls import AsyncTLSStream
from httpcore_test_support._async.conformance import async_write_for_ever
from httpcore_test_support._async.streams import PlainStream
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.conformance import (
    TRANSPORTS,
    AsyncConnect,
    async_connector,
)
from httpcore_test_support.scripted import Connection, ScriptedServer, scripted_server
from httpcore_test_support.steps import close, hold, notify, receive_exactly, send, wait
from httpcore_test_support.waiting import async_pause, async_wait_until

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0

VERIFY_FAILED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
UNKNOWN_AUTHORITY = rf"^{re.escape(VERIFY_FAILED)}unable to get local issuer"


async def async_clear_stream(server: ScriptedServer) -> AsyncNetworkStream:
    return await AutoBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)


@pytest.fixture
def connect_async(certificates: Certificates) -> AsyncConnect:
    """Connects over TLS."""
    return async_connector(AutoBackend(), TRANSPORTS["tls"], certificates)


@pytest.fixture
def async_connect_twice(certificates: Certificates) -> AsyncConnect:
    """Connects over TLS inside TLS."""
    return async_connector(AutoBackend(), TRANSPORTS["tls-in-tls"], certificates)


class TestHandshake:
    @pytest.mark.parametrize(
        ("leaf", "hostname", "reason"),
        [
            (
                {"identities": ("example.org",)},
                "localhost",
                "Hostname mismatch, certificate is not valid for 'localhost'.",
            ),
            ({}, "127.0.0.3", "IP address mismatch, certificate is not valid for '127.0.0.3'."),
            ({"not_after": datetime.now(timezone.utc) - timedelta(days=1)}, "localhost", "certificate has expired"),
        ],
        ids=["name", "address", "expired"],
    )
    async def test_certificates_are_verified(
        self, certificates: Certificates, leaf: dict[str, Any], hostname: str, reason: str
    ) -> None:
        with scripted_server(hold(), tls=certificates.server_context(**leaf)) as server:
            stream = await async_clear_stream(server)
            with pytest.raises(ConnectError) as caught:
                await stream.start_tls(certificates.client_context(), hostname, TIMEOUT)
            await async_wait_until(lambda: not server.open_connections)
            # The server gets an alert.
            assert "alert" in str(server.connections[0].error)
        assert str(caught.value).startswith(f"{VERIFY_FAILED}{reason} (")
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)

    async def test_unknown_certificate_authority_is_rejected(self, certificates: Certificates) -> None:
        with scripted_server(hold(), tls=certificates.server_context()) as server:
            stream = await async_clear_stream(server)
            with pytest.raises(ConnectError, match=UNKNOWN_AUTHORITY):
                await stream.start_tls(client_context(), "localhost", TIMEOUT)
            await async_wait_until(lambda: not server.open_connections)

    async def test_certificate_error_is_raised_even_if_the_peer_has_gone(self, certificates: Certificates) -> None:
        def shake_hands_and_reset(connection: Connection) -> None:
            connection.start_tls(certificates.server_context())

        with scripted_server(shake_hands_and_reset) as server:
            stream = DeafStream(await async_clear_stream(server))
            with pytest.raises(ConnectError, match=UNKNOWN_AUTHORITY):
                await AsyncTLSStream.handshake(stream, client_context(), "localhost", TIMEOUT)

    async def test_missing_name_is_rejected_if_the_context_checks_names(self, certificates: Certificates) -> None:
        with scripted_server(hold()) as server:
            stream = await async_clear_stream(server)
            with pytest.raises(ValueError, match=r"^check_hostname requires server_hostname"):
                await stream.start_tls(certificates.client_context(), None, TIMEOUT)
            await async_wait_until(lambda: not server.open_connections)

    async def test_missing_name_is_accepted_if_the_context_does_not_check_names(
        self, certificates: Certificates
    ) -> None:
        context = certificates.client_context()
        context.check_hostname = False
        with scripted_server(hold(), tls=certificates.server_context()) as server:
            stream = await (await async_clear_stream(server)).start_tls(context)
            assert stream.get_extra_info("ssl_object").version() == "TLSv1.3"
            await stream.aclose()

    async def test_server_name_is_sent(self, certificates: Certificates) -> None:
        names = []
        server_context = certificates.server_context()
        server_context.sni_callback = lambda sock, name, context: names.append(name)
        with scripted_server(hold(), tls=server_context) as server:
            stream = await async_clear_stream(server)
            await (await stream.start_tls(certificates.client_context(), "localhost", TIMEOUT)).aclose()
        assert names == ["localhost"]

    async def test_alpn_protocol_is_negotiated(self, certificates: Certificates) -> None:
        context = certificates.client_context()
        context.set_alpn_protocols(["http/1.1", "h2"])
        with scripted_server(hold(), tls=certificates.server_context(alpn=["h2"])) as server:
            stream = await (await async_clear_stream(server)).start_tls(context, "localhost", TIMEOUT)
            assert stream.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
            await stream.aclose()

    @pytest.mark.field(85, 86)
    async def test_timeout_limits_the_whole_handshake(self, certificates: Certificates) -> None:
        def trickle(connection: Connection) -> None:
            connection.receive()
            # A record of 16 KB that comes byte by byte is never complete, but no single wait takes long.
            connection.send(b"\x16\x03\x03\x40\x00")
            interval = threading.Event()
            while not interval.wait(0.01):
                connection.send(b"\x00")

        with scripted_server(trickle) as server:
            stream = await async_clear_stream(server)
            with pytest.raises(ConnectTimeout, match=r"^The handshake operation timed out after 0\.2 seconds \(.*\)$"):
                await stream.start_tls(certificates.client_context(), "localhost", 0.2)
            await async_wait_until(lambda: not server.open_connections)

    @pytest.mark.field(74)
    async def test_disconnect_during_handshake_raises_connect_error(self, certificates: Certificates) -> None:
        with scripted_server([lambda connection: connection.receive(), close()]) as server:
            stream = await async_clear_stream(server)
            with pytest.raises(ConnectError, match=r"\(.+\)$"):
                await stream.start_tls(certificates.client_context(), "localhost", TIMEOUT)
            await async_wait_until(lambda: not server.open_connections)

    async def test_other_exceptions_propagate_and_close_the_stream(self) -> None:
        with scripted_server(hold()) as server:
            stream = await async_clear_stream(server)
            with pytest.raises(AttributeError):
                await stream.start_tls("no context", "localhost", TIMEOUT)  # type: ignore[arg-type]
            await async_wait_until(lambda: not server.open_connections)


class TestEndOfStream:
    @pytest.mark.field(75)
    async def test_missing_close_notify_is_a_plain_end_of_stream(self, connect_async: AsyncConnect) -> None:
        async with connect_async([send(b"body"), close(close_notify=False)]) as stream:
            received = b""
            while data := await stream.read(100, TIMEOUT):
                received += data
            assert received == b"body"
            assert await stream.read(100, TIMEOUT) == b""

    @pytest.mark.field(75)
    async def test_missing_close_notify_inside_tls_is_a_plain_end_of_stream(
        self, async_connect_twice: AsyncConnect
    ) -> None:
        async with async_connect_twice([send(b"body"), close(close_notify=False)]) as stream:
            received = b""
            while data := await stream.read(100, TIMEOUT):
                received += data
            assert received == b"body"
            assert await stream.read(100, TIMEOUT) == b""
            assert stream.get_extra_info("is_readable")
            # TLS inside this one would see a plain end, too.
            assert stream.receive_nowait(100) == b""  # type: ignore[attr-defined]

    @pytest.mark.field(74)
    async def test_write_to_closed_peer_raises_write_error(self, connect_async: AsyncConnect) -> None:
        gone = threading.Event()
        async with connect_async([close(close_notify=False), notify(gone)]) as stream:
            await async_wait_until(gone.is_set)
            with pytest.raises(WriteError):
                await async_write_for_ever(stream)

    @pytest.mark.field(76)
    async def test_close_does_not_wait_for_the_peer(self, connect_async: AsyncConnect) -> None:
        async with connect_async(hold()) as stream:
            await stream.aclose()
            await async_wait_until(lambda: stream.get_extra_info("socket").fileno() < 0)
        # A ResourceWarning would be an error.
        gc.collect()

    async def test_damaged_record_raises_read_error(self, connect_async: AsyncConnect) -> None:
        async with connect_async([receive_exactly(4), send_damaged_record, hold()]) as stream:
            await stream.write(b"data", TIMEOUT)
            with pytest.raises(ReadError):
                await stream.read(100, TIMEOUT)

    @pytest.mark.parametrize("transport", ["tls", "tls-in-tls"])
    async def test_damaged_record_makes_the_stream_readable(self, certificates: Certificates, transport: str) -> None:
        connect = async_connector(AutoBackend(), TRANSPORTS[transport], certificates)
        async with connect([send_damaged_record, hold()]) as stream:
            await async_wait_until(lambda: stream.get_extra_info("is_readable"))
            with pytest.raises((ReadError, WriteError)):
                await stream.write(b"data", TIMEOUT)


def send_damaged_record(connection: Connection) -> None:
    """Send bytes that cannot be decrypted, below the topmost TLS."""
    record = b"\x17\x03\x03\x00\x20" + bytes(32)
    outer = getattr(connection._socket, "_outer", None)
    if outer is None:
        socket.socket.send(connection._socket, record)
    else:
        outer.sendall(record)


class TestIdle:
    @pytest.mark.field(77)
    @pytest.mark.parametrize("transport", ["tls", "tls-in-tls"])
    async def test_session_tickets_do_not_make_a_connection_readable(
        self, certificates: Certificates, transport: str
    ) -> None:
        handshake_over, go_on = threading.Event(), threading.Event()
        connect = async_connector(AutoBackend(), TRANSPORTS[transport], certificates)
        # OpenSSL's server sends its tickets at the end of the handshake. Nothing has read them yet.
        async with connect([notify(handshake_over), wait(go_on), send(b"next"), hold()]) as stream:
            await async_wait_until(handshake_over.is_set)
            await async_pause()
            assert not stream.get_extra_info("is_readable")
            go_on.set()
            await async_wait_until(lambda: stream.get_extra_info("is_readable"))
            received = b""
            while len(received) < 4:
                received += await stream.read(100, TIMEOUT)
            assert received == b"next"

    async def test_checking_readability_twice_loses_nothing(self, connect_async: AsyncConnect) -> None:
        async with connect_async([send(b"data"), hold()]) as stream:
            await async_wait_until(lambda: stream.get_extra_info("is_readable"))
            assert stream.get_extra_info("is_readable")
            assert await stream.read(1, TIMEOUT) == b"d"
            assert stream.get_extra_info("is_readable")
            received = b""
            while len(received) < 3:
                received += await stream.read(100, TIMEOUT)
            assert received == b"ata"
            assert not stream.get_extra_info("is_readable")

    async def test_close_drops_bytes_that_a_readability_check_has_received(self, connect_async: AsyncConnect) -> None:
        async with connect_async([send(b"data"), hold()]) as stream:
            await async_wait_until(lambda: stream.get_extra_info("is_readable"))
            await stream.aclose()
            with pytest.raises(ReadError):
                await stream.read(100, TIMEOUT)

    @pytest.mark.parametrize("transport", ["tls", "tls-in-tls"])
    async def test_receive_nowait_returns_bytes_that_a_readability_check_has_received(
        self, certificates: Certificates, transport: str
    ) -> None:
        connect = async_connector(AutoBackend(), TRANSPORTS[transport], certificates)
        async with connect([send(b"data"), hold()]) as stream:
            await async_wait_until(lambda: stream.get_extra_info("is_readable"))
            # TLS inside this stream would do this.
            assert stream.receive_nowait(100) == b"d"  # type: ignore[attr-defined]
            assert stream.receive_nowait(100) == b"ata"  # type: ignore[attr-defined]
            assert stream.receive_nowait(100) is None  # type: ignore[attr-defined]


class DeafStream(PlainStream):
    """A stream whose peer disconnects after it has sent its certificate."""

    def __init__(self, stream: AsyncNetworkStream) -> None:
        super().__init__(stream)
        self.writes = 0

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.writes += 1
        if self.writes > 1:
            raise WriteError("Broken pipe")
        await super().write(buffer, timeout)


def client_context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
