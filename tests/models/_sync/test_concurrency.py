# Generated from ../_async/test_concurrency.py by tools/make_sync.py: edit that file, then run it.
"""Behaviour of locks, events and shields that threads share."""

import pytest
from httpcore_models import SyncBackend
from httpcore_models.concurrency import Event, Lock, Shield
from httpcore_test_support.waiting import at_once

pytestmark = pytest.mark.anyio


def test_lock_has_one_holder_at_a_time() -> None:
    lock, inside, seen = Lock(), [], []

    def hold() -> None:
        with lock:
            inside.append(1)
            SyncBackend().sleep(0.001)
            seen.append(len(inside))
            inside.pop()

    at_once(*[hold] * 5)
    assert seen == [1] * 5


def test_exception_releases_the_lock() -> None:
    lock = Lock()

    def fail() -> None:
        with lock:
            raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match=r"^no$"):
            fail()


def test_event_stays_set() -> None:
    event = Event()
    assert not event.is_set()
    event.set()
    event.set()
    assert event.is_set()
    for timeout in (None, 0.0, 1000.0):
        assert event.wait(timeout) is True


@pytest.mark.fault("T9")
@pytest.mark.parametrize("timeout", [0.0, 0.001, -1.0])
def test_wait_for_an_event_times_out(timeout: float) -> None:
    event = Event()
    assert event.wait(timeout) is False
    assert not event.is_set()
    event.set()
    assert event.wait(timeout) is True


@pytest.mark.fault("T9")
@pytest.mark.parametrize("timeout", [None, 1000.0, 1e18, float("inf")])
def test_event_wakes_all_waiters(timeout: float | None) -> None:
    event = Event()

    def wait() -> bool:
        return event.wait(timeout)

    def wake() -> None:
        SyncBackend().sleep(0.001)
        event.set()

    assert at_once(wait, wait, wait, wake) == [True, True, True, None]


def test_shield_lets_exceptions_pass() -> None:
    def fail() -> None:
        with Shield():
            raise ValueError("no")

    with pytest.raises(ValueError, match=r"^no$"):
        fail()
