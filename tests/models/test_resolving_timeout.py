"""Resolvers that do not answer: nobody waits for them longer than the limit, nor than the caller wants to."""

import contextvars
import os
import socket
import subprocess
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from typing import Any

import anyio
import pytest
import trio
from httpcore_models import (
    AsyncCachingResolver,
    AutoBackend,
    CachingResolver,
    ConnectError,
    ConnectTimeout,
    SyncBackend,
)
from httpcore_models.network import async_resolve, resolve
from httpcore_models.network._resolving import finding
from httpcore_test_support.interpreters import COUNTS_REFERENCES
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold
from httpcore_test_support.waiting import wait_until


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The hosts that the resolver of the system was asked for. It answers when the test is over."""
    asked: list[str] = []
    over = threading.Event()
    threads = threading.active_count()

    def look_up(host: str, port: int) -> Any:
        asked.append(host)
        over.wait(60)
        raise OSError("too late")

    monkeypatch.setattr(finding, "look_up", look_up)
    yield asked
    over.set()
    wait_until(lambda: threading.active_count() <= threads)
    wait_until(lambda: not finding._left_behind and not finding._left_behind_in_resolvers)


def test_limit_covers_the_resolver_of_the_system(silent: list[str]) -> None:
    with pytest.raises(ConnectTimeout, match=r"^Connect timed out after 0\.05 seconds \(example\.org:80\)$"):
        SyncBackend().connect_tcp("example.org", 80, 0.05)
    assert silent == ["example.org"]


@pytest.mark.parametrize("timeout", [None, 10.0])
def test_coroutine_function_as_the_resolver_of_sync_code_is_refused(timeout: float | None) -> None:
    # A coroutine that was never awaited would cause a warning, which fails the test.
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    wrong: Any = resolver
    text = r"^the resolver of a sync backend must be a plain function, but got a coroutine function\.$"
    for each in (wrong, CachingResolver(wrong)):
        with pytest.raises(TypeError, match=text):
            SyncBackend(resolver=each).connect_tcp("example.org", 80, timeout)


def test_limit_covers_names_resolved_for_a_proxy(silent: list[str]) -> None:
    with pytest.raises(ConnectTimeout, match=r"^Name resolution timed out after 0\.05 seconds \(example\.org\)$"):
        resolve("example.org", 0.05)
    assert silent == ["example.org"]


def test_limit_covers_a_resolver_in_threads(silent: list[str]) -> None:
    def resolver(host: str, port: int) -> Sequence[str]:
        finding.look_up(host, port)
        return ["127.0.0.1"]

    with pytest.raises(ConnectTimeout, match=r"^Connect timed out after 0\.05 seconds \(example\.org:80\)$"):
        SyncBackend(resolver=resolver).connect_tcp("example.org", 80, 0.05)
    assert silent == ["example.org"]


def test_resolver_in_threads_has_the_context_of_its_caller() -> None:
    variable = contextvars.ContextVar("variable", default="")
    variable.set("of the caller")
    seen: list[str] = []

    def resolver(host: str, port: int) -> Sequence[str]:
        seen.append(variable.get())
        return ["127.0.0.1"]

    with scripted_server([hold()] * 2) as server:
        for timeout in (None, 10.0):
            SyncBackend(resolver=resolver).connect_tcp("example.org", server.port, timeout).close()
    assert seen == ["of the caller"] * 2


def test_resolver_of_the_system_has_the_context_of_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    # Audit hooks run in the thread of the resolver, and may decide by the context.
    variable = contextvars.ContextVar("variable", default="")
    variable.set("of the caller")
    seen: list[str] = []
    original = finding.look_up

    def look_up(host: str, port: int) -> Any:
        seen.append(variable.get())
        return original(host, port)

    monkeypatch.setattr(finding, "look_up", look_up)
    with scripted_server([hold()]) as server:
        SyncBackend().connect_tcp("localhost", server.port, 10.0).close()
    assert seen == ["of the caller"]


def test_number_of_threads_left_behind_is_limited(silent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # A program tries again and again, with a short limit, while no name server answers.
    for _ in range(finding._MOST_LEFT_BEHIND):
        with pytest.raises(ConnectTimeout):
            SyncBackend().connect_tcp("example.org", 80, 0.001)
    asked_in: list[threading.Thread] = []

    def look_up(host: str, port: int) -> Any:
        asked_in.append(threading.current_thread())
        raise OSError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(finding, "look_up", look_up)
        with pytest.raises(ConnectError, match="no answer"):
            SyncBackend().connect_tcp("example.org", 80, 10.0)
    assert asked_in == [threading.current_thread()]


def test_number_of_threads_left_behind_in_resolvers_of_users_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    # They may never return, so the caller does not ask them in its own thread.
    monkeypatch.setattr(finding, "_MOST_LEFT_BEHIND", 2)
    over = threading.Event()
    asked: list[str] = []

    def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        assert over.wait(60)
        return []

    backend, late = SyncBackend(resolver=resolver), r"^Connect timed out after 0\.05 seconds"
    for number in range(5):
        with pytest.raises(ConnectTimeout, match=late):
            backend.connect_tcp(f"{number}.example.org", 80, 0.05)
    assert asked == ["0.example.org", "1.example.org"]
    threading.Timer(0.05, over.set).start()
    with pytest.raises(ConnectError, match="knows no address"):
        backend.connect_tcp("later.example.org", 80, 10.0)
    wait_until(lambda: not finding._left_behind_in_resolvers)


def test_resolvers_that_hang_leave_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "_MOST_LEFT_BEHIND", 2)
    over = threading.Event()

    def silent(host: str, port: int) -> Sequence[str]:
        over.wait(60)
        return []

    def silent_too(host: str, port: int) -> Sequence[str]:
        return silent(host, port)

    def answering(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    def ask() -> None:
        with pytest.raises(ConnectTimeout):
            SyncBackend(resolver=silent).connect_tcp("example.org", 80, 0.1)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(finding._left_behind_in_resolvers) == 5
    with scripted_server([hold()]) as server:
        SyncBackend(resolver=answering).connect_tcp("example.org", server.port, 10.0).close()
    # But so many different ones are too many.
    for number in range(5):
        with pytest.raises(ConnectTimeout):
            SyncBackend(resolver=lambda host, port: silent_too(host, port)).connect_tcp("example.org", number + 1, 0.01)
    assert len(finding._left_behind_in_resolvers) == 6
    over.set()
    wait_until(lambda: not finding._left_behind_in_resolvers)


def test_threads_that_have_ended_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(finding, "look_up", lambda host, port: over.wait(60))
    with pytest.raises(ConnectTimeout):
        SyncBackend().connect_tcp("example.org", 80, 0.001)
    assert len(finding._left_behind) == 1
    over.set()
    wait_until(lambda: not finding._left_behind)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_forgets_the_threads_left_behind(silent: list[str]) -> None:
    with pytest.raises(ConnectTimeout):
        SyncBackend().connect_tcp("example.org", 80, 0.001)
    with pytest.raises(ConnectTimeout):
        SyncBackend(resolver=finding.look_up).connect_tcp("example.org", 80, 0.001)
    assert finding._left_behind
    assert finding._left_behind_in_resolvers
    process = os.fork()
    if process == 0:
        os._exit(len(finding._left_behind) + len(finding._left_behind_in_resolvers))
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


AT_THE_END = """
import encodings.idna, socket, sys
from httpcore_models import SyncBackend

listener = socket.create_server(("127.0.0.1", 0))
socket.getaddrinfo("localhost", 80)  # what it needs is not imported any more when the interpreter ends

class Last:
    backend, listener, out, is_finalizing = SyncBackend(), listener, sys.stdout, sys.is_finalizing
    resolving = SyncBackend(resolver=lambda host, port: ["127.0.0.1"])

    def __del__(self):
        for backend in (self.backend, self.resolving):
            stream = backend.connect_tcp("localhost", self.listener.getsockname()[1], timeout=30.0)
            stream.close()
            self.out.write(f"connected {self.is_finalizing()}\\n")

sys.modules["last"] = Last()
del listener
"""


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="no finaliser runs when PyPy ends")
def test_names_are_resolved_while_the_interpreter_ends() -> None:
    # Before Python 3.12, a thread that is started then never runs: waiting for it would take the whole limit.
    ended = subprocess.run([sys.executable, "-c", AT_THE_END], capture_output=True, text=True, timeout=20, check=False)
    assert (ended.stdout, ended.stderr) == ("connected True\n" * 2, "")


def test_without_threads_the_caller_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(*arguments: Any, **options: Any) -> threading.Thread:
        raise RuntimeError("can't start new thread")

    with scripted_server([hold()] * 2) as server:
        with monkeypatch.context() as patch:
            patch.setattr(finding, "threading", types.SimpleNamespace(Thread=make))
            patch.setattr(finding, "_thread", types.SimpleNamespace(start_new_thread=make))
            backend = SyncBackend(resolver=lambda host, port: ["127.0.0.1"])
            streams = [backend.connect_tcp("a.example", server.port, 10.0)]
            streams.append(SyncBackend().connect_tcp("localhost", server.port, 10.0))
        for stream in streams:
            stream.close()


@pytest.mark.parametrize("backend", [SyncBackend(), SyncBackend(resolver=lambda host, port: ["127.0.0.1"])])
def test_errors_of_signal_handlers_while_the_thread_starts(
    backend: SyncBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(*arguments: Any, **options: Any) -> threading.Thread:
        raise RuntimeError("the alarm has rung")  # a handler may run anywhere, and programs raise any error in it

    with monkeypatch.context() as patch:
        patch.setattr(finding, "threading", types.SimpleNamespace(Thread=make))
        patch.setattr(finding, "_thread", types.SimpleNamespace(start_new_thread=make))
        with pytest.raises(RuntimeError, match="the alarm has rung"):
            backend.connect_tcp("localhost", 80, 10.0)


@pytest.mark.parametrize("fails", [False, True])
def test_signal_handlers_do_not_run_while_the_thread_of_a_resolver_starts(
    fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An exception from one would break the wait of `Thread.start()`: the caller would get another exception.
    started_in: list[int] = []
    original = threading.Thread.start

    def start(self: threading.Thread) -> None:
        if self.name == "httpcore-resolver":
            started_in.append(threading.get_ident())
            if fails:
                raise RuntimeError("can't start new thread")
        original(self)

    with scripted_server([hold()]) as server, monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        SyncBackend(resolver=lambda host, port: ["127.0.0.1"]).connect_tcp("a.example", server.port, 10.0).close()
    assert len(started_in) == 1
    assert started_in[0] != threading.main_thread().ident


def test_a_resolver_in_another_thread_than_the_main_one() -> None:
    streams = []
    with scripted_server([hold()]) as server:
        backend = SyncBackend(resolver=lambda host, port: ["127.0.0.1"])
        thread = threading.Thread(target=lambda: streams.append(backend.connect_tcp("a.example", server.port, 10.0)))
        thread.start()
        thread.join()
        streams[0].close()


def test_no_thread_is_started_without_need(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(*arguments: Any, **options: Any) -> threading.Thread:
        raise AssertionError("a thread")

    caching = CachingResolver(lambda host, port: ["127.0.0.1"])
    with scripted_server([hold()] * 5) as server:
        caching("a.example", server.port)
        with monkeypatch.context() as patch:
            patch.setattr(finding, "threading", types.SimpleNamespace(Thread=make))
            patch.setattr(finding, "_thread", types.SimpleNamespace(start_new_thread=make))
            streams = [SyncBackend().connect_tcp("127.0.0.1", server.port, 10.0)]
            streams.append(SyncBackend().connect_tcp("localhost", server.port))
            streams.append(SyncBackend(resolver=lambda host, port: ["127.0.0.1"]).connect_tcp("a.example", server.port))
            streams.append(SyncBackend(resolver=caching).connect_tcp("a.example", server.port, 10.0))
            original = socket.getaddrinfo
            # A replacement, of green threads for example, may depend on the thread.
            patch.setattr(socket, "getaddrinfo", lambda *arguments: original(*arguments))
            streams.append(SyncBackend().connect_tcp("localhost", server.port, 10.0))
        for stream in streams:
            stream.close()


@pytest.mark.anyio
async def test_unresponsive_resolver_raises_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*arguments: Any, **options: Any) -> list[Any]:
        await anyio.sleep_forever()
        raise AssertionError("unreachable")

    monkeypatch.setattr(anyio, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(trio.socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(ConnectTimeout, match=r"^Name resolution timed out after 0\.05 seconds \(example\.com\)$"):
        await async_resolve("example.com", 0.05)


@pytest.mark.anyio
async def test_limit_covers_a_resolver_in_tasks() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        await anyio.sleep_forever()
        raise AssertionError("unreachable")

    with pytest.raises(ConnectTimeout, match=r"^Connect timed out after 0\.05 seconds \(example\.org:80\)$"):
        await AutoBackend(resolver=resolver).connect_tcp("example.org", 80, 0.05)


@pytest.mark.anyio
async def test_cancelling_interrupts_a_resolver() -> None:
    interrupted: list[str] = []
    asked = anyio.Event()

    async def resolver(host: str, port: int) -> Sequence[str]:
        asked.set()
        try:
            await anyio.sleep_forever()
        finally:
            interrupted.append(host)
        raise AssertionError("unreachable")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(AutoBackend(resolver=resolver).connect_tcp, "example.org", 80, 60.0)
        await asked.wait()
        tasks.cancel_scope.cancel()
    assert interrupted == ["example.org"]


@pytest.mark.anyio
async def test_cancelling_does_not_wait_for_the_resolver_of_the_system(
    monkeypatch: pytest.MonkeyPatch, anyio_backend_name: str, anyio_backend_options: dict[str, Any]
) -> None:
    if anyio_backend_options.get("use_uvloop"):
        pytest.skip("uvloop resolves with functions of C, in threads of its own")
    asked, over = threading.Event(), threading.Event()

    def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        if flags & socket.AI_NUMERICHOST:  # trio looks first whether it is an address
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        asked.set()
        over.wait(60)
        raise OSError("too late")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(AutoBackend().connect_tcp, "example.org", 80, 60.0)
        while not asked.is_set():
            await anyio.sleep(0.001)
        tasks.cancel_scope.cancel()
    assert not over.is_set()
    over.set()


@pytest.mark.anyio
async def test_if_the_one_who_asks_is_cancelled_the_next_one_asks() -> None:
    questions: list[str] = []
    answers: list[Sequence[str]] = []

    async def upstream(host: str, port: int) -> Sequence[str]:
        questions.append(host)
        if len(questions) == 1:
            await anyio.sleep_forever()
        return ["127.0.0.1"]

    resolver = AsyncCachingResolver(upstream)

    async def ask() -> None:
        answers.append(await resolver("example.org", 80))

    async with anyio.create_task_group() as tasks, anyio.create_task_group() as first:
        first.start_soon(ask)
        while not questions:
            await anyio.sleep(0)
        tasks.start_soon(ask)
        tasks.start_soon(ask)
        await anyio.sleep(0.01)
        assert len(questions) == 1
        first.cancel_scope.cancel()
    assert [list(answer) for answer in answers] == [["127.0.0.1"]] * 2
    assert len(questions) == 2
