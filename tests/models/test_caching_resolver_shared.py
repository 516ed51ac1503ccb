"""Caching resolvers shared by threads, event loops and processes, and interrupted by signal handlers."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Sequence
from types import CodeType
from typing import Any

import pytest
from httpcore_models import AsyncCachingResolver, CachingResolver
from httpcore_test_support.interrupting import raised_at
from httpcore_test_support.library_code import is_library_code
from httpcore_test_support.waiting import at_once, wait_until


def is_waiting(thread: threading.Thread) -> bool:
    """Whether a thread waits for an event of ours, or has ended."""
    frame: Any = sys._current_frames().get(thread.ident or 0)
    return not thread.is_alive() or (frame is not None and frame.f_code.co_name == "wait")


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="knows the instructions of one version of Python")
@pytest.mark.parametrize("fails", [False, True])
def test_who_waits_goes_on_if_the_one_who_asks_is_interrupted_anywhere(fails: bool) -> None:
    def is_ours(code: CodeType) -> bool:
        # The only lambda is a finaliser: what one raises is reported, and does not end anything.
        return is_library_code(code, module) and code.co_name != "<lambda>"

    def run(step: int) -> bool:
        waiting: list[threading.Thread] = []
        answers: list[Sequence[str]] = []
        questions: list[str] = []

        def upstream(host: str, port: int) -> Sequence[str]:
            questions.append(host)
            if len(questions) == 1 and not is_over:
                thread = threading.Thread(target=wait_for_answer, daemon=True)
                waiting.append(thread)
                thread.start()
                wait_until(lambda: is_waiting(thread))
                if fails:
                    raise OSError("no answer")
            return ["127.0.0.1"]

        def wait_for_answer() -> None:
            try:
                answers.append(resolver("example.org", 80))
            except OSError:
                answers.append(["failed"])

        resolver = CachingResolver(upstream)

        def ask() -> None:
            try:
                resolver("example.org", 80)
            except OSError:
                assert fails

        is_over = False
        was_hit = raised_at(step, ask, is_ours)
        is_over = True
        for thread in waiting:
            thread.join(10)
            assert not thread.is_alive(), step
        assert len(answers) == len(waiting)
        assert list(resolver("example.org", 80)) == ["127.0.0.1"]
        asked = len(questions)
        resolver.clear()
        assert list(resolver("example.org", 80)) == ["127.0.0.1"]
        # What the interruption may have left behind is not taken for an answer.
        assert len(questions) == asked + 1
        assert resolver._questions == {}, step
        return was_hit

    module = "httpcore_models.network._sync.caching_resolver"
    step = 1
    while run(step):
        step += 1
    assert step > 10


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_asks_for_itself() -> None:
    """The thread that has asked in the parent does not exist in the child."""
    go_on, asked = threading.Event(), threading.Event()

    def upstream(host: str, port: int) -> Sequence[str]:
        if os.getpid() == parent:
            asked.set()
            assert go_on.wait(10)
            return ["127.0.0.1"]
        return ["127.0.0.2"]

    parent = os.getpid()
    resolver = CachingResolver(upstream)
    thread = threading.Thread(target=resolver, args=("example.org", 80))
    thread.start()
    assert asked.wait(10)
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if list(resolver("example.org", 80)) == ["127.0.0.2"] else 2
        finally:
            os._exit(code)
    deadline = time.monotonic() + 20
    status = (0, 0)
    while status[0] != child:
        assert time.monotonic() < deadline, "the child waits for the parent's thread"
        status = os.waitpid(child, os.WNOHANG)
    assert os.waitstatus_to_exitcode(status[1]) == 0
    go_on.set()
    thread.join()
    assert list(resolver("example.org", 80)) == ["127.0.0.1"]


def test_event_loops_in_threads_share_answers() -> None:
    questions: list[str] = []

    async def upstream(host: str, port: int) -> Sequence[str]:
        questions.append(host)
        await asyncio.sleep(0.001)
        return ["127.0.0.1"]

    resolver = AsyncCachingResolver(upstream, max_entries=3)

    async def ask() -> None:
        for number in range(30):
            answers = await asyncio.gather(*[resolver(f"{number % 5}.example", 80) for _ in range(5)])
            assert {tuple(answer) for answer in answers} == {("127.0.0.1",)}

    at_once(*[lambda: asyncio.run(ask())] * 4)
    assert resolver._questions == {}
    assert len(resolver._answers) <= 3 + 4  # each thread may be about to add one
    before = len(questions)

    async def ask_again() -> Sequence[str]:
        return await resolver("4.example", 80)

    assert list(asyncio.run(ask_again())) == ["127.0.0.1"]
    assert len(questions) == before
