"""`ForkLock`: held by a thread while another one forks."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpcore_models.concurrency import ForkLock, importing
from httpcore_models.network._resolving import system

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@contextmanager
def held_elsewhere(lock: ForkLock, go_on: threading.Event) -> Iterator[None]:
    """Hold `lock` in another thread until `go_on` is set."""
    held = threading.Event()

    def hold() -> None:
        with lock.lock:
            held.set()
            go_on.wait(30.0)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10.0)
    try:
        yield
    finally:
        go_on.set()
        thread.join()


def is_free_in_the_child(lock: ForkLock) -> bool:
    child = os.fork()
    if not child:
        free = False
        try:
            free = lock.lock.acquire(timeout=0.0)
        finally:
            os._exit(0 if free else 1)
    return os.waitpid(child, 0)[1] == 0


def test_the_child_does_not_find_it_locked() -> None:
    lock = ForkLock(fork_timeout=0.01)
    with held_elsewhere(lock, threading.Event()):
        assert is_free_in_the_child(lock)
    with lock.lock:
        assert is_free_in_the_child(lock)
    assert is_free_in_the_child(lock)


def test_a_fork_waits_for_another_thread() -> None:
    lock, go_on = ForkLock(fork_timeout=30.0), threading.Event()
    with held_elsewhere(lock, go_on):
        timer = threading.Timer(0.05, go_on.set)
        timer.start()
        assert is_free_in_the_child(lock)
        assert go_on.is_set()
        timer.join()


class SlowImport:
    """Finds no module, and takes its time for one of them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.begun, self.go_on = threading.Event(), threading.Event()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == self.name:
            self.begun.set()
            self.go_on.wait(30.0)


def test_a_fork_waits_for_an_import_of_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first name that is resolved needs a codec. Its module would stay half imported in the child, and locked."""
    slow = SlowImport("encodings.idna")
    monkeypatch.delitem(sys.modules, slow.name, raising=False)
    monkeypatch.setattr(sys, "meta_path", [slow, *sys.meta_path])
    monkeypatch.setattr(importing, "fork_timeout", 30.0)
    system._load_codec.cache_clear()
    thread = threading.Thread(target=system.look_up, args=("localhost", 80))
    thread.start()
    assert slow.begun.wait(10.0)
    timer = threading.Timer(0.05, slow.go_on.set)
    timer.start()
    child = os.fork()
    if not child:
        watchdog = threading.Timer(10.0, os._exit, [2])
        watchdog.start()
        try:
            import encodings.idna  # noqa: F401

            os._exit(0)
        finally:
            os._exit(1)
    thread.join()
    timer.join()
    assert os.waitpid(child, 0)[1] == 0


def test_the_parent_can_use_it_afterwards() -> None:
    lock = ForkLock()
    assert is_free_in_the_child(lock)
    free: list[bool] = []
    thread = threading.Thread(target=lambda: free.append(lock.lock.acquire(timeout=0.0)))
    thread.start()
    thread.join()
    assert free == [True]


def test_it_is_reentrant() -> None:
    lock = ForkLock()
    with lock.lock, lock.lock:
        pass
