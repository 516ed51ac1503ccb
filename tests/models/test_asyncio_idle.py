"""Streams on asyncio whose event loop was busy, has ended or is another one; and cancelled tasks."""

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from httpcore_models import AnyIOBackend, AsyncNetworkStream, ReadError, WriteError, WriteTimeout
from httpcore_models.network import AnyIOStreamWrapper
from httpcore_test_support.asyncs import BACKENDS, Backend, run_async
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.conformance import TRANSPORTS, async_connector
from httpcore_test_support.scripted import Connection, Script, scripted_server
from httpcore_test_support.steps import abort, close, hold, notify, send, wait
from httpcore_test_support.waiting import async_pause, async_wait_until, wait_until

TIMEOUT = 10.0
LOOPS = ("asyncio", "uvloop")
ENDLESS = bytes(16 * 1024 * 1024)


@pytest.fixture(scope="module", params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Backend:
    return BACKENDS[request.param]


async def connected_to(port: int) -> AsyncNetworkStream:
    return await AnyIOBackend().connect_tcp("127.0.0.1", port, TIMEOUT)


class TestBusyLoop:
    """The event loop has had no time to poll its sockets."""

    @pytest.mark.anyio
    @pytest.mark.fault("S7")
    @pytest.mark.parametrize("transport", ["tcp", "unix", "tls", "tls-in-tls"])
    @pytest.mark.parametrize("what", ["bytes", "end", "reset"])
    async def test_received_bytes_are_noticed(self, certificates: Certificates, transport: str, what: str) -> None:
        go_on, done = threading.Event(), threading.Event()
        last = {"bytes": [send(b"408 "), send(b"Timeout")], "end": [close()], "reset": [abort()]}[what]
        script: Script = [wait(go_on), *last, notify(done), *([hold()] if what == "bytes" else [])]
        async with async_connector(AnyIOBackend(), TRANSPORTS[transport], certificates)(script) as stream:
            await async_pause()
            assert not stream.get_extra_info("is_readable")
            go_on.set()
            # Blocks the loop.
            assert done.wait(TIMEOUT)
            wait_until(lambda: stream.get_extra_info("is_readable"))
            assert stream.get_extra_info("is_readable")
            # The check for input loses and reorders nothing.
            received = b""
            while what == "bytes" and len(received) < 11:
                received += await stream.read(100, TIMEOUT)
            assert received in (b"", b"408 Timeout")
            if what == "end":
                assert await stream.read(100, TIMEOUT) == b""

    @pytest.mark.anyio
    @pytest.mark.fault("S7")
    async def test_bytes_are_received_in_order(self, certificates: Certificates) -> None:
        size = 1024 * 1024
        data = bytes(range(256)) * (size // 256)
        go_on = threading.Event()

        connect = async_connector(AnyIOBackend(), TRANSPORTS["tcp"], certificates)
        async with connect([wait(go_on), send(data), hold()]) as stream:
            go_on.set()
            received = b""
            while len(received) < size:
                if stream.get_extra_info("is_readable"):
                    received += stream.receive_nowait(1000) or b""  # type: ignore[attr-defined]
                if len(received) % 3 == 0:
                    await asyncio.sleep(0)
            assert received == data

    @pytest.mark.anyio
    @pytest.mark.fault("S7")
    async def test_unseen_session_tickets_are_not_data(self, certificates: Certificates) -> None:
        # They come at or after the end of the handshake. The loop has no turn to read them.
        connect = async_connector(AnyIOBackend(), TRANSPORTS["tls"], certificates)
        async with connect(hold()) as stream:
            deadline = time.monotonic() + 0.05
            while time.monotonic() < deadline:
                assert not stream.get_extra_info("is_readable")

    @pytest.mark.anyio
    async def test_idle_connection_is_polled_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        questions: list[int] = []
        with scripted_server(hold()) as server:
            stream = await connected_to(server.port)
            ask = stream._readiness.is_readable  # type: ignore[attr-defined]

            class Counting:
                def is_readable(self) -> bool:
                    questions.append(1)
                    return bool(ask())

            monkeypatch.setattr(stream, "_readiness", Counting())
            assert not stream.get_extra_info("is_readable")
            assert len(questions) == 1
            # If there is nothing, the operating system is not asked again.
            assert stream.receive_nowait(100) is None  # type: ignore[attr-defined]
            assert len(questions) == 1
            await stream.aclose()


@pytest.mark.fault("P14")
@pytest.mark.filterwarnings("ignore:unclosed (transport|resource|event loop) <?:ResourceWarning")
@pytest.mark.parametrize("loop", LOOPS)
class TestOtherLoops:
    @pytest.mark.parametrize("data", [b"", b"data"], ids=["nothing", "unread"])
    def test_stream_cannot_be_used_in_another_loop(self, loop: str, data: bytes) -> None:
        async def connect(port: int) -> AsyncNetworkStream:
            stream = await connected_to(port)
            if data:
                await async_wait_until(lambda: stream.get_extra_info("is_readable"))
            return stream

        async def use(stream: AsyncNetworkStream) -> None:
            assert stream.get_extra_info("is_readable")
            with pytest.raises(ReadError, match=r"^The stream belongs to another event loop \(127\.0\.0\.1:\d+\)$"):
                await stream.read(100, TIMEOUT)
            with pytest.raises(WriteError, match=r"^The stream belongs to another event loop \(127\.0\.0\.1:\d+\)$"):
                await stream.write(b"data", TIMEOUT)
            with pytest.raises(WriteError):
                await stream.write(ENDLESS, TIMEOUT)
            await stream.aclose()

        with scripted_server([send(data), hold()] if data else hold()) as server:
            stream = run_async(loop, connect, server.port)
            run_async(loop, use, stream)
            assert server.wait_closed()
            assert server.connections[0].received == b""

    def test_stream_can_be_closed_while_its_loop_is_stopped(self, loop: str) -> None:
        event_loop = new_loop(loop)
        with scripted_server(hold()) as server:
            stream = event_loop.run_until_complete(connected_to(server.port))
            stream.abort()  # type: ignore[attr-defined]
            assert server.wait_closed()
            with pytest.raises(ReadError, match=r"^The stream is closed"):
                event_loop.run_until_complete(stream.read(100))
            event_loop.run_until_complete(asyncio.sleep(0))
            event_loop.close()

    def test_finaliser_closes_the_stream_in_any_thread(self, loop: str) -> None:
        class Owner:
            def __init__(self, stream: AsyncNetworkStream) -> None:
                self.stream = stream
                self.itself = self

            def __del__(self) -> None:
                self.stream.abort()  # type: ignore[attr-defined]

        async def read(port: int) -> None:
            stream = await connected_to(port)
            Owner(stream)
            reading = asyncio.create_task(stream.read(100, TIMEOUT))
            await asyncio.sleep(0)
            await asyncio.to_thread(gc.collect)
            with pytest.raises(ReadError, match=r"^The stream is closed"):
                await reading

        with scripted_server(hold()) as server:
            run_async(loop, read, server.port)
            assert server.wait_closed()


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    if name == "asyncio":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


@asynccontextmanager
async def shaped(kind: str, script: Script, certificates: Certificates) -> AsyncIterator[AsyncNetworkStream]:
    """Connect a stream of one of asyncio's kinds."""
    if kind == "wrapped":
        import anyio

        with scripted_server(script) as server:
            wrapped = AnyIOStreamWrapper(await anyio.connect_tcp("127.0.0.1", server.port))
            try:
                yield wrapped
            finally:
                await wrapped.aclose()
        return
    async with async_connector(AnyIOBackend(), TRANSPORTS["tls" if kind == "tls" else "tcp"], certificates)(
        script
    ) as stream:
        yield stream


@pytest.mark.anyio
@pytest.mark.fault("P13")
@pytest.mark.parametrize("kind", ["transport", "tls", "wrapped"])
async def test_native_cancellation_during_close_leaves_nothing_open(certificates: Certificates, kind: str) -> None:
    gone = threading.Event()

    def hold_until_closed(connection: Connection) -> None:
        try:
            connection.hold()
        finally:
            gone.set()

    async with shaped(kind, [hold_until_closed], certificates) as stream:
        writing = asyncio.create_task(stream.write(ENDLESS))
        await async_pause()

        async def close() -> None:
            await stream.aclose()

        closing = asyncio.create_task(close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        with pytest.raises(WriteError):
            await writing
        await async_wait_until(gone.is_set)


@pytest.mark.anyio
@pytest.mark.fault("T18")
@pytest.mark.parametrize("kind", ["transport", "tls", "wrapped"])
async def test_timeout_limits_the_whole_write(certificates: Certificates, kind: str) -> None:
    stop = threading.Event()

    def take_slowly(connection: Connection) -> None:
        while not stop.wait(0.01):
            connection.receive()

    async with shaped(kind, [take_slowly], certificates) as stream:
        started = time.monotonic()
        with pytest.raises(
            WriteTimeout, match=r"^The write operation timed out after 0\.3 seconds \(127\.0\.0\.1:\d+\)$"
        ):
            await stream.write(bytes(64 * 1024 * 1024), 0.3)
        assert time.monotonic() - started < 5.0
        stop.set()
