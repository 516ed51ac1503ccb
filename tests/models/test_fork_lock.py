"""`ForkLock`: held by a thread while another one forks."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from httpcore_models.concurrency import ForkLock

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
