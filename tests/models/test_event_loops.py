"""Which event loop a connection belongs to, calls into it, and calls that can be cancelled from elsewhere."""

import asyncio
import threading
from collections.abc import Callable

import anyio
import pytest
import trio
from httpcore_models.concurrency import (
    AsyncCancellableCall,
    AsyncEvent,
    AsyncLoopAffinity,
    CancellableCall,
    LoopAffinity,
    async_event_loop_handle,
    call_soon_threadsafe,
    current_event_loop,
)
from httpcore_test_support.asyncs import Backend, run_async

pytestmark = pytest.mark.anyio


async def test_handle_is_equal_for_all_tasks_of_a_loop() -> None:
    handle = async_event_loop_handle()
    handles = []

    async def ask() -> None:
        handles.append(async_event_loop_handle())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
    assert handles == [handle]
    assert {handle: 1}[handles[0]] == 1
    assert handle is not None
    assert not handle.is_closed()


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_handle_differs_between_loops_and_knows_when_its_loop_has_ended(library: str) -> None:
    async def ask() -> object:
        return async_event_loop_handle()

    run: Callable[..., object] = trio.run if library == "trio" else lambda function: asyncio.run(function())
    first, second = run(ask), run(ask)
    assert first != second
    assert first.is_closed()  # type: ignore[attr-defined]


def test_outside_of_event_loops_there_is_no_handle() -> None:
    assert (async_event_loop_handle(), current_event_loop()) == (None, None)
    with pytest.raises(RuntimeError, match=r"^no event loop$"):
        call_soon_threadsafe(None, print)


async def test_affinity_tells_another_loop_from_its_own(anyio_backend: Backend) -> None:
    affinity = AsyncLoopAffinity()
    assert not affinity.is_other_loop()
    assert not LoopAffinity().is_other_loop()
    answers = []

    async def ask() -> None:
        answers.append(affinity.is_other_loop())

    def outside() -> None:
        answers.append(affinity.is_other_loop())
        asyncio.run(ask())
        trio.run(ask)

    thread = threading.Thread(target=outside)
    thread.start()
    thread.join()
    # Outside of event loops, as in a finaliser, nothing waits, and all is allowed.
    assert answers == [False, True, True]


def test_affinity_made_outside_of_event_loops_allows_all() -> None:
    affinity = AsyncLoopAffinity()

    async def ask() -> bool:
        return affinity.is_other_loop()

    assert not asyncio.run(ask())


async def test_another_thread_calls_into_the_loop() -> None:
    event, loop = AsyncEvent(), current_event_loop()
    thread = threading.Thread(target=call_soon_threadsafe, args=(loop, event.set))
    thread.start()
    assert await event.wait(10.0)
    thread.join()


async def test_cancellable_call_returns_the_result() -> None:
    async def add(one: int, two: int) -> int:
        await anyio.sleep(0)
        return one + two

    call = AsyncCancellableCall()
    assert await call.run(add, 1, 2) == 3
    call.cancel()
    await anyio.sleep(0.001)
    assert CancellableCall().run(int, "3") == 3
    CancellableCall().cancel()


async def wait_forever() -> str:
    await anyio.sleep_forever()
    return "not cancelled"


@pytest.mark.parametrize("before", [False, True])
async def test_another_thread_cancels_the_call_alone(before: bool) -> None:
    call = AsyncCancellableCall()
    thread = threading.Thread(target=call.cancel)
    if before:
        thread.start()
        thread.join()
        assert await call.run(wait_forever) is None
    else:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call.run, wait_forever)
            await anyio.wait_all_tasks_blocked()
            thread.start()
        thread.join()
    await anyio.sleep(0)


def test_cancellable_call_works_without_an_async_library() -> None:
    async def answer() -> int:
        return 42

    with pytest.raises(StopIteration) as caught:
        AsyncCancellableCall().run(answer).send(None)
    assert caught.value.value == 42


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_cancelling_a_call_after_its_loop_has_ended_has_no_effect(library: str) -> None:
    call = AsyncCancellableCall()

    async def main() -> None:
        await call.run(anyio.sleep, 0)

    run_async(library, main)
    call.cancel()
