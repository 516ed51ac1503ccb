"""TLS over any stream: those of users, broken ones, and others with TLS."""

import ssl

import pytest
from httpcore_models import (
    AsyncNetworkStream,
    AutoBackend,
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    WriteError,
    WriteTimeout,
)
from httpcore_models.network._async.tls import AsyncTLSStream
from httpcore_test_support._async.streams import PlainStream
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import ScriptedServer, scripted_server
from httpcore_test_support.steps import hold, receive_exactly, send

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0


async def async_clear_stream(server: ScriptedServer) -> AsyncNetworkStream:
    return await AutoBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)


class FailingStream(AsyncNetworkStream):
    """A stream that raises the given exceptions, or reads as `data` over and over."""

    def __init__(
        self, data: bytes = b"", *, on_read: Exception | None = None, on_write: Exception | None = None
    ) -> None:
        self.closed = False
        self._data = data
        self._on_read = on_read
        self._on_write = on_write

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._on_read is not None:
            raise self._on_read
        return self._data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._on_write is not None:
            raise self._on_write

    async def aclose(self) -> None:
        self.closed = True


class TestOverAnyStream:
    async def test_required_methods_of_the_stream_below_suffice(self, certificates: Certificates) -> None:
        with scripted_server([receive_exactly(4), send(b"done"), hold()], tls=certificates.server_context()) as server:
            below = PlainStream(await async_clear_stream(server))
            stream = await AsyncTLSStream.handshake(below, certificates.client_context(), "localhost", TIMEOUT)
            await stream.write(b"data", TIMEOUT)
            assert await stream.read(2, TIMEOUT) == b"do"
            assert stream.get_extra_info("is_readable")
            assert await stream.read(100, TIMEOUT) == b"n"
            assert await stream.read(100, TIMEOUT) == b"e"
            assert not stream.get_extra_info("is_readable")
            below.readable = True
            assert stream.get_extra_info("is_readable")
            await stream.aclose()

    @pytest.mark.parametrize(
        ("below", "error"),
        [
            (FailingStream(on_read=ReadTimeout("The read operation timed out")), ReadTimeout),
            (FailingStream(b"\x16", on_write=WriteTimeout("The write operation timed out")), ReadTimeout),
            (FailingStream(on_read=ReadError("Connection reset")), ReadError),
        ],
        ids=["read timeout", "write timeout", "read error"],
    )
    async def test_read_that_has_to_write_raises_read_errors(
        self, below: FailingStream, error: type[Exception]
    ) -> None:
        # Before the handshake every read has to write, and every write to read.
        with pytest.raises(
            error,
            match=r"^The read operation timed out after 10 seconds \(localhost\)$|^Connection reset \(localhost\)$",
        ):
            await unshaken(below).read(100, TIMEOUT)

    async def test_read_continues_if_tls_messages_cannot_be_sent(self) -> None:
        below = FailingStream(b"\x16", on_write=WriteError("Broken pipe"))
        with pytest.raises(ReadError, match=r"WRONG_VERSION_NUMBER.* \(localhost\)$"):
            await unshaken(below).read(100, TIMEOUT)

    @pytest.mark.parametrize(
        ("below", "error"),
        [
            (FailingStream(on_read=ReadTimeout("The read operation timed out")), WriteTimeout),
            (FailingStream(on_write=WriteTimeout("The write operation timed out")), WriteTimeout),
            (FailingStream(on_read=ReadError("Connection reset")), WriteError),
            (FailingStream(on_write=WriteError("Broken pipe")), WriteError),
        ],
        ids=["read timeout", "write timeout", "read error", "write error"],
    )
    async def test_write_that_has_to_read_raises_write_errors(
        self, below: FailingStream, error: type[Exception]
    ) -> None:
        text = r"^(The write operation timed out after 10 seconds|Connection reset|Broken pipe) \(localhost\)$"
        with pytest.raises(error, match=text):
            await unshaken(below).write(b"data", TIMEOUT)

    @pytest.mark.field(74)
    async def test_write_that_reads_end_of_stream_raises_write_error(self) -> None:
        with pytest.raises(WriteError, match=r"\(localhost\)$"):
            await unshaken(FailingStream()).write(b"data", TIMEOUT)

    @pytest.mark.field(74, 86)
    @pytest.mark.parametrize(
        ("below", "error"),
        [
            (FailingStream(on_read=ReadTimeout("The read operation timed out")), ConnectTimeout),
            (FailingStream(on_write=WriteTimeout("The write operation timed out")), ConnectTimeout),
            (FailingStream(on_read=ReadError("Connection reset")), ConnectError),
            (FailingStream(on_write=WriteError("Broken pipe")), ConnectError),
            (FailingStream(), ConnectError),
        ],
        ids=["read timeout", "write timeout", "read error", "write error", "end"],
    )
    async def test_failed_handshake_raises_connect_errors(self, below: FailingStream, error: type[Exception]) -> None:
        with pytest.raises(error, match=r"\(localhost\)$"):
            await AsyncTLSStream.handshake(below, client_context(), "localhost", TIMEOUT)
        assert below.closed

    async def test_missing_name_is_rejected_if_the_context_checks_names(self) -> None:
        context = client_context()
        assert context.check_hostname
        with pytest.raises(ValueError, match=r"^check_hostname requires server_hostname$"):
            await AsyncTLSStream.handshake(FailingStream(), context, None, TIMEOUT)

    async def test_other_exceptions_propagate_and_close_the_stream(self) -> None:
        error = LookupError("no")
        below = FailingStream(on_read=error)
        with pytest.raises(LookupError) as caught:
            await AsyncTLSStream.handshake(below, client_context(), "localhost", TIMEOUT)
        assert caught.value is error
        assert below.closed

    async def test_handshake_without_timeout_sets_no_limit(self, certificates: Certificates) -> None:
        with scripted_server(hold(), tls=certificates.server_context()) as server:
            stream = await AsyncTLSStream.handshake(
                await async_clear_stream(server), certificates.client_context(), "localhost"
            )
            await stream.aclose()


def client_context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def unshaken(below: AsyncNetworkStream) -> AsyncTLSStream:
    """Return a TLS stream before its handshake."""
    return AsyncTLSStream(below, client_context(), "localhost")
