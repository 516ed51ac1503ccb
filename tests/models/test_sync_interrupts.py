"""An exception from a signal handler at any line of a sync stream: no lock stays held, no socket open, no byte lost."""

import concurrent.futures
import dis
import gc
import linecache
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpcore_models import NetworkStream, ReadError, ReadTimeout, SyncBackend, WriteError
from httpcore_models.concurrency import Event
from httpcore_test_support._sync.conformance import TIMEOUT
from httpcore_test_support.background import Background
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.conformance import TRANSPORTS, Connect, connector
from httpcore_test_support.interrupting import Interrupted
from httpcore_test_support.library_code import is_library_code
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import send
from httpcore_test_support.waiting import at_once, wait_until

# What the interpreter does to leave a `with` block, from Python 3.10 to 3.15.
_LEAVING = (
    "LOAD_COMMON_CONSTANT",
    "LOAD_CONST",
    "DUP_TOP",
    "ROT_TWO",
    "SWAP",
    "NOP",
    "PRECALL",
    "CALL",
    "CALL_FUNCTION",
    "POP_TOP",
    "POP_BLOCK",
)


def interrupted_at(step: int, operation: Callable[[], Any]) -> bool:
    """Call `operation`, raising `Interrupted` before its instruction number `step`; return whether it got that far.

    In a thread of its own: where an exception is being handled, the interpreter is left believing that it still is.
    """
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        return executor.submit(_interrupted_at, step, operation).result()


def _interrupted_at(step: int, operation: Callable[[], Any]) -> bool:
    left = step

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal left
        if not is_library_code(frame.f_code, "httpcore_models.network"):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and not _is_never_interrupted(frame):
            left -= 1
            if not left:
                raise Interrupted
        return trace

    before = sys.gettrace()
    # Python 3.12 only traces instructions if that was asked for, of any frame, before the trace function was set.
    sys._getframe().f_trace_opcodes = True
    sys.settrace(trace)
    try:
        operation()
    except Interrupted:
        return True
    finally:
        sys.settrace(before)
    return False


def _is_never_interrupted(frame: Any) -> bool:
    """Whether the interpreter, which handles signals after calls and jumps, cannot do so before this instruction.

    No code could be safe there: when a value is returned, and when a `try` or `with` block is left.
    """
    if frame.f_code.co_name == "__del__":
        # The interpreter reports an exception in a finaliser, and continues.
        return True
    name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
    if name.startswith("RETURN") or name == "NOP":
        return True
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno or 0).strip()
    return line.startswith("with ") and name in _LEAVING


def steps() -> Iterator[int]:
    yield from range(1, 2000)


@pytest.fixture(params=["tcp", "tls"])
def connect(request: pytest.FixtureRequest, certificates: Certificates) -> Connect:
    return connector(SyncBackend(), TRANSPORTS[request.param], certificates)


def assert_no_lock_is_held(stream: Any) -> None:
    lock = getattr(stream, "_lock", None)
    if lock is None:
        return

    def take() -> bool:
        if lock.acquire(blocking=False):
            lock.release()
            return True
        return False

    # The thread that holds a reentrant lock can take it again, so another thread tries.
    assert at_once(take) == [True]


READS: list[Callable[[Any], Any]] = [
    lambda stream: stream.read(3, TIMEOUT),
    lambda stream: stream.read(3),
    lambda stream: stream.receive_nowait(3),
    lambda stream: stream.get_extra_info("is_readable"),
]


@pytest.mark.fault("P9")
@pytest.mark.parametrize("read", READS, ids=["read", "read without limit", "receive_nowait", "is_readable"])
def test_interrupted_read_takes_nothing_or_closes_the_stream(connect: Connect, read: Callable[[Any], Any]) -> None:
    hit = True
    for step in steps():
        if not hit:
            break
        with connect([send(b"data")]) as stream:
            wait_until(lambda stream=stream: stream.get_extra_info("is_readable"))  # type: ignore[misc]
            descriptor = stream.get_extra_info("socket").fileno()
            hit = interrupted_at(step, lambda stream=stream: read(stream))  # type: ignore[misc]
            assert_no_lock_is_held(stream)
            if hit:
                try:
                    received = b""
                    while len(received) < 4:
                        received += stream.read(100, TIMEOUT)
                    assert received == b"data"
                except ReadError as exc:
                    assert str(exc).startswith("The stream is closed (")  # noqa: PT017
            stream.close()
            del stream
            with pytest.raises(OSError, match="Bad file"):
                os.fstat(descriptor)
    assert step > 10


@pytest.mark.fault("P9")
@pytest.mark.parametrize("until_readable", [False, True])
def test_interrupted_write_is_not_repeated(connect: Connect, until_readable: bool) -> None:
    hit = True
    for step in steps():
        if not hit:
            break
        received: list[bytes] = []
        done = threading.Event()

        def note(connection: Connection, received: list[bytes] = received, done: threading.Event = done) -> None:
            try:
                while data := connection._socket.recv(100):
                    received.append(data)
            finally:
                done.set()

        with connect([note]) as stream:
            write: Any = getattr(stream, "write_until_readable" if until_readable else "write")
            hit = interrupted_at(step, lambda write=write: write(b"first", TIMEOUT))  # type: ignore[misc]
            assert_no_lock_is_held(stream)
            try:
                stream.write(b"second", TIMEOUT)
            except WriteError as exc:
                assert hit
                assert str(exc).startswith("The stream is closed (")  # noqa: PT017
            stream.close()
            assert done.wait(TIMEOUT)
        assert b"".join(received) in ((b"", b"first", b"second", b"firstsecond") if hit else (b"firstsecond",))
    assert step > 10


@pytest.mark.fault("P9")
def test_interrupted_close_can_be_repeated(connect: Connect) -> None:
    hit = True
    for step in steps():
        if not hit:
            break
        with connect([]) as stream:
            descriptor = stream.get_extra_info("socket").fileno()
            hit = interrupted_at(step, stream.close)
            stream.close()
            with pytest.raises(OSError, match="Bad file"):
                os.fstat(descriptor)
    assert step > 5


@pytest.mark.fault("P9")
@pytest.mark.parametrize("transport", ["tcp", "unix", "tls"])
def test_interrupted_connect_leaves_no_socket_open(
    request: pytest.FixtureRequest, certificates: Certificates, transport: str
) -> None:
    tls = certificates.server_context() if transport == "tls" else None
    context = certificates.client_context()
    script: Any = [lambda connection: threading.Event().wait(0)]
    with scripted_server(script, tls=tls, unix=transport == "unix") as server:

        def connect() -> NetworkStream:
            if transport == "unix":
                return SyncBackend().connect_unix_socket(server.unix_socket, TIMEOUT)
            stream = SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
            return stream.start_tls(context, "localhost", TIMEOUT) if tls else stream

        def connect_and_close() -> None:
            connect().close()

        hit = True
        if sys.version_info < (3, 11):
            gc.collect()
            gc.freeze()  # a collection takes next to no time
            request.addfinalizer(gc.unfreeze)
        for step in steps():
            if not hit:
                break
            # A socket that was interrupted while it was made causes a warning, but does not stay open.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                hit = interrupted_at(step, connect_and_close)
                if sys.version_info < (3, 11):
                    gc.collect()  # tracing keeps a copy of the locals of frames, also of exceptions that were deleted
            server.wait_closed()
            assert server.open_connections == 0
    assert step > 10


@pytest.mark.fault("P9")
def test_stream_works_after_an_interrupted_wait(connect: Connect) -> None:
    go_on = threading.Event()

    def interrupt(*_: Any) -> bool:
        raise Interrupted

    with connect([lambda connection: connection.wait(go_on), send(b"data")]) as stream:
        with pytest.raises(ReadTimeout):
            stream.read(100, 0.01)
        readiness = stream._readiness  # type: ignore[attr-defined]
        stream._readiness = type("", (), {"is_readable": interrupt})()  # type: ignore[attr-defined]
        with pytest.raises(Interrupted):
            stream.read(100, TIMEOUT)
        stream._readiness = readiness  # type: ignore[attr-defined]
        go_on.set()
        assert stream.read(100, TIMEOUT) == b"data"


@pytest.mark.fault("P9")
def test_interrupted_wait_for_an_event_wakes_other_waiters() -> None:
    event = Event()
    gate: Any = event._gate
    waits, passed = threading.Event(), threading.Event()

    class Gate:
        """Lets this thread pass first, and interrupts it at that moment."""

        release = staticmethod(gate.release)

        def acquire(self, timeout: float) -> bool:
            if threading.current_thread() is threading.main_thread():
                event.set()
                assert gate.acquire(timeout=TIMEOUT)
                passed.set()
                raise Interrupted
            waits.set()
            assert passed.wait(TIMEOUT)
            return bool(gate.acquire(timeout=timeout))

    event._gate = Gate()  # type: ignore[assignment]
    with Background() as background:
        other = background.start(event.wait)
        assert waits.wait(TIMEOUT)
        with pytest.raises(Interrupted):
            event.wait()
        assert other.result()
