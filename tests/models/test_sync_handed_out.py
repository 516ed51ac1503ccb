"""Sockets that a program gets from a stream: both remain usable."""

import socket
import threading
import time

import pytest
from httpcore_models import ReadError, ReadTimeout, SyncBackend, WriteTimeout
from httpcore_test_support._sync.conformance import TIMEOUT
from httpcore_test_support.background import Background
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.conformance import TRANSPORTS, Connect, connector
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold, send, wait
from httpcore_test_support.transports import hold_until_closed
from httpcore_test_support.waiting import wait_until


@pytest.fixture(params=["tcp", "unix", "tls"])
def connect(request: pytest.FixtureRequest, certificates: Certificates) -> Connect:
    return connector(SyncBackend(), TRANSPORTS[request.param], certificates)


@pytest.mark.fault("N14")
def test_file_made_from_the_socket_outlives_the_stream(connect: Connect) -> None:
    closed = threading.Event()
    with (
        connect([wait(closed), send(b"hello\n"), hold()]) as stream,
        stream.get_extra_info("socket").makefile("rb") as file,
    ):
        stream.close()
        closed.set()
        assert file.readline() == b"hello\n"


@pytest.mark.fault("N14")
def test_file_outlives_a_stream_that_another_thread_closes(connect: Connect) -> None:
    closed = threading.Event()
    with (
        connect([wait(closed), send(b"hello\n"), hold()]) as stream,
        stream.get_extra_info("socket").makefile("rb") as file,
        Background() as background,
    ):
        background.start(stream.close).result()
        closed.set()
        assert file.readline() == b"hello\n"


@pytest.mark.fault("N14")
def test_duplicate_of_the_socket_outlives_the_stream() -> None:
    closed = threading.Event()
    with scripted_server([wait(closed), send(b"hello"), hold()]) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        with stream.get_extra_info("socket").dup() as duplicate:
            stream.close()
            closed.set()
            assert duplicate.recv(5) == b"hello"
        wait_until(lambda: not server.open_connections)


@pytest.mark.fault("N14")
def test_reading_thread_learns_that_the_stream_is_closed(connect: Connect) -> None:
    with connect([hold()]) as stream, Background() as background:
        stream.get_extra_info("socket")
        read = background.start(stream.read, 1)
        time.sleep(0.05)  # for the read to begin
        stream.close()
        with pytest.raises(ReadError, match=r"^The stream is closed"):
            read.result()


@pytest.mark.fault("N14")
@pytest.mark.parametrize("limit", [0.0, 0.01, 5.0])
def test_timeout_of_the_socket_does_not_affect_the_stream(connect: Connect, limit: float) -> None:
    reading = threading.Event()
    with (
        connect([wait(reading), send(b"abc"), hold_until_closed(threading.Event())]) as stream,
        Background() as background,
    ):
        sock: socket.socket = stream.get_extra_info("socket")
        sock.settimeout(limit)
        read = background.start(stream.read, 3)
        time.sleep(0.05)  # for the limit to be over, if it held
        assert not read.done
        reading.set()
        assert read.result() == b"abc"
        assert stream.receive_nowait(1) is None  # type: ignore[attr-defined]
        with pytest.raises(ReadTimeout):
            stream.read(1, 0.01)
        with pytest.raises(WriteTimeout):
            stream.write(bytes(30_000_000), 0.01)
        assert sock.gettimeout() == limit
