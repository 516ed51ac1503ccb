"""Recorded pools that are copied, and recorders in forked processes."""

import copy
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpcore
import pytest
from httpcore_test_support.recording import RecordingBackend
from httpcore_trace import RecordedPool, Recorder, _lifecycle, otel

URL = "http://example.com/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def recorded(recorder: Recorder) -> RecordedPool:
    return recorder.pool(httpcore.ConnectionPool(network_backend=RecordingBackend([OK])))


def test_a_shallow_copy_sends_through_the_same_pool() -> None:
    recorder = Recorder()
    with recorded(recorder) as pool:
        other = copy.copy(pool)
        assert type(other) is RecordedPool
        assert other.request("GET", URL).status == 200
        assert other.connections == pool.connections != []
        assert recorder.pool(other) is other
    assert len(recorder.requests) == 1


@pytest.mark.filterwarnings("ignore:Pickle, copy, and deepcopy support:DeprecationWarning")  # of itertools, until 3.14
def test_what_cannot_be_copied_says_so() -> None:
    with recorded(Recorder()) as pool:
        for function in (copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="cannot pickle"):
                function(pool)


def test_an_object_without_attributes() -> None:
    empty = object.__new__(RecordedPool)
    for name in ("_pool", "connections", "__deepcopy__"):
        with pytest.raises(AttributeError):
            getattr(empty, name)


@contextmanager
def held_elsewhere(lock: threading.RLock) -> Iterator[None]:
    """Hold `lock` in another thread, which does not exist in a child process."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait(30.0)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10.0)
    try:
        yield
    finally:
        done.set()
        thread.join()


def child_ends_well(function: Callable[[], bool]) -> bool:
    """Return whether `function()` returns true in a child process and does not hang."""
    child = os.fork()
    if not child:
        works = False
        watchdog = threading.Timer(10.0, os._exit, [2])
        watchdog.start()
        try:
            works = function()
        finally:
            os._exit(0 if works else 1)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
class TestFork:
    def test_a_recorder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_lifecycle.LOCK, "fork_timeout", 0.01)
        recorder = Recorder()
        pool = recorded(recorder)

        def record() -> bool:
            return pool.request("GET", URL).status == 200 and len(recorder.requests) == 1

        with held_elsewhere(_lifecycle.LOCK.lock):
            assert child_ends_well(record)
        pool.close()

    def test_metrics(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(otel._LOCK, "fork_timeout", 0.01)
        metrics = otel.ClientMetrics()
        pool = httpcore.ConnectionPool()

        def watch() -> bool:
            metrics.watch(pool)
            return True

        with held_elsewhere(otel._LOCK.lock):
            assert child_ends_well(watch)
        pool.close()
