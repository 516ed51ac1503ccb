"""Peculiarities of event loops: tasks cancelled before a call, cancellations that no shield stops, other loops."""

import asyncio
import gc
import threading

import anyio
import pytest
from httpcore import AsyncConnectionPool, ConnectionEvent, Request, Response
from httpcore_test_support.asyncs import BACKENDS
from httpcore_test_support.connections import AsyncForeignConnection
from httpcore_test_support.http2_peer import Http2Peer, http2_script
from httpcore_test_support.scripted import Connection, scripted_server

from httpcore import AsyncConnectionInterface, Origin  # isort: skip

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        connection.send(OK)


@pytest.mark.fault("P24")
@pytest.mark.anyio
@pytest.mark.parametrize("warm", [False, True])
async def test_request_in_a_cancelled_scope_does_nothing(warm: bool) -> None:
    with scripted_server(answer) as server:
        async with AsyncConnectionPool() as pool:
            if warm:
                await pool.request("GET", server.url)
            with anyio.move_on_after(0):
                await pool.request("POST", server.url, content=b"data")
            with anyio.CancelScope() as scope:
                scope.cancel()
                await pool.request("POST", server.url, content=b"data")
            assert pool.stats().requests_active == 0
            assert pool.stats().connections_idle == warm
            assert (await pool.request("GET", server.url)).content == b"hello"
            assert len(server.connections) == 1
            assert b"POST" not in server.connections[0].received


@pytest.mark.fault("P24")
@pytest.mark.parametrize("warm", [False, True])
def test_request_of_a_cancelled_task_does_nothing(warm: bool) -> None:
    async def main() -> None:
        async with AsyncConnectionPool() as pool:
            if warm:
                await pool.request("GET", server.url)
            for turns in (0, 1):
                task = asyncio.ensure_future(pool.request("POST", server.url, content=b"data"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert pool.stats().connections_idle == warm
            assert (await pool.request("GET", server.url)).content == b"hello"

    with scripted_server(answer) as server:
        asyncio.run(main())
        assert len(server.connections) == 1
        assert b"POST" not in server.connections[0].received


@pytest.mark.fault("P12", "P13")
@pytest.mark.anyio
async def test_connection_that_never_closes_does_not_keep_others_open() -> None:
    closed = []

    class Hanging(AsyncForeignConnection):
        async def aclose(self) -> None:
            if not self.origin.host.startswith(b"host-0"):
                await anyio.sleep(0.02)
            else:
                await anyio.sleep_forever()
            closed.append(self)

    class Pool(AsyncConnectionPool):
        def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
            return Hanging(origin)

    pool = Pool(max_connections=None)
    for number in range(100):
        await pool.request("GET", f"http://host-{number}/")
    with anyio.fail_after(20):
        await pool.aclose()
    assert len(closed) == 99


@pytest.mark.fault("P13")
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("count", [1, 5])
def test_task_is_cancelled_while_it_closes_connections(count: int, turns: int) -> None:
    """No shield stops that. Yet each connection is closed, or at least its socket."""
    told = []

    class Slow(AsyncForeignConnection):
        async def aclose(self) -> None:
            told.append(self)
            await asyncio.sleep(30)

    class Pool(AsyncConnectionPool):
        def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
            return Slow(origin)

    async def main() -> None:
        pool = Pool(max_connections=None)
        for number in range(count):
            await pool.request("GET", f"http://host-{number}/")
        task = asyncio.ensure_future(pool.aclose())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)
        if turns == 0:  # cancelled before it started
            await asyncio.wait_for(pool.aclose(), 10)

    asyncio.run(main())
    assert len(told) == count


@pytest.mark.fault("P14")
@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize("loop", ["asyncio", "trio"])  # uvloop's loop cannot be closed while a transport is open
@pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning")
def test_response_is_left_open_in_another_event_loop(loop: str, size: int, http2: bool) -> None:
    def stream(peer: Http2Peer) -> None:
        while True:
            peer.respond(peer.request())

    responses = []

    async def leave_open() -> None:
        responses.append(await pool.handle_async_request(Request("GET", server.url, headers={"Host": "h"})))

    async def get() -> None:
        for _ in range(3):
            extensions = {"timeout": {"pool": 0.0, "read": 5.0}}
            assert (await pool.request("GET", server.url, extensions=extensions)).content == b"hello"

    backend, options = BACKENDS[loop]
    with scripted_server(http2_script(stream) if http2 else answer) as server:
        pool = AsyncConnectionPool(http1=not http2, http2=http2, max_connections=size)
        anyio.run(leave_open, backend=backend, backend_options=options)
        anyio.run(get, backend=backend, backend_options=options)
        anyio.run(pool.aclose, backend=backend, backend_options=options)
        responses.clear()
        gc.collect()
        assert server.wait_closed()


@pytest.mark.fault("P2")
@pytest.mark.parametrize("loop", ["asyncio", "trio"])
@pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning")
def test_response_collected_in_another_thread_wakes_waiting_requests(loop: str) -> None:
    def forget() -> None:
        responses.clear()
        gc.collect()  # where references are not counted

    responses: list[Response] = []

    async def main() -> None:
        async with AsyncConnectionPool(max_connections=1) as pool:
            responses[:] = [await pool.handle_async_request(Request("GET", server.url, headers={"Host": "h"}))]
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pool.request, "GET", server.url)
                await anyio.wait_all_tasks_blocked()
                assert pool.stats().requests_queued == 1
                await anyio.to_thread.run_sync(forget)

    backend, options = BACKENDS[loop]
    with scripted_server(answer) as server:
        anyio.run(main, backend=backend, backend_options=options)


@pytest.mark.fault("P2")
def test_dropping_a_lease_takes_no_lock() -> None:
    """It may happen at any time, even while another thread uses the pool."""
    from httpcore import ConnectionPool

    with scripted_server(answer) as server, ConnectionPool(max_connections=1) as pool:
        response = pool.handle_request(Request("GET", server.url, headers={"Host": "h"}))
        response.read()
        lease = response.stream.lease  # type: ignore[union-attr]
        assert lease is not None
        with pool._shared.lock:
            thread = threading.Thread(target=lease.drop)
            thread.start()
            thread.join(10)
            assert not thread.is_alive()
        assert pool.stats().requests_active == 0
        response.close()
        assert pool.stats().requests_active == 0


def test_the_reason_of_a_connection_whose_event_loop_was_closed() -> None:
    """It does not work in the next event loop. The server has not closed it."""
    events: list[ConnectionEvent] = []
    pool = AsyncConnectionPool(on_connection=events.append)

    async def get(url: str) -> None:
        await pool.request("GET", url)

    with scripted_server(answer) as server:
        asyncio.run(get(server.url))
        asyncio.run(get(server.url))
        asyncio.run(pool.aclose())
    reasons = [event.reason for event in events if event.kind == "closed"]
    assert reasons == ["event loop closed", "pool closed"]
