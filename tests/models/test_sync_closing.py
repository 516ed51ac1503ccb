"""Closing a sync stream that other threads use, and streams in a forked process."""

import gc
import os
import socket
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from httpcore_models import ConnectError, NetworkStream, ReadError, SyncBackend, WriteError
from httpcore_models.network import SyncStream
from httpcore_test_support._sync.conformance import ENDLESS, TIMEOUT
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.conformance import TRANSPORTS, Connect, connector
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.sockets import open_sockets
from httpcore_test_support.steps import hold, notify, send
from httpcore_test_support.transports import hold_until_closed
from httpcore_test_support.waiting import collect, wait_until

CLOSED = r"^The stream is closed \(.+\)$"


@pytest.fixture(params=["tcp", "unix", "tls"])
def connect(request: pytest.FixtureRequest, certificates: Certificates) -> Connect:
    return connector(SyncBackend(), TRANSPORTS[request.param], certificates)


class InThread:
    """An operation in a thread of its own, and what it raises or returns."""

    def __init__(self, operation: Callable[[], Any]) -> None:
        self.result: Any = None
        self._operation = operation
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._operation()
        except Exception as exc:
            self.result = exc

    def join(self) -> Any:
        self._thread.join(TIMEOUT)
        assert not self._thread.is_alive(), "the operation hangs"
        return self.result


class Held:
    """Holds up a call until it is released."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        self.reached.set()
        assert self.go_on.wait(TIMEOUT)
        return self._call(*arguments)


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.mark.fault("S4")
@pytest.mark.parametrize("close", ["close", "abort"])
@pytest.mark.parametrize("timeout", [None, TIMEOUT, float("inf")])
def test_waiting_operations_fail_when_the_stream_is_closed(connect: Connect, close: str, timeout: float | None) -> None:
    def write_or_read(stream: Any) -> None:
        rest = memoryview(ENDLESS)
        while (taken := stream.write_until_readable(rest, timeout)) is not None:
            rest = rest[taken:]
            assert not stream.receive_nowait(100)

    for operation, errors in (
        (lambda stream: stream.read(100, timeout), ReadError),
        (lambda stream: stream.write(ENDLESS, timeout), WriteError),
        (write_or_read, (ReadError, WriteError)),
    ):
        gone = threading.Event()
        with connect([hold_until_closed(gone)]) as stream:
            waiting = InThread(lambda operation=operation, stream=stream: operation(stream))  # type: ignore[misc]
            # It does not matter whether it waits already.
            threading.Event().wait(0.02)
            getattr(stream, close)()
            getattr(stream, close)()
            result = waiting.join()
            assert isinstance(result, errors)
            assert str(result).startswith("The stream is closed (")
            wait_until(gone.is_set)
            for again in (lambda: stream.read(100), lambda: stream.receive_nowait(100)):  # type: ignore[attr-defined]
                with pytest.raises(ReadError, match=CLOSED):
                    again()
            for write in (stream.write, stream.write_until_readable):  # type: ignore[attr-defined]
                with pytest.raises(WriteError, match=CLOSED):
                    write(b"data")


@pytest.mark.fault("S1", "S2")
@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_descriptor_stays_open_until_its_last_user_has_left(certificates: Certificates, transport: str) -> None:
    with connector(SyncBackend(), TRANSPORTS[transport], certificates)(hold()) as stream:
        assert isinstance(stream, SyncStream)
        descriptor = stream.get_extra_info("socket").fileno()
        held = Held(stream._readiness.is_readable)  # type: ignore[attr-defined]
        stream._readiness = type("", (), {"is_readable": held})  # type: ignore[attr-defined]
        reading = InThread(lambda: stream.read(100, TIMEOUT))
        assert held.reached.wait(TIMEOUT)
        stream.close()
        # If it were closed now, the thread would read from whatever gets the descriptor next.
        assert is_open(descriptor)
        held.go_on.set()
        assert isinstance(reading.join(), ReadError)
        # The error keeps nothing alive.
        collect()
        assert not is_open(descriptor)


@pytest.mark.fault("S1")
def test_closed_upload_sends_nothing_in_the_clear(certificates: Certificates) -> None:
    secret = b"SECRET" * 5000
    seen = []

    def watch(connection: Connection) -> None:
        while data := socket.socket.recv(connection._socket, 262_144):
            if b"SECRETSECRET" in data:
                seen.append(data)

    connect = connector(SyncBackend(), TRANSPORTS["tls"], certificates)
    for _ in range(60):
        with connect([watch]) as stream:

            def upload(stream: NetworkStream = stream) -> None:
                while True:
                    stream.write(secret, TIMEOUT)

            uploading = InThread(upload)
            threading.Event().wait(0.003)
            stream.close()
            assert isinstance(uploading.join(), WriteError)
    assert not seen


@pytest.mark.fault("S2", "S4")
@pytest.mark.parametrize("timeout", [None, TIMEOUT])
def test_closed_download_raises_read_error(connect: Connect, timeout: float | None) -> None:
    def flow(connection: Connection) -> None:
        while True:
            connection.send(bytes(65536))

    for _ in range(30):
        with connect([flow]) as stream:

            def download(stream: NetworkStream = stream) -> str:
                while data := stream.read(65536, timeout):
                    if data.strip(b"\0"):
                        return "other bytes"
                return "an end"

            downloading = InThread(download)
            threading.Event().wait(0.003)
            stream.close()
            result = downloading.join()
            assert isinstance(result, ReadError)
            assert str(result).startswith("The stream is closed (")


@pytest.mark.fault("T10")
@pytest.mark.parametrize("timeout", [None, TIMEOUT])
def test_close_ends_a_handshake(certificates: Certificates, timeout: float | None) -> None:
    gone, begun = threading.Event(), threading.Event()
    with scripted_server([lambda connection: connection.receive(), notify(begun), hold_until_closed(gone)]) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        context = certificates.client_context()
        shaking = InThread(lambda: stream.start_tls(context, "localhost", timeout))
        assert begun.wait(TIMEOUT)
        stream.close()
        result = shaking.join()
        assert type(result) is ConnectError
        assert str(result) == f"The stream is closed (127.0.0.1:{server.port})"
        wait_until(gone.is_set)
        with pytest.raises(ConnectError, match=CLOSED):
            stream.start_tls(context, "localhost", timeout)


@pytest.mark.fault("T10")
def test_closing_the_plain_stream_closes_the_encrypted_one(certificates: Certificates) -> None:
    with scripted_server(hold(), tls=certificates.server_context()) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        tls = stream.start_tls(certificates.client_context(), "localhost", TIMEOUT)
        stream.close()
        with pytest.raises(ReadError, match=CLOSED):
            tls.read(100, TIMEOUT)
        with pytest.raises(WriteError, match=CLOSED):
            tls.write(b"data", TIMEOUT)
        assert tls.get_extra_info("is_readable")
        wait_until(lambda: not server.open_connections)


def test_finaliser_can_abort(connect: Connect) -> None:
    gone = threading.Event()
    with connect([hold_until_closed(gone)]) as stream:

        class Cycle:
            def __init__(self, stream: Any) -> None:
                self.cycle = self
                self.stream = stream

            def __del__(self) -> None:
                self.stream.abort()

        left = weakref.ref(Cycle(stream))
        gc.collect()
        assert left() is None
        wait_until(gone.is_set)


def test_unclosed_stream_causes_a_resource_warning() -> None:
    first, second = socket.socketpair()
    streams = [SyncStream(first, "peer")]
    del first

    def drop() -> None:
        streams.clear()
        collect()

    with second, pytest.warns(ResourceWarning, match="unclosed"):
        drop()


@pytest.mark.parametrize("last", ["in a cycle", "in another thread"])
def test_closed_stream_is_collected_without_a_warning(last: str) -> None:
    first, second = socket.socketpair()
    descriptor, left = first.fileno(), weakref.ref(first)
    given, made, done = [first], threading.Event(), threading.Event()
    del first

    def make() -> None:
        given.append(SyncStream(given.pop(), "peer"))  # type: ignore[arg-type]
        made.set()
        done.wait(TIMEOUT)

    # Without the GIL, the end of a reference is noted for the thread that made the object, unless that thread drops it.
    with second:
        making = InThread(make)
        assert made.wait(TIMEOUT)
        stream: Any = given.pop()
        if last == "in a cycle":
            user: list[Any] = [stream._shared.lease]
            user.append(user)
            del user
        stream.close()
        del stream
        gc.collect()
        assert not is_open(descriptor)
        collect()
        assert left() is None
        done.set()
        making.join()


def test_closed_sockets_do_not_pile_up_until_they_are_collected() -> None:
    gc.disable()
    try:
        most = 0
        for _ in range(250):
            first, second = socket.socketpair()
            stream: Any = SyncStream(first, "peer")
            del first
            # Without counted references, every lease stays until it is collected, as this one does.
            user: list[Any] = [stream._shared.lease]
            user.append(user)
            stream.close()
            second.close()
            most = max(most, len(open_sockets()))
        assert 90 < most < 140
    finally:
        gc.enable()
        gc.collect()


@pytest.mark.fault("P11")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("operation", ["close", "abort", "collect", "is_readable"])
def test_child_process_does_not_touch_the_parents_connection(connect: Connect, operation: str) -> None:
    go_on = threading.Event()

    def answer(connection: Connection) -> None:
        connection.wait(go_on)
        connection.send(b"answer")

    with connect([answer, hold()]) as stream:
        lock = getattr(stream, "_lock", threading.Lock())
        # As if another thread used TLS at the time: it does not exist in the child, where nobody lets the lock go.
        with lock:
            child = os.fork()
            if not child:
                code = 1
                try:
                    if operation == "collect":
                        stream = None  # type: ignore[assignment]
                        code = 0
                    elif operation == "is_readable":
                        code = 0 if stream.get_extra_info("is_readable") else 2
                    else:
                        getattr(stream, operation)()
                        code = 0
                finally:
                    os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        go_on.set()
        assert stream.read(100, TIMEOUT) == b"answer"


@pytest.mark.fault("S1")
def test_several_threads_can_close_at_once(connect: Connect) -> None:
    for _ in range(20):
        with connect([send(b"data"), hold()]) as stream:
            closing = [InThread(stream.close) for _ in range(4)]
            assert [thread.join() for thread in closing] == [None] * 4
            collect()
            assert stream.get_extra_info("socket").fileno() == -1
