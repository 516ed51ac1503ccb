"""Tasks that are cancelled while they wait for locks and events, and event loops that are told apart."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import anyio
import pytest
import trio
from httpcore_models.concurrency import (
    CLOCK_RESOLUTION,
    AsyncEvent,
    AsyncLock,
    AsyncShield,
    _events,
    anyio_or_trio,
    async_checkpoint_if_cancelled,
    current_async_library,
    require,
)
from httpcore_test_support.asyncs import BACKENDS, Backend, run_async
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio


async def hold(lock: AsyncLock, name: str, order: list[str]) -> None:
    async with lock:
        order.append(name)
        await anyio.sleep(0)


async def test_a_lock_goes_to_the_one_that_has_waited_longest() -> None:
    lock = AsyncLock()
    order: list[str] = []
    async with anyio.create_task_group() as tasks:
        async with lock:
            for name in "abcde":
                tasks.start_soon(hold, lock, name, order)
                await anyio.wait_all_tasks_blocked()
        # It is handed over: who comes now has to wait.
        await hold(lock, "late", order)
    assert order == ["a", "b", "c", "d", "e", "late"]


async def test_a_free_lock_is_taken_without_a_wait() -> None:
    # A coroutine that never waits ends with the first step.
    with pytest.raises(StopIteration):
        AsyncLock().__aenter__().send(None)


async def test_who_is_cancelled_while_waiting_leaves_the_queue() -> None:
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


async def test_who_is_cancelled_just_after_the_hand_over_passes_the_lock_on() -> None:
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
        # The lock is the first task's by now, which has not run since.
        scope.cancel()
    assert order[-1] == "next"
    assert not lock._locked
    assert not lock._waiting


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("anyio_backend", [BACKENDS["asyncio"], BACKENDS["uvloop"]], ids=["asyncio", "uvloop"])
async def test_a_task_of_asyncio_cancelled_just_after_the_hand_over_passes_the_lock_on(others: int) -> None:
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


async def test_who_is_cancelled_while_waiting_for_an_event_does_not_matter_to_it() -> None:
    event = AsyncEvent()
    with anyio.move_on_after(0.001) as scope:
        await event.wait(1000.0)
    assert scope.cancelled_caught
    event.set()
    assert await event.wait() is True


@pytest.mark.parametrize("anyio_backend", [BACKENDS["asyncio"]], ids=["asyncio"])
async def test_waits_that_are_over_are_forgotten() -> None:
    """At once, or once there are many where they were cancelled."""

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
        # How many there may be grows with those that wait, or each new one would have to look through all others.
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
    # With the first that is due, all that are over are.
    with anyio.CancelScope() as scope:
        scope.cancel()
        await AsyncEvent().wait(0.0)
    await async_wait_until(lambda: not timer._deadlines)


async def test_an_event_may_be_set_and_waited_for_in_time_at_once() -> None:
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


async def test_each_wait_ends_when_it_is_due_and_not_before() -> None:
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
async def test_the_waits_of_a_loop_have_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
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

    # One that is due earlier needs a timer of its own, which leaves the one before with nothing to do.
    async with anyio.create_task_group() as tasks:
        for timeout in (0.03, 0.02, 0.01):
            tasks.start_soon(wait, AsyncEvent(), timeout)
    assert len(set_timers) <= 6


def test_a_wait_ends_in_time_though_another_loop_ran_in_between() -> None:
    """Of two loops that take turns in a thread, each keeps its own deadlines."""
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


async def test_a_shield_keeps_cancellation_away_from_a_teardown() -> None:
    done = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        with AsyncShield():
            await anyio.sleep(0.001)
            done.append("teardown")
        await anyio.sleep(0.001)
        done.append("not reached")
    assert done == ["teardown"]


async def test_a_shield_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore_models.concurrency._cancellation.TEARDOWN_TIMEOUT", 0.01)
    reached = False
    with anyio.CancelScope() as scope:
        scope.cancel()
        with AsyncShield():
            await anyio.sleep_forever()
        reached = True
    assert reached


async def test_the_running_library_is_known(anyio_backend: Backend) -> None:
    assert current_async_library() == anyio_backend[0]


async def test_the_running_library_is_known_beside_a_trio_before_0_27(
    anyio_backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(trio.lowlevel, "in_trio_task", raising=False)
    assert current_async_library() == anyio_backend[0]


def test_outside_of_event_loops_there_is_no_library() -> None:
    with pytest.raises(RuntimeError, match=r"^unknown async library, or not in async context$"):
        current_async_library()
    with pytest.raises(RuntimeError, match=r"^unknown async library, or not in async context$"):
        AsyncEvent()


def test_without_asyncio_there_is_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "asyncio")
        patch.delitem(sys.modules, "trio")
        with pytest.raises(RuntimeError, match=r"^unknown async library, or not in async context$"):
            current_async_library()


def test_modules_are_required() -> None:
    assert isinstance(require("anyio", library="asyncio"), ModuleType)
    assert require("anyio", library="asyncio") is anyio


@pytest.mark.field(81)
def test_a_missing_module_is_told_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anyio", None)
    with pytest.raises(RuntimeError) as caught:
        require("anyio", library="trio")
    assert str(caught.value) == "Running with trio requires installation of 'httpcore[trio]'."
    assert isinstance(caught.value.__cause__, ImportError)


class TestCheckpoints:
    """What is cancelled or expired already does nothing more."""

    @pytest.mark.fault("P24")
    async def test_a_scope_that_is_cancelled(self) -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await async_checkpoint_if_cancelled()
            pytest.fail("went on")

    @pytest.mark.fault("P24")
    async def test_a_limit_that_is_over(self) -> None:
        with anyio.move_on_after(0):
            await async_checkpoint_if_cancelled()
            pytest.fail("went on")

    async def test_else_it_goes_on(self) -> None:
        await async_checkpoint_if_cancelled()


@pytest.mark.fault("P24")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_task_that_is_cancelled_after_its_first_turn_does_nothing_more(loop: str) -> None:
    steps = []

    async def go_on() -> None:
        steps.append("began")
        await async_checkpoint_if_cancelled()
        steps.append("went on")

    async def main() -> None:
        task = asyncio.create_task(go_on())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_async(loop, main)
    assert steps == ["began"]


@pytest.mark.fault("P24")
@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout() is new in Python 3.11")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_an_asyncio_timeout_of_zero_is_seen(loop: str) -> None:
    steps = []

    async def main() -> None:
        async with asyncio.timeout(0):
            steps.append("began")
            await async_checkpoint_if_cancelled()
            steps.append("went on")

    with pytest.raises(TimeoutError):
        run_async(loop, main)
    assert steps == ["began"]


class Interrupt(BaseException):
    """Not to be taken for an error."""


async def fail_and_wait(fail: Callable[[], Awaitable[None]]) -> None:
    async with anyio_or_trio().create_task_group() as tasks:
        tasks.start_soon(fail)
        await anyio.sleep_forever()


@pytest.mark.upgrade("1.2")
async def test_a_cancelled_group_of_tasks_raises_a_cancellation_and_no_group() -> None:
    async def cancel() -> None:
        scope.cancel()
        await anyio.sleep_forever()

    with anyio.CancelScope() as scope, pytest.raises(anyio.get_cancelled_exc_class()):
        await fail_and_wait(cancel)


@pytest.mark.upgrade("1.2")
async def test_a_group_of_tasks_raises_what_came_beside_cancellations() -> None:
    async def fail() -> None:
        raise Interrupt

    with pytest.raises(BaseException) as caught:  # noqa: PT011
        await fail_and_wait(fail)
    errors = getattr(caught.value, "exceptions", (caught.value,))
    assert [type(error) for error in errors] == [Interrupt]
