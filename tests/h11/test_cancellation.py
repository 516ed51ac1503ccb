"""Cancelling a request at any point closes the connection, and ends the task in bounded time. Async only."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import URL, AsyncNetworkStream, Request
from httpcore_test_support import steps
from httpcore_test_support._async.h11_connections import AsyncScriptedStream, async_first_part, async_served
from httpcore_test_support.asyncs import run_async
from httpcore_test_support.scripted import Connection, ScriptedServer
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

URL_ = "http://localhost/"
ORIGIN = URL(URL_).origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


async def cancel_when(condition: Callable[[], object], function: Callable[[], Awaitable[object]]) -> None:
    """Run `function` in a new task, cancel it as soon as `condition` holds, and return when it has ended."""
    outcomes: list[object] = []

    async def run() -> None:
        try:
            outcomes.append(await function())
        except anyio.get_cancelled_exc_class():
            outcomes.append("cancelled")
            raise

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await async_wait_until(condition)
        tasks.cancel_scope.cancel()
    assert outcomes == ["cancelled"]


async def assert_closed(server: ScriptedServer, connection: AsyncHTTP11Connection) -> None:
    assert connection.is_closed()
    await async_wait_until(lambda: server.open_connections == 0)


class TestRealServer:
    async def test_while_sending(self) -> None:
        reached = threading.Event()

        def script(connection: Connection) -> None:
            connection.receive_until(b"first\r\n")
            reached.set()
            connection.hold()

        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            while True:
                yield b"x" * 1_000_000

        async with async_served(script, receive_buffer=65_536) as (server, connection):
            await cancel_when(reached.is_set, lambda: connection.request("POST", server.url, content=body()))
            await assert_closed(server, connection)

    async def test_while_the_body_is_generated(self) -> None:
        reached = threading.Event()
        cleaned_up = []

        async def body() -> AsyncIterator[bytes]:
            try:
                yield b"first"
                await anyio.sleep_forever()
            finally:
                cleaned_up.append(True)

        async with async_served([steps.receive_until(b"first\r\n"), steps.notify(reached)]) as (server, connection):
            await cancel_when(reached.is_set, lambda: connection.request("POST", server.url, content=body()))
            assert cleaned_up == [True]
            await assert_closed(server, connection)

    async def test_while_waiting_for_the_response(self) -> None:
        reached = threading.Event()
        async with async_served([steps.receive_request(), steps.notify(reached)]) as (server, connection):
            await cancel_when(reached.is_set, lambda: connection.request("GET", server.url))
            await assert_closed(server, connection)

    async def test_while_reading_the_body(self) -> None:
        reached = threading.Event()
        script = [steps.receive_request(), steps.send_pieces([RESPONSE[:-1]]), steps.notify(reached)]
        async with async_served(script) as (server, connection):
            await cancel_when(reached.is_set, lambda: connection.request("GET", server.url))
            await assert_closed(server, connection)

    async def test_while_a_part_of_the_body_is_processed(self) -> None:
        reached = threading.Event()

        async def work_on_the_first_part() -> None:
            async with connection.stream("GET", server.url) as response:
                await async_first_part(response)
                reached.set()
                await anyio.sleep_forever()

        async with async_served([steps.receive_request(), steps.send(RESPONSE[:-1])]) as (server, connection):
            await cancel_when(reached.is_set, work_on_the_first_part)
            await assert_closed(server, connection)

    @pytest.mark.parametrize(
        "event",
        [
            "send_request_headers.started",
            "send_request_body.complete",
            "receive_response_headers.started",
            "receive_response_headers.complete",
            "receive_response_body.started",
        ],
    )
    async def test_in_a_trace_callback(self, event: str) -> None:
        reached = threading.Event()

        async def callback(name: str, _: dict[str, Any]) -> None:
            if name == f"http11.{event}":
                reached.set()
                await anyio.sleep_forever()

        async with async_served([steps.receive_request(), steps.send(RESPONSE)]) as (server, connection):
            extensions = {"trace": callback}
            await cancel_when(reached.is_set, lambda: connection.request("GET", server.url, extensions=extensions))
            await assert_closed(server, connection)

    @pytest.mark.parametrize("event", ["response_closed.started", "response_closed.complete"])
    @pytest.mark.parametrize("complete", [False, True], ids=["unread", "read"])
    async def test_while_closing_the_response(self, event: str, complete: bool) -> None:
        reached = threading.Event()

        async def callback(name: str, _: dict[str, Any]) -> None:
            if name == f"http11.{event}":
                reached.set()
                await anyio.sleep_forever()

        async def read_and_close() -> None:
            async with connection.stream("GET", server.url, extensions={"trace": callback}) as response:
                if complete:
                    await response.aread()

        async with async_served([steps.receive_request(), steps.send(RESPONSE)]) as (server, connection):
            await cancel_when(reached.is_set, read_and_close)
            assert (connection.is_idle(), connection.is_closed()) == (complete, not complete)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_native_cancellation_of_asyncio(loop: str) -> None:
    async def main() -> None:
        reached = threading.Event()
        async with async_served([steps.receive_request(), steps.notify(reached)]) as (server, connection):
            task = asyncio.create_task(connection.request("GET", server.url))
            await async_wait_until(reached.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await assert_closed(server, connection)

    run_async(loop, main)


@pytest.mark.fault("P24")
class TestAlreadyCancelled:
    """A request that begins in a cancelled task or scope sends nothing and closes nothing."""

    async def warm(self) -> tuple[AsyncHTTP11Connection, AsyncScriptedStream]:
        stream = AsyncScriptedStream(RESPONSE, RESPONSE)
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        await connection.request("GET", URL_)
        return connection, stream

    async def check(self, connection: AsyncHTTP11Connection, stream: AsyncScriptedStream) -> None:
        assert len(stream.written) == 1
        assert connection.is_idle()
        assert (await connection.request("GET", URL_)).content == b"hello"

    async def test_in_a_cancelled_scope(self) -> None:
        connection, stream = await self.warm()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connection.request("POST", URL_, content=b"x")
        assert scope.cancelled_caught
        await self.check(connection, stream)

    async def test_on_a_new_connection(self) -> None:
        stream = AsyncScriptedStream(RESPONSE)
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connection.request("POST", URL_, content=b"x")
        assert (stream.written, stream.closed) == ([], False)
        assert (await connection.request("GET", URL_)).content == b"hello"

    @pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
    def test_in_a_task_that_is_cancelled_before_it_yields(self, loop: str) -> None:
        async def main() -> None:
            connection, stream = await self.warm()
            task = asyncio.create_task(connection.request("POST", URL_, content=b"x"))
            asyncio.get_running_loop().call_soon(task.cancel)
            with pytest.raises(asyncio.CancelledError):
                await task
            await self.check(connection, stream)

        run_async(loop, main)


class StuckStream(AsyncNetworkStream):
    """A stream that responds with `reads`, gets stuck in the operation `stuck`, and never finishes closing."""

    def __init__(self, *reads: bytes, stuck: str) -> None:
        self.reads = list(reads)
        self.stuck = stuck
        self.reached = False
        self.closing = 0

    async def _get_stuck(self) -> None:
        self.reached = True
        await anyio.sleep_forever()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self.reads and self.stuck == "read":
            await self._get_stuck()
        return self.reads.pop(0) if self.reads else b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self.stuck == "write":
            await self._get_stuck()

    async def aclose(self) -> None:
        self.closing += 1
        if self.stuck == "aclose":
            self.reached = True
        await anyio.sleep_forever()


@pytest.mark.field(4)
class TestStuckClose:
    """A stream whose `aclose()` never returns delays its caller by `TEARDOWN_TIMEOUT` at most."""

    @pytest.fixture(autouse=True)
    def _short_teardown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("httpcore_models.concurrency._cancellation.TEARDOWN_TIMEOUT", 0.01)

    @pytest.mark.parametrize(
        ("reads", "stuck"),
        [([], "write"), ([], "read"), ([RESPONSE[:20]], "read"), ([RESPONSE[:-1]], "read")],
        ids=["sending", "waiting", "in the head", "in the body"],
    )
    @pytest.mark.parametrize("traced", [False, True], ids=["plain", "traced"])
    async def test_a_cancelled_request_ends(self, reads: list[bytes], stuck: str, traced: bool) -> None:
        async def callback(*_: object) -> None:
            await anyio.lowlevel.checkpoint()

        stream = StuckStream(*reads, stuck=stuck)
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        extensions = {"trace": callback} if traced else {}
        await cancel_when(lambda: stream.reached, lambda: connection.request("GET", URL_, extensions=extensions))
        assert connection.is_closed()
        assert stream.closing

    async def test_a_failed_request_ends(self) -> None:
        stream = StuckStream(b"garbage\r\n\r\n", stuck="aclose")
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        with pytest.raises(Exception, match="illegal status line"):
            await connection.request("GET", URL_)
        assert connection.is_closed()

    async def test_closing_an_unread_response_returns(self) -> None:
        connection = AsyncHTTP11Connection(ORIGIN, StuckStream(RESPONSE, stuck="aclose"))
        response = await connection.handle_async_request(Request("GET", URL_, headers={"Host": "localhost"}))
        await response.aclose()
        assert connection.is_closed()

    async def test_a_cancelled_close_of_a_response_returns(self) -> None:
        stream = StuckStream(RESPONSE, stuck="aclose")
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        response = await connection.handle_async_request(Request("GET", URL_, headers={"Host": "localhost"}))
        with anyio.CancelScope() as scope:
            scope.cancel()
            await response.aclose()
        assert connection.is_closed()
        assert stream.closing

    async def test_a_trace_callback_that_never_returns_is_ended(self) -> None:
        async def callback(name: str, _: dict[str, Any]) -> None:
            if name == "http11.response_closed.started":
                await anyio.sleep_forever()

        stream = StuckStream(stuck="read")
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        extensions = {"trace": callback}
        await cancel_when(lambda: stream.reached, lambda: connection.request("GET", URL_, extensions=extensions))
        assert connection.is_closed()
        assert stream.closing
