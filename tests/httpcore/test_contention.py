"""Many tasks and threads share few connections while requests fail."""

import asyncio
import gc
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest
from httpcore import (
    AsyncConnectionPool,
    ConnectError,
    ConnectionPool,
    PoolTimeout,
    ReadError,
    RemoteProtocolError,
    Request,
    WriteError,
)
from httpcore._async.reservation import AsyncReservation
from httpcore._fork import _in_child
from httpcore._sync.reservation import Reservation
from httpcore_models.concurrency import AsyncEvent
from httpcore_test_support.interpreters import COUNTS_REFERENCES
from httpcore_test_support.scripted import Connection, Step, scripted_server
from httpcore_test_support.sockets import refusing_port
from httpcore_test_support.waiting import async_wait_until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
BROKEN = (ReadError, RemoteProtocolError, WriteError, ConnectError)


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        connection.send(OK)


def answer_mostly(chance: random.Random) -> Step:
    """Respond, but reset one connection in twenty before or within the response."""

    def answer(connection: Connection) -> None:
        while True:
            connection.receive_request()
            drawn = chance.random()
            if drawn < 0.05:
                connection.send(OK[: int(drawn * 1000)])
                connection.abort()
                return
            connection.send(OK)

    return answer


def in_threads(count: int, function: Callable[[], None]) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as exc:
            errors.append(exc)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def assert_at_rest(pool: ConnectionPool | AsyncConnectionPool) -> None:
    stats = pool.stats()
    assert (stats.requests_active, stats.requests_queued, stats.connections_active) == (0, 0, 0), pool


@pytest.mark.field(1)
@pytest.mark.anyio
async def test_bursts_of_cancelled_requests() -> None:
    """20 tasks on 10 connections, cancelled within 4 ms: nothing is left behind, and the next request is served."""
    with scripted_server(answer) as server:
        async with AsyncConnectionPool(max_connections=10) as pool:
            for burst in range(40):
                with anyio.move_on_after(burst % 9 / 2000):
                    async with anyio.create_task_group() as tasks:
                        for _ in range(20):
                            tasks.start_soon(pool.request, "GET", server.url)
                assert_at_rest(pool)
            assert (await pool.request("GET", server.url)).status == 200


@pytest.mark.anyio
async def test_random_cancellations_under_load(chance: random.Random) -> None:
    """40 tasks on 10 connections, some of them cancelled at random moments: the others are served."""
    with scripted_server(answer) as server:
        async with AsyncConnectionPool(max_connections=10) as pool:
            served = 0

            async def client() -> None:
                nonlocal served
                for _ in range(10):
                    with anyio.move_on_after(chance.choice([0.0005, 0.005, 5.0])):
                        await pool.request("GET", server.url)
                        served += 1

            async with anyio.create_task_group() as tasks:
                for _ in range(40):
                    tasks.start_soon(client)
            assert_at_rest(pool)
            assert served > 40


@pytest.mark.anyio
async def test_tiny_pool_timeouts_under_load(chance: random.Random) -> None:
    """Pool timeouts expire as connections are released."""
    with scripted_server(answer) as server:
        async with AsyncConnectionPool(max_connections=2) as pool:
            outcomes = []

            async def client() -> None:
                for _ in range(10):
                    limit = chance.choice([0.0, 0.0005, 0.001, 0.005, 5.0])
                    try:
                        await pool.request("GET", server.url, extensions={"timeout": {"pool": limit}})
                        outcomes.append("served")
                    except PoolTimeout:
                        outcomes.append("timed out")

            async with anyio.create_task_group() as tasks:
                for _ in range(20):
                    tasks.start_soon(client)
            assert_at_rest(pool)
            assert {"served", "timed out"} == set(outcomes)


def test_wait_for_with_tiny_timeouts() -> None:
    async def main() -> None:
        async with AsyncConnectionPool(max_connections=2) as pool:
            for attempt in range(100):
                requests = (pool.request("GET", server.url) for _ in range(4))
                limited = [asyncio.wait_for(request, attempt / 20_000) for request in requests]
                await asyncio.gather(*limited, return_exceptions=True)
                assert_at_rest(pool)
            assert (await pool.request("GET", server.url)).status == 200

    with scripted_server(answer) as server:
        asyncio.run(main())


@pytest.mark.field(13, 21)
def test_threads_with_a_server_that_resets_connections(chance: random.Random) -> None:
    """32 threads on 4 connections: every failure is an exception of this package, and the pool is intact afterwards."""
    with (
        scripted_server(answer_mostly(chance)) as server,
        ConnectionPool(max_connections=4, keepalive_expiry=0.01) as pool,
    ):
        lock, failed = threading.Lock(), 0

        def client() -> None:
            nonlocal failed
            for _ in range(25):
                try:
                    assert pool.request("GET", server.url, extensions={"timeout": {"pool": 30.0}}).content == b"hello"
                except BROKEN:
                    with lock:
                        failed += 1

        in_threads(32, client)
        assert_at_rest(pool)
        assert 0 < failed < 400


@pytest.mark.field(11)
def test_overload_with_failing_connects_does_not_poison_the_pool() -> None:
    with refusing_port() as port, scripted_server(answer) as server, ConnectionPool(max_connections=1) as pool:

        def client() -> None:
            for _ in range(10):
                with pytest.raises((ConnectError, PoolTimeout)):
                    pool.request("GET", f"http://127.0.0.1:{port}/", extensions={"timeout": {"pool": 0.01}})

        in_threads(20, client)
        assert_at_rest(pool)
        assert pool.request("GET", server.url, extensions={"timeout": {"pool": 0.0}}).status == 200


@pytest.mark.field(12)
@pytest.mark.anyio
async def test_cancelled_waiting_request_raises_nothing_else() -> None:
    with scripted_server(answer) as server:
        async with AsyncConnectionPool(max_connections=1) as pool, pool.stream("GET", server.url):
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(pool.request, "GET", server.url)
                await anyio.wait_all_tasks_blocked()
                assert pool.stats().requests_queued == 5
                tasks.cancel_scope.cancel()
            assert pool.stats().requests_queued == 0


@pytest.mark.field(5)
def test_response_is_finalized_while_the_lock_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dropped response is finalized while the same thread holds the pool's lock: no deadlock, no lost slot."""
    with scripted_server(answer) as server, ConnectionPool(max_connections=2) as pool:
        state = pool._shared.state
        abandoned: list[Any] = []

        def finalising(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:
                assert pool._shared.holds_lock()
                # Simulates the garbage collector.
                abandoned.clear()
                if not COUNTS_REFERENCES:
                    gc.collect()
                return original(*arguments)

            return call

        for name in ("submit", "opened", "established", "release"):
            monkeypatch.setattr(state, name, finalising(getattr(state, name)))

        finalised = 0
        for _ in range(10):
            stream = pool.stream("GET", server.url)
            stream.__enter__()
            abandoned.append(stream)
            del stream
            pool.request("GET", server.url, extensions={"timeout": {"pool": 5.0}})
            finalised += not abandoned
        assert finalised == 10
        assert_at_rest(pool)


def test_response_is_finalized_during_another_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """The garbage collector may run within a release. The other release has to wait."""
    with scripted_server(answer) as server, ConnectionPool() as pool:
        first, second = [pool.handle_request(Request("GET", server.url, headers={"Host": "a"})) for _ in range(2)]
        release = pool._shared.state.release

        def release_both(pool_request: Any, now: float) -> None:
            monkeypatch.setattr(pool._shared.state, "release", release)
            second.close()
            assert pool.stats().requests_active == 2
            release(pool_request, now)

        monkeypatch.setattr(pool._shared.state, "release", release_both)
        first.close()
        assert_at_rest(pool)


@pytest.mark.field(6)
@pytest.mark.anyio
async def test_each_release_wakes_one_waiting_request() -> None:
    """100 requests wait for 1 connection: each gets it once, and none has to wait again."""
    with scripted_server(answer) as server:
        async with AsyncConnectionPool(max_connections=1) as pool:
            async with anyio.create_task_group() as tasks:
                for _ in range(100):
                    tasks.start_soon(pool.request, "GET", server.url)
            stats = pool.stats()
            assert (stats.opened, stats.reused) == (1, 99)


@pytest.mark.field(10)
@pytest.mark.anyio
async def test_pool_timeout_is_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that lost its connection waits for the rest of its timeout only."""
    now = 1000.0
    waits = []

    async def wait(self: AsyncEvent, timeout: float | None = None) -> bool:
        nonlocal now
        waits.append(timeout)
        now += 0.1875
        return False

    monkeypatch.setattr("httpcore._async.reservation.time.monotonic", lambda: now)
    pool = AsyncConnectionPool(max_connections=1)
    request = Request("GET", "http://example.com/", extensions={"timeout": {"pool": 0.25}})
    holder, waiting = [AsyncReservation(pool, pool._shared, request) for _ in range(2)]
    assert waiting.pool_request is not None
    monkeypatch.setattr(type(waiting.pool_request.event), "wait", wait)
    for _ in range(3):
        with pytest.raises(PoolTimeout, match=r"0\.25 seconds"):
            await waiting.wait()
    assert waits == [0.25, 0.0625, 0.0]
    await holder.release()


@pytest.mark.field(15)
def test_pool_used_from_a_second_event_loop(recwarn: pytest.WarningsRecorder) -> None:
    """The pool drops connections of an event loop that has ended, without a warning."""
    with scripted_server(answer) as server:
        pool = AsyncConnectionPool()

        async def request() -> None:
            assert (await pool.request("GET", server.url)).content == b"hello"

        for _ in range(3):
            asyncio.run(request())
        assert pool.stats().opened == 3
        asyncio.run(pool.aclose())
        gc.collect()
        assert not recwarn.list
        assert server.wait_closed()


@pytest.mark.field(20)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_fork(certificates: Any) -> None:
    """The child process opens its own connections, and the parent keeps its connections."""
    with (
        scripted_server(answer, tls=certificates.server_context()) as server,
        ConnectionPool(ssl_context=certificates.client_context()) as pool,
    ):
        pool.request("GET", server.url)
        child = os.fork()
        if child == 0:
            code = 1
            with suppress(BaseException):
                response = pool.request("GET", server.url, extensions={"timeout": {"connect": 5.0, "read": 5.0}})
                code = 0 if response.content == b"hello" and pool.stats().opened == 1 else 2
            os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert pool.request("GET", server.url).content == b"hello"
        assert pool.stats().opened == 1
        assert len(server.connections) == 2


@pytest.mark.field(20)
def test_next_use_in_a_child_process_closes_inherited_connections() -> None:
    """Simulated in this process: requests of other threads are forgotten, and their connections closed."""
    with scripted_server(answer) as server, ConnectionPool(max_connections=1) as pool:
        with pool.stream("GET", server.url):
            with pool._shared.lock:  # simulates a thread that does not exist in the child
                _in_child()
            assert pool.stats() == ConnectionPool().stats()
            assert pool.request("GET", server.url, extensions={"timeout": {"pool": 0.0}}).status == 200
            assert server.wait_open(1)
        assert_at_rest(pool)
        assert pool.stats().opened == 1


@pytest.mark.field(14)
@pytest.mark.anyio
async def test_closing_the_pool_while_requests_run() -> None:
    """Running and waiting requests fail with exceptions of this package, and nothing is left behind."""
    with scripted_server(answer) as server:
        pool = AsyncConnectionPool(max_connections=2)
        errors: list[Exception] = []
        closing = False

        async def client() -> None:
            try:
                while not closing:
                    await pool.request("GET", server.url)
            except BROKEN as exc:
                errors.append(exc)

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(client)
            await async_wait_until(lambda: pool.stats().reused > 5)
            closing = True
            await pool.aclose()
        assert errors
        assert_at_rest(pool)
        await async_wait_until(lambda: server.open_connections == 0)


@pytest.mark.fault("T10")
def test_no_request_waits_after_the_pool_was_closed() -> None:
    """Requests that arrive or are woken at the moment of closing fail, too."""

    def ask() -> None:
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            started = time.monotonic()
            with suppress(*BROKEN):
                pool.request("GET", server.url, extensions={"timeout": {"pool": 10.0}})
            assert time.monotonic() - started < 5.0

    def close() -> None:
        while not over.wait(0.001):
            pool.close()

    interval = sys.getswitchinterval()
    over = threading.Event()
    closing = threading.Thread(target=close)
    with scripted_server(answer) as server, ConnectionPool(max_connections=2) as pool:
        try:
            sys.setswitchinterval(1e-5)
            closing.start()
            in_threads(20, ask)
        finally:
            sys.setswitchinterval(interval)
            over.set()
            closing.join()
    assert_at_rest(pool)


@pytest.mark.fault("P9")
@pytest.mark.parametrize("kind", [Reservation, AsyncReservation])
def test_reservation_whose_constructor_was_interrupted_releases_nothing(kind: Any) -> None:
    reservation = kind.__new__(kind)
    reservation.__del__()
