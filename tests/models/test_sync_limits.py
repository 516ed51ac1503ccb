"""Timeouts of sync streams, and writes that return when something can be read."""

import array
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpcore_models import ConnectTimeout, ReadTimeout, SyncBackend, WriteTimeout
from httpcore_models.network._streams import sync_stream
from httpcore_test_support._sync.conformance import DATA, ENDLESS, LARGE, TIMEOUT, read_exactly
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.conformance import TRANSPORTS, Connect, connector
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.sockets import unresponsive_port
from httpcore_test_support.steps import hold, receive_exactly, send, wait

# Far more than any of the limits here, and far less than forever.
SOON = 5.0


@pytest.fixture(params=["tcp", "unix", "tls", "plainly"])
def connect(request: pytest.FixtureRequest, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Connect:
    transport = request.param
    if transport == "plainly":
        transport = "tcp"
        monkeypatch.setattr(sync_stream, "_subclasses", [])
    return connector(SyncBackend(), TRANSPORTS[transport], certificates)


@pytest.fixture
def limited(request: pytest.FixtureRequest) -> None:
    """Skip the test where a signal makes the limit of a socket begin anew: in PyPy, it would wait for ever."""
    if sys.implementation.name == "pypy" and ("plainly" in request.node.name or "connect" in request.node.name):
        pytest.skip("In PyPy, a signal prolongs the limit of a socket.")


@contextmanager
def signals() -> Iterator[None]:
    """Interrupt this thread every 20 ms."""
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


@pytest.mark.fault("T2")
@pytest.mark.usefixtures("limited")
def test_signals_do_not_prolong_a_read(connect: Connect) -> None:
    with connect(hold()) as stream, at_most(SOON), signals(), pytest.raises(ReadTimeout):
        stream.read(100, 0.2)


@pytest.mark.fault("T2", "T18")
@pytest.mark.usefixtures("limited")
def test_signals_do_not_prolong_a_write(connect: Connect) -> None:
    with connect(hold()) as stream, at_most(SOON), signals(), pytest.raises(WriteTimeout):
        stream.write(ENDLESS, 0.2)


@pytest.mark.fault("T2")
@pytest.mark.usefixtures("limited")
def test_signals_do_not_prolong_a_connect() -> None:
    with unresponsive_port() as port, at_most(SOON), signals(), pytest.raises(ConnectTimeout):
        SyncBackend().connect_tcp("127.0.0.1", port, 0.2)


@pytest.mark.fault("T18")
def test_slow_peer_does_not_prolong_a_write(connect: Connect) -> None:
    stop = threading.Event()

    def sip(connection: Connection) -> None:
        while not stop.wait(0.05):
            connection.receive()

    with connect([sip]) as stream, at_most(SOON):
        with pytest.raises(WriteTimeout, match=r"^The write operation timed out after 0\.3 seconds \("):
            stream.write(ENDLESS * 4, 0.3)
        stop.set()


@pytest.mark.fault("T19")
def test_slow_record_does_not_prolong_a_tls_read(certificates: Certificates) -> None:
    stop = threading.Event()

    def drip(connection: Connection) -> None:
        socket.socket.send(connection._socket, b"\x17\x03\x03\x40\x00")
        while not stop.wait(0.02):
            socket.socket.send(connection._socket, b"\0")

    with connector(SyncBackend(), TRANSPORTS["tls"], certificates)([drip]) as stream, at_most(SOON):
        with pytest.raises(ReadTimeout, match=r"^The read operation timed out after 0\.3 seconds \("):
            stream.read(100, 0.3)
        stop.set()


@pytest.mark.fault("T9")
@pytest.mark.parametrize("timeout", [30 * 86400.0, 1e300, float("inf")])
def test_very_long_timeouts_are_accepted(connect: Connect, timeout: float) -> None:
    go_on = threading.Event()
    with connect([wait(go_on), send(b"data"), receive_exactly(len(LARGE)), send(b"done"), hold()]) as stream:
        threading.Timer(0.02, go_on.set).start()
        assert stream.read(100, timeout) == b"data"
        stream.write(LARGE, timeout)
        assert read_exactly(stream, 4) == b"done"
    with scripted_server(hold()) as server:
        SyncBackend().connect_tcp("127.0.0.1", server.port, timeout).close()


@pytest.mark.fault("T9")
@pytest.mark.parametrize("timeout", [0.0, -1.0])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_expired_timeout_ends_connecting(host: str, timeout: float) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(ConnectTimeout):
        SyncBackend().connect_tcp(host, server.getsockname()[1], timeout)


@pytest.mark.fault("T9")
@pytest.mark.parametrize("timeout", [0.0, -1.0, -1e300, float("-inf"), 1e-9])
def test_expired_timeouts_allow_what_needs_no_wait(connect: Connect, timeout: float) -> None:
    with connect([receive_exactly(4), send(b"data"), hold()]) as stream:
        stream.write(b"data", timeout)
        while True:
            try:
                assert stream.read(100, timeout) == b"data"
                break
            except ReadTimeout:
                time.sleep(0.001)
        with pytest.raises(ReadTimeout):
            stream.read(100, timeout)
        with pytest.raises(WriteTimeout):
            stream.write(ENDLESS, timeout)


@pytest.mark.fault("T9")
def test_nan_is_rejected_as_a_timeout(connect: Connect) -> None:
    with connect([hold()]) as stream:
        with pytest.raises(ValueError, match="NaN"):
            stream.read(100, float("nan"))
        with pytest.raises(ValueError, match="NaN"):
            stream.write(ENDLESS, float("nan"))


@pytest.mark.fault("S14")
@pytest.mark.parametrize(
    "buffer",
    [
        bytearray(DATA),
        memoryview(DATA),
        array.array("I", range(2000)),
        memoryview(array.array("d", [0.5] * 50)),
        memoryview(DATA)[::2],
        memoryview(array.array("I")),
        memoryview(bytes(24)).cast("B", (2, 3, 4)),
    ],
    ids=["bytearray", "memoryview", "array", "doubles", "every other byte", "empty", "three dimensions"],
)
def test_all_bytes_of_any_buffer_are_written(connect: Connect, buffer: Any) -> None:
    expected = memoryview(buffer).tobytes()

    def compare(connection: Connection) -> None:
        connection.send(b"yes" if connection.receive_exactly(2 * len(expected)) == 2 * expected else b"no!")

    with connect([compare, hold()]) as stream:
        stream.write(buffer, TIMEOUT)
        watching = getattr(stream, "write_until_readable", None)
        if watching is None:
            stream.write(buffer, TIMEOUT)
        else:
            assert watching(buffer, TIMEOUT) is None
        assert stream.read(100, TIMEOUT) == b"yes"


@pytest.fixture(params=["tcp", "unix", "tls"])
def connect_watching(request: pytest.FixtureRequest, certificates: Certificates) -> Connect:
    return connector(SyncBackend(), TRANSPORTS[request.param], certificates)


@pytest.mark.fault("T11")
def test_blocked_write_returns_when_something_can_be_read(connect_watching: Connect) -> None:
    go_on = threading.Event()
    with connect_watching([wait(go_on), send(b"refused"), hold()]) as stream, at_most(SOON):
        threading.Timer(0.02, go_on.set).start()
        rest, received = memoryview(ENDLESS), None
        while not received:
            taken = stream.write_until_readable(rest, TIMEOUT)  # type: ignore[attr-defined]
            rest = rest[taken:]
            received = stream.receive_nowait(100)  # type: ignore[attr-defined]
        assert received == b"refused"
        assert rest


@pytest.mark.fault("T11", "T3")
def test_write_until_readable_times_out(connect_watching: Connect) -> None:
    def upload(stream: Any) -> None:
        rest = memoryview(ENDLESS)
        while (taken := stream.write_until_readable(rest, 0.1)) is not None:
            rest = rest[taken:]
            # At most messages of TLS itself.
            assert stream.receive_nowait(100) is None

    with connect_watching(hold()) as stream, at_most(SOON), pytest.raises(WriteTimeout):
        upload(stream)


@pytest.mark.fault("T11")
def test_write_until_readable_loses_and_repeats_nothing(connect_watching: Connect) -> None:
    def chat(connection: Connection) -> None:
        received = b""
        while len(received) < 4 * len(LARGE):
            received += connection.receive()
            connection.send(b"!")
        connection.send(b"?" if received == LARGE * 4 else b"x")

    with connect_watching([chat, hold()]) as stream:
        upload, position, heard = LARGE * 4, 0, b""
        while position < len(upload):
            part = upload[position : position + 1_000_001]
            taken = stream.write_until_readable(part, TIMEOUT)  # type: ignore[attr-defined]
            position += len(part) if taken is None else taken
            heard += stream.receive_nowait(1) or b""  # type: ignore[attr-defined]
        stream.write(b"", TIMEOUT)
        while b"?" not in heard:
            assert b"x" not in heard
            heard += stream.read(1000, TIMEOUT)


@pytest.mark.fault("T15")
def test_rest_of_an_interrupted_write_is_sent_first(connect_watching: Connect) -> None:
    go_on = threading.Event()

    def compare(connection: Connection) -> None:
        connection.wait(go_on)
        received = connection.receive_exactly(len(LARGE) * 4 + 4)
        connection.send(b"yes" if received == LARGE * 4 + b"more" else b"no!")

    with connect_watching([compare, hold()]) as stream:
        assert stream.get_extra_info("keeps_unsent")
        with pytest.raises(WriteTimeout):
            stream.write(LARGE * 4, 0.05)
        go_on.set()
        stream.write(b"more", TIMEOUT)
        assert stream.read(100, TIMEOUT) == b"yes"


@pytest.mark.fault("N14")
@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_handed_out_socket_has_no_timeout(certificates: Certificates, transport: str) -> None:
    go_on = threading.Event()
    script = [send(b"one"), wait(go_on), send(b"two"), receive_exactly(4), send(b"three"), hold()]
    with connector(SyncBackend(), TRANSPORTS[transport], certificates)(script) as stream:
        assert stream.read(100, TIMEOUT) == b"one"
        with pytest.raises(ReadTimeout):
            stream.read(100, 0.01)
        sock = stream.get_extra_info("socket")
        # No timeout is set, so a call waits.
        threading.Timer(0.05, go_on.set).start()
        assert sock.recv(100) == b"two"
        sock.settimeout(None)
        # Stream and socket can be used in turn.
        stream.write(b"data", TIMEOUT)
        assert stream.read(100, TIMEOUT) == b"three"
        sock.settimeout(0.01)
        with pytest.raises(TimeoutError):
            sock.recv(100)
        with pytest.raises(ReadTimeout):
            stream.read(100, 0.02)
        assert sock.gettimeout() == 0.01
