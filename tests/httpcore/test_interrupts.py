"""Exceptions from signal handlers, which run where the interpreter checks for signals: at calls and backward jumps.

Each scenario runs once to find these points, and then once more for each of them, interrupted there. Afterwards the
pool must be intact: all slots are free, no request waits, and closed connections have closed their sockets.
"""

from __future__ import annotations

import dis
import gc
import signal
import ssl
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import CodeType, FrameType
from typing import Any

import pytest
from httpcore import ConnectionEvent, ConnectionPool, MockBackend, NetworkStream, PoolTimeout, Request, Response, _ssl
from httpcore_test_support.interrupting import Interrupted
from httpcore_test_support.library_code import is_library_code
from httpcore_test_support.pool_invariants import check_invariants

# Longer than for other tests: from Python 3.12 on, tracing is several times as slow.
pytestmark = [pytest.mark.fault("P9"), pytest.mark.timeout(300)]

RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SIZE = 2
NO_WAIT = {"timeout": {"pool": 0.0}}

Point = tuple[CodeType, int, int]


class Stream(NetworkStream):
    def __init__(self) -> None:
        self.closed = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return RESPONSE

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def get_extra_info(self, info: str) -> Any:
        return None


class Backend(MockBackend):
    def __init__(self) -> None:
        super().__init__([])
        self.streams: list[weakref.ref[Stream]] = []

    def connect_tcp(self, *args: Any, **kwargs: Any) -> NetworkStream:
        stream = Stream()
        self.streams.append(weakref.ref(stream))
        return stream

    def open_streams(self) -> int:
        return sum(stream is not None and not stream.closed for stream in [ref() for ref in self.streams])


def is_of_the_pool(code: CodeType) -> bool:
    return is_library_code(code, "httpcore", "httpcore_models.concurrency")


def looks_for_signals(code: CodeType) -> set[int]:
    """Return the offsets before which CPython may run a handler: at the start, after calls, after backward jumps."""
    offsets, before = set(), "RESUME"
    for instruction in dis.get_instructions(code):
        if before.startswith(("CALL", "RESUME", "JUMP_BACKWARD", "JUMP_ABSOLUTE")):
            offsets.add(instruction.offset)
        before = instruction.opname
    return offsets


class Tracer:
    """Records the points that are passed, or raises at one of them."""

    def __init__(self, watched: Callable[[CodeType], bool], raise_at: Point | None = None) -> None:
        self._watched = watched
        self.points: dict[Point, None] = {}
        self.raised = False
        self.raise_at = raise_at
        self._offsets: dict[CodeType, set[int]] = {}
        self._passed: dict[tuple[CodeType, int], int] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        previous = sys.gettrace()
        # Python 3.12 traces instructions only if some frame asked for it before the trace function was set.
        sys._getframe().f_trace_opcodes = True
        sys.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(previous)

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if not self._watched(code):
            return None
        # Without lines, Python 3.12 and later trace instructions only from the next call of the code on.
        frame.f_trace_opcodes, frame.f_trace_lines = True, sys.version_info >= (3, 12)
        if event == "opcode" and not self.raised:
            if code not in self._offsets:
                self._offsets[code] = looks_for_signals(code)
            if frame.f_lasti in self._offsets[code]:
                self._pass((code, frame.f_lasti))
        return self._trace

    def _pass(self, where: tuple[CodeType, int]) -> None:
        # A point that is passed repeatedly, for example for each connection, is tested the first times only.
        times = self._passed[where] = self._passed.get(where, 0) + 1
        if times > (2 if is_of_the_pool(where[0]) else 1):
            return
        point = (*where, times)
        self.points[point] = None
        if point == self.raise_at:
            self.raised = True
            raise Interrupted


class Clock:
    """A clock that only the scenario moves, so that every run of a scenario passes the same points."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scenario:
    """A pool prepared for `run()`, and the code in which `run()` is interrupted."""

    watched = staticmethod(is_of_the_pool)
    clock = Clock()

    def __init__(self) -> None:
        self.backend = Backend()
        self.pool = ConnectionPool(max_connections=SIZE, network_backend=self.backend)
        self.held: list[Response] = []

    def get(self) -> None:
        assert self.pool.request("GET", "http://a/").content == b"hello"

    def hold(self, count: int) -> None:
        for _ in range(count):
            self.held.append(self.pool.handle_request(Request("GET", "http://a/", headers={"Host": "a"})))

    def prepare(self) -> None:
        """Prepare, without being interrupted."""

    def run(self) -> None:
        """Do what is interrupted."""
        self.get()

    def finish(self) -> None:
        """Finish, without being interrupted, as other threads do."""
        while self.held:
            self.held.pop().close()

    def check_closed(self) -> None:
        """Check what is left when the pool is closed."""


class Cold(Scenario):
    """The first request to an origin."""

    watched = staticmethod(is_library_code)


class Warm(Scenario):
    """A request over a connection that has just been used."""

    watched = staticmethod(is_library_code)

    def prepare(self) -> None:
        self.get()


class Idle(Warm):
    """A request over a connection that was idle for so long that its socket is checked first."""

    def prepare(self) -> None:
        self.get()
        self.clock.now += 1.0


class Evicting(Scenario):
    """A request that takes the slot of an idle connection to another origin."""

    def prepare(self) -> None:
        for _ in range(SIZE):
            with self.pool.stream("GET", "http://b/"), self.pool.stream("GET", "http://b/"):
                pass


class PartlyRead(Scenario):
    """A response that is closed before its end."""

    watched = staticmethod(is_library_code)

    def run(self) -> None:
        with self.pool.stream("GET", "http://a/"):
            pass


class Dropped(Scenario):
    """A response that is dropped without being closed."""

    def run(self) -> None:
        self.hold(1)
        self.held.clear()
        self.get()


class GivingUp(Scenario):
    """A request that waits until it times out."""

    def prepare(self) -> None:
        self.hold(SIZE)

    def run(self) -> None:
        with suppress(PoolTimeout):
            self.pool.request("GET", "http://a/", extensions=NO_WAIT)


class HandingOver(Scenario):
    """A response that ends while others wait for its slot, in other threads."""

    def prepare(self) -> None:
        self.hold(SIZE)
        self.threads = [threading.Thread(target=self.wait) for _ in range(2)]
        for thread in self.threads:
            thread.start()
        while self.pool.stats().requests_queued < len(self.threads):
            pass

    def wait(self) -> None:
        self.pool.request("GET", "http://a/", extensions={"timeout": {"pool": 20.0}})

    def run(self) -> None:
        self.held.pop().close()

    def finish(self) -> None:
        super().finish()
        for thread in self.threads:
            thread.join(10.0)
            assert not thread.is_alive(), "a request waits for ever"


class Closing(Scenario):
    """Closing the pool while responses are open."""

    def prepare(self) -> None:
        self.get()
        self.hold(SIZE)

    def run(self) -> None:
        self.pool.close()


class Expiring(Scenario):
    """Checking all idle connections."""

    def prepare(self) -> None:
        self.get()

    def run(self) -> None:
        self.pool.close_expired()
        assert self.pool.stats().requests_active == 0


class Reporting(Scenario):
    """The callback of the pool is told of a connection that is opened and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, int]] = []
        pool = ConnectionPool(max_connections=SIZE, network_backend=self.backend, on_connection=self.told)
        self.pool = pool

    def told(self, event: ConnectionEvent) -> None:
        self.events.append((event.kind, event.connection.id))

    def run(self) -> None:
        self.get()
        self.pool.close()

    def check_closed(self) -> None:
        opened = [number for kind, number in self.events if kind == "opened"]
        assert opened == list(dict.fromkeys(opened)), self.events
        for number in opened:
            assert [kind for kind, other in self.events if other == number] == ["opened", "closed"], self.events
        assert len(self.events) == 2 * len(opened), self.events


def interrupted(scenario: Scenario, tracer: Tracer) -> None:
    def run() -> None:
        with suppress(Interrupted), tracer.running():
            scenario.run()

    scenario.prepare()
    # In a thread of its own: from Python 3.12 on, no instructions are traced after a trace function has raised.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if sys.version_info < (3, 11):
        gc.collect()  # tracing keeps a copy of the locals of frames, also of exceptions that were deleted
    scenario.finish()


def check(scenario: Scenario) -> None:
    pool = scenario.pool
    stats = pool.stats()
    assert (stats.requests_active, stats.requests_queued, stats.connections_active) == (0, 0, 0), pool
    check_invariants(pool._shared.state)
    with ExitStack() as responses:
        for _ in range(SIZE):
            responses.enter_context(pool.stream("GET", "http://a/", extensions=NO_WAIT))
        assert pool.stats().requests_active == SIZE
        with pytest.raises(PoolTimeout):
            pool.request("GET", "http://a/", extensions=NO_WAIT)
    assert pool.request("GET", "http://b/", extensions=NO_WAIT).content == b"hello"
    check_invariants(pool._shared.state)
    pool.close()
    assert scenario.backend.open_streams() == 0
    assert pool.connections == []
    scenario.check_closed()


@pytest.mark.parametrize(
    "kind",
    [Cold, Warm, Idle, Evicting, PartlyRead, Dropped, GivingUp, HandingOver, Closing, Expiring, Reporting],
    ids=lambda kind: kind.__name__,
)
def test_exception_at_any_point_loses_nothing(kind: Callable[[], Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    # An exception within a finalizer is not raised, and an interrupted call may leave a response unclosed.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    monkeypatch.setattr(time, "monotonic", Scenario.clock)
    gc.collect()
    gc.disable()
    if sys.version_info < (3, 11):
        gc.freeze()  # a collection takes next to no time
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            check(kind())  # fill caches
            interrupted(kind(), Tracer(kind().watched))
            recording = Tracer(kind().watched)
            interrupted(kind(), recording)
            assert len(recording.points) > 10
            for point in recording.points:
                for _ in range(3):  # threads take turns, so not every run passes every point
                    scenario = kind()
                    tracer = Tracer(scenario.watched, point)
                    interrupted(scenario, tracer)
                    if tracer.raised:
                        break
                assert tracer.raised, point
                try:
                    check(scenario)
                except BaseException as exc:
                    code, offset, times = point
                    line = next(line for start, end, line in code.co_lines() if start <= offset < end)
                    raise AssertionError(f"interrupted at {code.co_filename}:{line}, time {times}") from exc
    finally:
        if sys.version_info < (3, 11):
            gc.unfreeze()
        gc.enable()


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs signals")
def test_a_signal_handler_needs_the_default_context_while_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    signals = iter([signal.SIGUSR1])
    in_handler = []

    def make() -> ssl.SSLContext:
        for number in signals:
            signal.raise_signal(number)
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(_ssl, "default_ssl_context", make)
    _ssl._context_offering.cache_clear()
    before = signal.signal(signal.SIGUSR1, lambda *args: in_handler.append(_ssl.shared_ssl_context(())))
    try:
        assert isinstance(_ssl.shared_ssl_context(()), ssl.SSLContext)
        assert isinstance(in_handler[0], ssl.SSLContext)
    finally:
        signal.signal(signal.SIGUSR1, before)
        _ssl._context_offering.cache_clear()
