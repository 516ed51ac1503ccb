"""Async locks, events and shields, and cancellation while tasks wait for them."""

import asyncio
import threading
import time
from typing import Any

import anyio
import pytest
from httpcore_models.concurrency import (
    CLOCK_RESOLUTION,
    AsyncEvent,
    AsyncLock,
    AsyncShield,
    _events,
)
from httpcore_test_support.asyncs import BACKENDS, run_async
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio


async def hold(lock: AsyncLock, name: str, order: list[str]) -> None:
    async with lock:
        order.append(name)
        await anyio.sleep(0)


async def test_lock_goes_to_the_task_that_has_waited_longest() -> None:
    lock = AsyncLock()
    order: list[str] = []
    async with anyio.create_task_group() as tasks:
        async with lock:
            for name in "abcde":
                tasks.start_soon(hold, lock, name, order)
                await anyio.wait_all_tasks_blocked()
        # The lock is handed over. A task that asks for it now has to wait.
        await hold(lock, "late", order)
    assert order == ["a", "b", "c", "d", "e", "late"]


async def test_taking_a_free_lock_does_not_wait() -> None:
    # A coroutine that never waits ends with the first step.
    with pytest.raises(StopIteration):
        AsyncLock().__aenter__().send(None)


async def test_cancelled_waiter_leaves_the_queue_of_a_lock() -> None:
    lock = AsyncLock()
    order: list[str] = []
    async with anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()

        async def cancelled() -> None:
            with scope:
                await hold(lock, "cancelled", order)

        async with lock:
            tasks.start_soon(cancelled)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(hold, lock, "next", order)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await anyio.wait_all_tasks_blocked()
    assert order == ["next"]
    assert not lock._locked
    assert not lock._waiting


async def test_waiter_cancelled_just_after_the_handover_passes_the_lock_on() -> None:
    lock = AsyncLock()
    order: list[str] = []
    async with anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()

        async def cancelled() -> None:
            with scope:
                await hold(lock, "cancelled", order)

        async with lock:
            tasks.start_soon(cancelled)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(hold, lock, "next", order)
            await anyio.wait_all_tasks_blocked()
        # The first task owns the lock by now, but has not run since.
        scope.cancel()
    assert order[-1] == "next"
    assert not lock._locked
    assert not lock._waiting


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("anyio_backend", [BACKENDS["asyncio"], BACKENDS["uvloop"]], ids=["asyncio", "uvloop"])
async def test_asyncio_task_cancelled_just_after_the_handover_passes_the_lock_on(others: int) -> None:
    lock = AsyncLock()
    order: list[str] = []
    async with lock:
        first = asyncio.create_task(hold(lock, "cancelled", order))
        rest = [asyncio.create_task(hold(lock, "next", order)) for _ in range(others)]
        await anyio.wait_all_tasks_blocked()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await asyncio.gather(*rest)
    assert order == ["next"] * others
    assert not lock._locked
    assert not lock._waiting


async def test_cancelling_one_waiter_leaves_event_usable() -> None:
    event = AsyncEvent()
    with anyio.move_on_after(0.001) as scope:
        await event.wait(1000.0)
    assert scope.cancelled_caught
    event.set()
    assert await event.wait() is True


@pytest.mark.parametrize("anyio_backend", [BACKENDS["asyncio"]], ids=["asyncio"])
async def test_finished_waits_are_removed() -> None:
    """Immediately, or, if they were cancelled, once there are many."""

    async def wait(event: AsyncEvent, timeout: float) -> None:
        await event.wait(timeout)

    events = [AsyncEvent() for _ in range(300)]
    async with anyio.create_task_group() as tasks:
        for number, event in enumerate(events):
            tasks.start_soon(wait, event, 1000.0 if number % 3 else 0.001)
        await asyncio.sleep(0)
        timer = _events._local.timer
        assert timer is not None
        assert len(timer._deadlines) == 300
        # The threshold grows with the number of waits. Otherwise each new wait would scan all others.
        assert timer._cleanup_at > 300
        await async_wait_until(lambda: len(timer._deadlines) == 200)
        for event in events:
            event.set()
        assert not timer._deadlines
    for _ in range(1000):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await AsyncEvent().wait(1000.0)
    assert len(timer._deadlines) <= 64
    # The first wait that is due takes all finished ones with it.
    with anyio.CancelScope() as scope:
        scope.cancel()
        await AsyncEvent().wait(0.0)
    await async_wait_until(lambda: not timer._deadlines)


async def test_event_works_after_a_wait_has_timed_out() -> None:
    event = AsyncEvent()
    results = []

    async def wait(timeout: float | None) -> None:
        results.append(await event.wait(timeout))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, 0.001)
        tasks.start_soon(wait, None)
        await async_wait_until(lambda: results)
        assert results == [False]
        event.set()
        event.set()
    assert results == [False, True]


async def test_each_wait_ends_at_its_deadline_and_not_before() -> None:
    event = AsyncEvent()
    ended = []

    async def wait(timeout: float) -> None:
        start = time.monotonic()
        ended.append((timeout, await event.wait(timeout)))
        assert event.is_set() or time.monotonic() - start > timeout - 2 * CLOCK_RESOLUTION

    async with anyio.create_task_group() as tasks:
        for timeout in (1000.0, 0.010, 0.0, 0.005, 0.020):
            tasks.start_soon(wait, timeout)
        await async_wait_until(lambda: len(ended) == 4)
        await wait(0.001)
        event.set()
    assert sorted(ended) == [
        (0.0, False),
        (0.001, False),
        (0.005, False),
        (0.010, False),
        (0.020, False),
        (1000.0, True),
    ]


@pytest.mark.parametrize("anyio_backend", [BACKENDS["asyncio"]], ids=["asyncio"])
async def test_waits_of_an_event_loop_share_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    set_timers: list[float] = []
    call_at = loop.call_at

    def count(when: float, *arguments: Any, **options: Any) -> asyncio.TimerHandle:
        set_timers.append(when)
        return call_at(when, *arguments, **options)

    monkeypatch.setattr(loop, "call_at", count)

    async def wait(event: AsyncEvent, timeout: float) -> None:
        await event.wait(timeout)

    events = []
    for _ in range(3):
        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                events.append(AsyncEvent())
                tasks.start_soon(wait, events[-1], 1000.0)
            await asyncio.sleep(0)
            for event in events:
                event.set()
    assert len(set_timers) == 1

    # A wait with an earlier deadline sets a new timer. The previous one has nothing to do when it fires.
    async with anyio.create_task_group() as tasks:
        for timeout in (0.03, 0.02, 0.01):
            tasks.start_soon(wait, AsyncEvent(), timeout)
    assert len(set_timers) <= 6


def test_wait_ends_in_time_after_another_event_loop_ran_in_between() -> None:
    """Two event loops that take turns in one thread keep their own deadlines."""
    loops = [asyncio.new_event_loop() for _ in range(2)]

    async def wait(timeout: float) -> bool:
        return await AsyncEvent().wait(timeout)

    first = loops[0].create_task(wait(0.002))
    loops[0].run_until_complete(asyncio.sleep(0))
    assert loops[1].run_until_complete(wait(0.001)) is False
    assert loops[0].run_until_complete(first) is False
    assert loops[0].run_until_complete(wait(0.001)) is False
    for loop in loops:
        loop.close()


async def test_another_thread_wakes_the_waiters() -> None:
    event = AsyncEvent()
    thread = threading.Thread(target=event.wake)
    thread.start()
    assert await event.wait(10.0)
    thread.join()
    event.wake()
    assert event.is_set()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_waking_after_the_event_loop_has_ended_has_no_effect(backend: str) -> None:
    async def make() -> AsyncEvent:
        return AsyncEvent()

    event = run_async(backend, make)
    event.wake()
    assert not event.is_set()


async def test_shield_protects_a_teardown_from_cancellation() -> None:
    done = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        with AsyncShield():
            await anyio.sleep(0.001)
            done.append("teardown")
        await anyio.sleep(10)
        done.append("not reached")
    assert done == ["teardown"]


async def test_shield_ends_after_the_teardown_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore_models.concurrency._cancellation.TEARDOWN_TIMEOUT", 0.01)
    reached = False
    with anyio.CancelScope() as scope:
        scope.cancel()
        with AsyncShield():
            await anyio.sleep_forever()
        reached = True
    assert reached
