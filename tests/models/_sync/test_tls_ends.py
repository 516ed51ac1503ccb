# Generated from ../_async/test_tls_ends.py by tools/make_sync.py: edit that file, then run it.
"""Ends of TLS: `close_notify`, alerts, damaged records, closing; and timeouts of reads."""

import contextlib
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpcore_models import (
    ConnectError,
    NetworkStream,
    ReadError,
    ReadTimeout,
    SyncBackend,
    WriteError,
    WriteTimeout,
)
from httpcore_models.concurrency import Event
from httpcore_models.deadline import Deadline
from httpcore_models.network._sync.tls import TLSStream
from httpcore_models.network._tls.records import TLSRecords
from httpcore_test_support.background import Background
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import hold, receive_exactly, receive_until, send, shutdown_write
from httpcore_test_support.tls_records import RecordPeer
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0
FULL_RECORD = bytes(16384)
# What OpenSSL says of a damaged record, depending on its version.
DAMAGE = "BAD_RECORD_MAC|RECORD_LAYER_FAILURE|record layer failure"  # PyPy has no name for some errors

Talk = Callable[[Connection, RecordPeer], object]


class Below(NetworkStream):
    """A user's stream on top of another one, with only the methods of the interface."""

    def __init__(self, stream: NetworkStream) -> None:
        self.stream = stream
        self.reads = 0
        self.fail_write: Exception | None = None
        self.block_write: Event | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.reads += 1
        return self.stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self.fail_write is not None:
            raise self.fail_write
        if self.block_write is not None:
            self.block_write.wait()
        self.stream.write(buffer, timeout)

    def close(self) -> None:
        self.stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


@pytest.fixture(params=["ours", "another's"])
def wrap(request: pytest.FixtureRequest) -> Callable[[NetworkStream], NetworkStream]:
    """The stream below TLS."""
    return Below if request.param == "another's" else lambda stream: stream


@contextmanager
def talking(
    certificates: Certificates, wrap: Callable[[NetworkStream], NetworkStream], talk: Talk
) -> Iterator[TLSStream]:
    """Connect a TLS stream to a peer that does the handshake and runs `talk`."""
    context = certificates.server_context()
    context.num_tickets = 0  # nothing comes but what `talk` sends

    def script(connection: Connection) -> None:
        talk(connection, RecordPeer(connection, context))

    with scripted_server(script) as server:
        below = wrap(SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT))
        stream = TLSStream.handshake(below, certificates.client_context(), "localhost", TIMEOUT)
        try:
            yield stream
        finally:
            stream.close()


def read_on(stream: NetworkStream) -> tuple[bytes, str]:
    """Read to the end; return the bytes, and the text of the error or an empty string."""
    received = bytearray()
    try:
        while data := stream.read(256 * 1024, TIMEOUT):
            received += data
    except ReadError as exc:
        return bytes(received), str(exc)
    return bytes(received), ""


class TestCloseNotify:
    @pytest.mark.fault("S16")
    @pytest.mark.parametrize("more", ["zeros", "records"])
    def test_bytes_after_close_notify_are_ignored(self, certificates: Certificates, wrap: Any, more: str) -> None:
        def talk(connection: Connection, peer: RecordPeer) -> None:
            data, last = peer.data(4 * FULL_RECORD), peer.data(b"stolen")
            end = peer.close_notify()
            connection.send(data + last + end + (bytes(100_000) if more == "zeros" else data))
            connection.hold()

        with talking(certificates, wrap, talk) as stream:
            assert read_on(stream) == (4 * FULL_RECORD + b"stolen", "")
            assert stream.read(100, TIMEOUT) == b""

    @pytest.mark.fault("T6")
    def test_close_notify_is_remembered_on_an_idle_connection(self, certificates: Certificates, wrap: Any) -> None:
        def talk(connection: Connection, peer: RecordPeer) -> None:
            connection.send(peer.close_notify())
            connection.hold()

        with talking(certificates, wrap, talk) as stream:
            wait_until(lambda: stream.get_extra_info("is_readable"))
            assert [stream.get_extra_info("is_readable") for _ in range(3)] == [True, True, True]
            assert stream.read(100, TIMEOUT) == b""
            assert stream.get_extra_info("is_readable")
            assert stream.receive_nowait(100) == b""


class TestErrors:
    @pytest.mark.fault("S17")
    @pytest.mark.parametrize("records", [0, 1, 3])
    def test_damaged_record_after_good_ones_raises_read_error(
        self, certificates: Certificates, wrap: Any, records: int
    ) -> None:
        def talk(connection: Connection, peer: RecordPeer) -> None:
            connection.send(peer.data(records * FULL_RECORD or b"x") + peer.damaged() + peer.damaged() + peer.damaged())
            connection.shutdown_write()
            connection.hold()

        with talking(certificates, wrap, talk) as stream:
            received, text = read_on(stream)
            assert received == (records * FULL_RECORD or b"x")
            assert re.search(DAMAGE, text)
            assert stream.get_extra_info("is_readable")
            # A second read does not report an end of stream either.
            with pytest.raises(ReadError, match=DAMAGE):
                stream.read(100, TIMEOUT)
            with pytest.raises(ReadError, match=DAMAGE):
                stream.receive_nowait(100)

    @pytest.mark.fault("S17", "N12")
    def test_alert_after_good_records_raises_read_error(self, certificates: Certificates, wrap: Any) -> None:
        def talk(connection: Connection, peer: RecordPeer) -> None:
            data = peer.data(2 * FULL_RECORD)
            connection.send(data + peer.alert())
            connection.shutdown_write()
            connection.hold()

        with talking(certificates, wrap, talk) as stream:
            received, text = read_on(stream)
            port = stream.get_extra_info("server_addr")[1]
            assert received == 2 * FULL_RECORD
            assert "ALERT" in text.upper()
            assert text.count(f"(127.0.0.1:{port})") == 1

    @pytest.mark.fault("S18", "N12")
    def test_reset_after_good_records_raises_read_error(self, certificates: Certificates, wrap: Any) -> None:
        def talk(connection: Connection, peer: RecordPeer) -> None:
            connection.send(peer.data(2 * FULL_RECORD))
            connection.abort()

        with talking(certificates, wrap, talk) as stream:
            _, text = read_on(stream)
            assert text.count(f"({stream._peer})") == 1


class TestTime:
    @pytest.mark.fault("T19", "N12")
    def test_slow_record_does_not_prolong_a_read(self, certificates: Certificates, wrap: Any) -> None:
        stop = threading.Event()

        def talk(connection: Connection, peer: RecordPeer) -> None:
            for byte in peer.data(FULL_RECORD):
                connection.send(bytes([byte]))
                if stop.wait(0.01):
                    return

        with talking(certificates, wrap, talk) as stream:
            started = time.monotonic()
            with pytest.raises(
                ReadTimeout, match=r"^The read operation timed out after 0\.2 seconds \(127\.0\.0\.1:\d+\)$"
            ):
                stream.read(100, 0.2)
            assert time.monotonic() - started < 5.0
            stop.set()

    def test_timed_out_read_has_taken_nothing(self, certificates: Certificates, wrap: Any) -> None:
        go_on = threading.Event()

        def talk(connection: Connection, peer: RecordPeer) -> None:
            record = peer.data(b"data")
            connection.send(record[:10])
            connection.wait(go_on)
            connection.send(record[10:])
            connection.hold()

        with talking(certificates, wrap, talk) as stream:
            with pytest.raises(ReadTimeout):
                stream.read(100, 0.05)
            go_on.set()
            assert stream.read(100, TIMEOUT) == b"data"

    def test_data_is_returned_even_if_tls_messages_cannot_be_sent(self, certificates: Certificates) -> None:
        def talk(connection: Connection, peer: RecordPeer) -> None:
            connection.send(peer.data(b"data"))
            connection.hold()

        with talking(certificates, Below, talk) as stream:
            stream._tls.outgoing.write(b"the answer to a message of TLS")
            below = stream._stream
            assert isinstance(below, Below)
            below.fail_write = WriteError("Broken pipe")
            # Decrypted bytes are not lost because of that.
            assert stream.read(100, TIMEOUT) == b"data"


class TestBlockedWriter:
    """The peer takes nothing any more. A reader still learns of the end."""

    @pytest.mark.fault("T7")
    @pytest.mark.parametrize("end", ["end of TCP", "close_notify", "damage"])
    def test_reader_learns_of_the_end_at_once(self, certificates: Certificates, wrap: Any, end: str) -> None:
        go_on = threading.Event()

        def talk(connection: Connection, peer: RecordPeer) -> None:
            connection.wait(go_on)
            if end != "end of TCP":
                connection.send(peer.close_notify() if end == "close_notify" else peer.damaged())
            else:
                connection.shutdown_write()
            connection.hold()

        with talking(certificates, wrap, talk) as stream, Background() as background:
            writing = background.start(stream.write, bytes(16 * 1024 * 1024))
            reading = background.start(stream.read, 100)
            wait_until(lambda: stream._receiving and stream._sender._turn)
            go_on.set()
            if end == "damage":
                with pytest.raises(ReadError, match=DAMAGE):
                    reading.result()
            else:
                assert reading.result() == b""
            stream.close()
            with pytest.raises(WriteError):
                writing.result()


class TestOneSends:
    def test_wait_of_a_writer_for_a_sending_reader_times_out(self, certificates: Certificates) -> None:
        def talk(connection: Connection, peer: RecordPeer) -> None:
            connection.hold()

        with talking(certificates, Below, talk) as stream, Background() as background:
            below = stream._stream
            assert isinstance(below, Below)
            below.block_write = Event()
            stream._tls.outgoing.write(b"the answer to a message of TLS")
            reading = background.start(stream.read, 100)
            wait_until(lambda: stream._sender._turn)
            with pytest.raises(WriteTimeout, match=r"^The write operation timed out after 0\.05 seconds"):
                stream.write(b"request", 0.05)
            below.block_write.set()
            # Bytes that could not be written are written with the next ones.
            stream.write(b"", TIMEOUT)
            stream.close()
            with pytest.raises(ReadError, match=r"^The stream is closed"):
                reading.result()


class Renegotiating:
    """A TLS object that cannot encrypt before it was fed once more, as in a renegotiation of TLS 1.2."""

    def __init__(self, records: TLSRecords) -> None:
        self._records = records
        self._tls = records.ssl_object
        self._feeds = records.feeds
        self.waiting = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tls, name)

    def write(self, data: Any) -> int:
        if self._records.feeds == self._feeds:
            self.waiting.set()
            raise ssl.SSLWantReadError
        return self._tls.write(data)


class TestRenegotiation:
    @pytest.mark.fault("T20")
    def test_writer_that_needs_to_read_waits_for_the_reader(self, certificates: Certificates, wrap: Any) -> None:
        go_on = threading.Event()

        def talk(connection: Connection, peer: RecordPeer) -> None:
            connection.wait(go_on)
            connection.send(peer.data(b"data"))
            connection.receive()
            connection.send(peer.data(b"done"))
            connection.hold()

        with talking(certificates, wrap, talk) as stream, Background() as background:
            tls = Renegotiating(stream._tls)
            stream._tls.ssl_object = tls  # type: ignore[assignment]
            reading = background.start(stream.read, 100, TIMEOUT)
            wait_until(lambda: stream._receiving)
            writing = background.start(stream.write, b"request", TIMEOUT)
            wait_until(tls.waiting.is_set)
            go_on.set()
            assert reading.result() == b"data"
            writing.result()
            assert stream.read(100, TIMEOUT) == b"done"

    @pytest.mark.fault("T20")
    def test_writer_does_not_wait_for_what_the_reader_has_received(
        self, certificates: Certificates, wrap: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go_on = threading.Event()

        def talk(connection: Connection, peer: RecordPeer) -> None:
            connection.wait(go_on)
            connection.send(peer.data(b"data"))
            connection.receive()
            connection.send(peer.data(b"done"))
            connection.hold()

        with talking(certificates, wrap, talk) as stream, Background() as background:
            send = stream._sender.send

            def send_late(*arguments: Any, **options: Any) -> bool:
                # TLS has said that it wants to read; meanwhile the reader receives that, and is done.
                go_on.set()
                assert reading.result() == b"data"
                return send(*arguments, **options)

            stream._tls.ssl_object = Renegotiating(stream._tls)  # type: ignore[assignment]
            reading = background.start(stream.read, 100, TIMEOUT)
            wait_until(lambda: stream._receiving)
            monkeypatch.setattr(stream._sender, "send", send_late)
            stream.write(b"request", TIMEOUT)
            assert stream.read(100, TIMEOUT) == b"done"

    @pytest.mark.fault("T20")
    def test_reader_does_not_wait_for_what_the_writer_has_received(
        self, certificates: Certificates, wrap: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def talk(connection: Connection, peer: RecordPeer) -> None:
            connection.send(peer.data(b"data"))
            connection.hold()

        with talking(certificates, wrap, talk) as stream:
            send = stream._sender.send_for_reader

            def send_late(*arguments: Any, **options: Any) -> None:
                # The reader has found nothing; meanwhile a writer receives, as it does in a renegotiation.
                stream._wait_for_handshake(stream._tls.feeds, Deadline(TIMEOUT))
                send(*arguments, **options)

            monkeypatch.setattr(stream._sender, "send_for_reader", send_late)
            assert stream.read(100, TIMEOUT) == b"data"

    @pytest.mark.fault("T20")
    def test_wait_of_a_writer_for_the_reader_times_out(self, certificates: Certificates, wrap: Any) -> None:
        def talk(connection: Connection, peer: RecordPeer) -> None:
            connection.hold()

        with talking(certificates, wrap, talk) as stream, Background() as background:
            stream._tls.ssl_object = Renegotiating(stream._tls)  # type: ignore[assignment]
            reading = background.start(stream.read, 100, TIMEOUT)
            wait_until(lambda: stream._receiving)
            with pytest.raises(Exception, match=r"^The write operation timed out after 0\.05 seconds"):
                stream.write(b"request", 0.05)
            stream.close()
            with pytest.raises(ReadError, match="The stream is closed"):
                reading.result()


@pytest.mark.fault("N12")
def test_a_port_that_does_not_speak_tls(certificates: Certificates) -> None:
    with scripted_server([receive_exactly(5), send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), hold()]) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout=TIMEOUT)
        with pytest.raises(ConnectError) as raised:
            stream.start_tls(certificates.client_context(), "localhost", TIMEOUT)
    assert re.search(
        r"(\(_ssl\.c:\d+\)|wrong version number): this port does not speak TLS \(.*127\.0\.0\.1:\d+\)$",
        str(raised.value),
    )


def test_a_server_that_disconnects_during_the_handshake(certificates: Certificates) -> None:
    with scripted_server([receive_until(b"localhost"), shutdown_write(), hold()]) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout=TIMEOUT)
        with pytest.raises(ConnectError, match=r"erver disconnected during the TLS handshake \(.*127\.0\.0\.1:\d+\)$"):
            stream.start_tls(certificates.client_context(), "localhost", TIMEOUT)


@pytest.mark.fault("N12")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_damaged_record_of_a_port_that_speaks_tls(certificates: Certificates, version: ssl.TLSVersion) -> None:
    def relay(connection: Connection) -> None:
        # The ServerHello is whole. The version of the record behind it is none.
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = certificates.server_context()
        context.maximum_version = version
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        while not outgoing.pending:
            incoming.write(connection.receive())
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
        answer = bytearray(outgoing.read())
        answer[5 + int.from_bytes(answer[3:5], "big") + 1] ^= 1
        connection.send(bytes(answer))

    with scripted_server([relay]) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout=TIMEOUT)
        with pytest.raises(ConnectError) as raised:
            stream.start_tls(certificates.client_context(), "localhost", TIMEOUT)
    assert "does not speak TLS" not in str(raised.value)
