"""TLS on sockets, for threads."""

import _socket
import contextlib
import gc
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
from typing import Any

import pytest
from httpcore_models import ConnectError, NetworkStream, ReadError, SyncBackend
from httpcore_test_support._sync.conformance import TIMEOUT
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import abort, wait
from httpcore_test_support.waiting import at_once, wait_until

# What OpenSSL says of a damaged record: in its own words, as a name, and in newer versions as another.
BAD_RECORD = "bad record mac|BAD_RECORD_MAC|RECORD_LAYER_FAILURE|record layer failure"


def test_reset_before_the_handshake_leaves_no_socket_open() -> None:
    connected = threading.Event()
    with scripted_server([wait(connected), abort()]) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, 10.0)
        connected.set()
        wait_until(lambda: stream.get_extra_info("is_readable"))
        descriptor = stream.get_extra_info("socket").fileno()
        with pytest.raises(ConnectError, match=rf"reset by peer \(127\.0\.0\.1:{server.port}\)"):
            stream.start_tls(ssl.create_default_context(), "localhost", 10.0)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


class Peer:
    """A TLS server whose records a script sends one by one."""

    def __init__(self, connection: Connection, context: ssl.SSLContext) -> None:
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.send(self.take())
                self._incoming.write(connection.receive())
        self.send(self.take())

    def send(self, data: bytes) -> None:
        self._connection.send(data)

    def take(self) -> bytes:
        """Return what TLS wants sent."""
        return self._outgoing.read()

    def record(self, data: bytes) -> bytes:
        self.tls.write(data)
        return self.take()

    def alert(self) -> bytes:
        """Return the fatal alert after a record that cannot be decrypted."""
        self._incoming.write(b"\x17\x03\x03\x00\x20" + bytes(32))
        try:
            self.tls.read(100)
        except ssl.SSLError:
            return self.take()
        raise AssertionError("what cannot be decrypted was")

    def close_notify(self) -> bytes:
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        return self.take()


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    value: ssl.TLSVersion = request.param
    return value


def connected(port: int, certificates: Certificates) -> NetworkStream:
    stream = SyncBackend().connect_tcp("127.0.0.1", port, TIMEOUT)
    return stream.start_tls(certificates.client_context(), "localhost", TIMEOUT)


RECORD = bytes(16384)


def bad_record(peer: Peer) -> bytes:
    bad = bytearray(peer.record(RECORD))
    bad[100] ^= 1
    return bytes(bad)


def nothing(peer: Peer) -> bytes:
    return b""


def reset(connection: Connection) -> None:
    connection._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_small_records_that_have_arrived_are_read_together(certificates: Certificates) -> None:
    """The first ones are read alone: looking for more in vain would cost each small response."""
    small = [bytes([number]) * 10 for number in range(20)]

    def script(connection: Connection) -> None:
        peer = Peer(connection, certificates.server_context())
        peer.send(b"".join(peer.record(data) for data in small))
        connection.hold()

    with scripted_server(script) as server:
        stream = connected(server.port, certificates)
        parts = [stream.read(1000, TIMEOUT)]
        while sum(map(len, parts)) < 200:
            parts.append(stream.read(1000, TIMEOUT))
        stream.close()
    assert b"".join(parts) == b"".join(small)
    assert len(parts) <= 3


@pytest.mark.fault("S17", "S18")
@pytest.mark.parametrize(
    ("last", "end", "text"),
    [
        (bad_record, None, BAD_RECORD),
        (bad_record, Connection.shutdown_write, BAD_RECORD),
        (lambda peer: bad_record(peer) * 2, Connection.shutdown_write, BAD_RECORD),
        (Peer.alert, None, f"ALERT|alert|{BAD_RECORD}"),
        (Peer.alert, Connection.shutdown_write, f"ALERT|alert|{BAD_RECORD}"),
        (nothing, reset, "Connection reset by peer"),
    ],
    ids=["bad MAC", "bad MAC, end", "bad MACs, end", "alert", "alert, end", "reset"],
)
@pytest.mark.parametrize("records", [0, 1, 2])
def test_bytes_before_an_error_are_read_first(
    certificates: Certificates, version: ssl.TLSVersion, last: object, end: object, text: str, records: int
) -> None:
    context = certificates.server_context()
    context.maximum_version = version
    sent = threading.Event()

    def script(connection: Connection) -> None:
        peer = Peer(connection, context)
        peer.send(b"".join(peer.record(RECORD) for _ in range(records)) + last(peer))  # type: ignore[operator]
        if end is not None:
            end(connection)  # type: ignore[operator]
        sent.set()
        if end is not reset:
            connection.hold()

    with scripted_server([script]) as server:
        stream = connected(server.port, certificates)
        assert sent.wait(TIMEOUT)
        for how in ("read", "receive_nowait"):
            received = b""
            while len(received) < records * len(RECORD):
                part = stream.read(65536, TIMEOUT)
                assert part, "the stream seems to end"
                received += part
            for _ in range(2):
                with pytest.raises(ReadError, match=rf"({text}).* \(127\.0\.0\.1:{server.port}\)$"):
                    getattr(stream, how)(100)
                assert stream.get_extra_info("is_readable")
            records = 0
        stream.close()


@pytest.mark.fault("T6", "S16")
@pytest.mark.parametrize("after", [b"", bytes(60000)], ids=["nothing", "zeros"])
def test_end_of_stream_is_remembered_until_it_is_read(
    certificates: Certificates, version: ssl.TLSVersion, after: bytes
) -> None:
    context = certificates.server_context()
    context.maximum_version = version

    def script(connection: Connection) -> None:
        peer = Peer(connection, context)
        peer.send(peer.close_notify() + after)
        connection.hold()

    with scripted_server([script]) as server:
        stream = connected(server.port, certificates)
        wait_until(lambda: stream.get_extra_info("is_readable"))
        for _ in range(3):
            assert stream.get_extra_info("is_readable")
        for _ in range(3):
            assert stream.read(100, TIMEOUT) == b""
            assert stream.receive_nowait(100) == b""  # type: ignore[attr-defined]
            assert stream.get_extra_info("is_readable")
        stream.close()


@pytest.mark.fault("S18")
def test_reset_after_close_notify_is_a_plain_end_of_stream(certificates: Certificates, version: ssl.TLSVersion) -> None:
    context = certificates.server_context()
    context.maximum_version = version
    done = threading.Event()

    def script(connection: Connection) -> None:
        peer = Peer(connection, context)
        peer.send(peer.record(b"last") + peer.close_notify())
        connection.wait(done)
        reset(connection)

    with scripted_server([script]) as server:
        stream = connected(server.port, certificates)
        received = stream.read(100, TIMEOUT)
        assert received == b"last"
        assert stream.read(100, TIMEOUT) == b""
        done.set()
        server.wait_closed()
        assert stream.read(100, TIMEOUT) == b""
        stream.close()


@pytest.mark.fault("T20")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program openssl")
def test_renegotiation_disturbs_neither_reads_nor_writes(certificates: Certificates) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    command = ["openssl", "s_server", "-accept", str(port), "-tls1_2"]
    command += ["-cert", str(certificates.chain_pem), "-key", str(certificates.key_pem)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdin is not None
        try:
            stream = _connected_soon(port, certificates)
            stop = threading.Event()

            def write() -> None:
                while not stop.is_set():
                    stream.write(bytes(20000), TIMEOUT)

            def read() -> None:
                try:
                    received = b""
                    while received.count(b"line") < 2:
                        part = stream.read(100, TIMEOUT)
                        assert part
                        received += part
                finally:
                    stop.set()

            def command() -> None:
                # The server takes one command at a time, and does not report when it has.
                while not stop.wait(0.15):
                    for line in (b"R\n", b"line\n"):
                        server.stdin.write(line)  # type: ignore[union-attr]
                        server.stdin.flush()  # type: ignore[union-attr]
                        stop.wait(0.15)

            try:
                at_once(read, write, command)
            finally:
                stream.close()
        finally:
            server.kill()


def _connected_soon(port: int, certificates: Certificates) -> NetworkStream:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return connected(port, certificates)
        except ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.fault("P9")
@pytest.mark.parametrize("begun", [False, True])
def test_an_interrupt_while_the_socket_for_tls_is_made_is_raised_as_it_is(
    begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket whose constructor did not end cannot be closed by its own method."""
    make = socket.socket.__init__

    def make_interrupted(sock: socket.socket, *arguments: Any, **options: Any) -> None:
        if not isinstance(sock, ssl.SSLSocket):
            make(sock, *arguments, **options)
            return
        if begun:
            _socket.socket.__init__(sock, *arguments, **options)
        raise KeyboardInterrupt

    done = threading.Event()
    with scripted_server([wait(done)]) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        descriptor = stream.get_extra_info("socket").fileno()
        with monkeypatch.context() as patches:
            patches.setattr(socket.socket, "__init__", make_interrupted)
            with pytest.raises(KeyboardInterrupt):
                stream.start_tls(ssl.create_default_context(), "localhost", TIMEOUT)
        gc.collect()  # where references are not counted, the socket is closed no earlier
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
        done.set()
