"""Behaviour of locks, events and shields that tasks and threads share."""

import pytest
from httpcore_models import AutoBackend
from httpcore_models.concurrency import AsyncEvent, AsyncLock, AsyncShield
from httpcore_test_support.waiting import async_at_once

pytestmark = pytest.mark.anyio


async def test_lock_has_one_holder_at_a_time() -> None:
    lock, inside, seen = AsyncLock(), [], []

    async def hold() -> None:
        async with lock:
            inside.append(1)
            await AutoBackend().sleep(0.001)
            seen.append(len(inside))
            inside.pop()

    await async_at_once(*[hold] * 5)
    assert seen == [1] * 5


async def test_exception_releases_the_lock() -> None:
    lock = AsyncLock()

    async def fail() -> None:
        async with lock:
            raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match=r"^no$"):
            await fail()


async def test_event_stays_set() -> None:
    event = AsyncEvent()
    assert not event.is_set()
    event.set()
    event.set()
    assert event.is_set()
    for timeout in (None, 0.0, 1000.0):
        assert await event.wait(timeout) is True


@pytest.mark.fault("T9")
@pytest.mark.parametrize("timeout", [0.0, 0.001, -1.0])
async def test_wait_for_an_event_times_out(timeout: float) -> None:
    event = AsyncEvent()
    assert await event.wait(timeout) is False
    assert not event.is_set()
    event.set()
    assert await event.wait(timeout) is True


@pytest.mark.fault("T9")
@pytest.mark.parametrize("timeout", [None, 1000.0, 1e18, float("inf")])
async def test_event_wakes_all_waiters(timeout: float | None) -> None:
    event = AsyncEvent()

    async def wait() -> bool:
        return await event.wait(timeout)

    async def wake() -> None:
        await AutoBackend().sleep(0.001)
        event.set()

    assert await async_at_once(wait, wait, wait, wake) == [True, True, True, None]


async def test_shield_lets_exceptions_pass() -> None:
    async def fail() -> None:
        with AsyncShield():
            raise ValueError("no")

    with pytest.raises(ValueError, match=r"^no$"):
        await fail()
