"""The detection of the running async library, and what differs between the libraries: checkpoints and task groups."""

import asyncio
import gc
import sys
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
import trio
from httpcore_models.concurrency import (
    AsyncEvent,
    anyio_or_trio,
    async_checkpoint_if_cancelled,
    current_async_library,
    require_async_library,
)
from httpcore_test_support.asyncs import Backend, run_async
from httpcore_test_support.interpreters import COUNTS_REFERENCES

pytestmark = pytest.mark.anyio


async def test_running_library_is_detected(anyio_backend: Backend) -> None:
    assert current_async_library() == anyio_backend[0]


async def test_running_library_is_detected_with_a_trio_before_0_27(
    anyio_backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(trio.lowlevel, "in_trio_task", raising=False)
    assert current_async_library() == anyio_backend[0]


def test_outside_of_event_loops_no_library_is_detected() -> None:
    with pytest.raises(RuntimeError, match=r"^unknown async library, or not in async context$"):
        current_async_library()
    with pytest.raises(RuntimeError, match=r"^unknown async library, or not in async context$"):
        AsyncEvent()


def test_without_asyncio_no_library_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "asyncio")
        patch.delitem(sys.modules, "trio")
        with pytest.raises(RuntimeError, match=r"^unknown async library, or not in async context$"):
            current_async_library()
        with pytest.raises(RuntimeError, match=r"^unknown async library, or not in async context$"):
            AsyncEvent()


def test_require_async_library_returns_the_module() -> None:
    assert require_async_library("asyncio") is anyio
    assert require_async_library("trio") is trio


@pytest.mark.field(81)
def test_require_async_library_names_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anyio", None)
    with pytest.raises(RuntimeError) as caught:
        require_async_library("asyncio")
    assert str(caught.value) == "Running with asyncio requires installation of 'httpcore[asyncio]'."
    assert isinstance(caught.value.__cause__, ImportError)


class TestCheckpoints:
    """A task that is already cancelled, or whose timeout has expired, stops."""

    @pytest.mark.fault("P24")
    async def test_stops_in_a_cancelled_scope(self) -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await async_checkpoint_if_cancelled()
            pytest.fail("went on")

    @pytest.mark.fault("P24")
    async def test_stops_after_a_timeout_has_expired(self) -> None:
        with anyio.move_on_after(0):
            await async_checkpoint_if_cancelled()
            pytest.fail("went on")

    async def test_continues_otherwise(self) -> None:
        await async_checkpoint_if_cancelled()

    def test_continues_without_an_async_library(self) -> None:
        with pytest.raises(StopIteration):
            next(async_checkpoint_if_cancelled().__await__())


@pytest.mark.fault("P24")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_task_cancelled_in_its_first_turn_stops(loop: str) -> None:
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
def test_asyncio_timeout_of_zero_stops_the_task(loop: str) -> None:
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
    """An exception that is not an error."""


async def fail_and_wait(fail: Callable[[], Awaitable[None]]) -> None:
    async with anyio_or_trio().create_task_group() as tasks:
        tasks.start_soon(fail)
        await anyio.sleep_forever()


@pytest.mark.upgrade("1.2")
async def test_cancelled_task_group_raises_a_cancellation_and_no_group() -> None:
    async def cancel() -> None:
        scope.cancel()
        await anyio.sleep_forever()

    with anyio.CancelScope() as scope, pytest.raises(anyio.get_cancelled_exc_class()):
        await fail_and_wait(cancel)


@pytest.mark.upgrade("1.2")
async def test_task_group_raises_the_exception_that_is_no_cancellation() -> None:
    async def fail() -> None:
        raise Interrupt

    with pytest.raises(BaseException) as caught:  # noqa: PT011
        await fail_and_wait(fail)
    errors = getattr(caught.value, "exceptions", (caught.value,))
    assert [type(error) for error in errors] == [Interrupt]


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="only the collector frees objects")
def test_an_error_out_of_a_task_group_on_trio_leaves_no_reference_cycle() -> None:
    """Otherwise a cycle would keep what the functions on the way hold: requests, and their secrets."""

    class Odd(Exception):
        pass

    async def fail() -> None:
        raise Odd

    async def fail_in_group() -> Callable[[], Any]:
        try:
            async with anyio_or_trio().create_task_group() as tasks:
                tasks.start_soon(fail)
        except Odd as error:
            return weakref.ref(error)
        raise AssertionError("no exception")

    gc.collect()
    gc.disable()
    try:
        assert trio.run(fail_in_group)() is None
    finally:
        gc.enable()
