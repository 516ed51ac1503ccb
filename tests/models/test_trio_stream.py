"""Streams on trio."""

import threading
from contextlib import suppress

import pytest
import trio
import trio.testing
from httpcore_models import AsyncNetworkStream, ReadError, TrioBackend, WriteError
from httpcore_models.network._streams.trio_stream import TrioStream
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold, send, wait
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "trio"


TIMEOUT = 10.0


async def test_read_waits_again_if_there_is_nothing_to_receive(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server([send(b"data"), hold()]) as server:
        stream = await TrioBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        assert isinstance(stream, TrioStream)
        receive_nowait, calls = stream.receive_nowait, []

        def nothing_at_first(max_bytes: int) -> bytes | None:
            calls.append(max_bytes)
            return None if len(calls) == 1 else receive_nowait(max_bytes)

        monkeypatch.setattr(stream, "receive_nowait", nothing_at_first)
        assert await stream.read(100, TIMEOUT) == b"data"
        assert calls == [100, 100]
        assert receive_nowait(100) is None
        await stream.aclose()
        with pytest.raises(ReadError, match=r"^The stream is closed \(127\.0\.0\.1:\d+\)$"):
            receive_nowait(100)


async def test_cancelled_task_writes_nothing() -> None:
    with scripted_server(hold()) as server:
        stream = await TrioBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        with trio.CancelScope() as scope:
            scope.cancel()
            await stream.write(b"data", TIMEOUT)
        assert scope.cancelled_caught
        await stream.aclose()
        await async_wait_until(lambda: not server.open_connections)
        assert server.connections[0].received == b""


async def test_errors_of_closed_streams_name_the_peer() -> None:
    with scripted_server(hold()) as server:
        stream = await TrioBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        await stream.aclose()
        with pytest.raises(ReadError, match=rf"^\S.* \(127\.0\.0\.1:{server.port}\)$"):
            await stream.read(100, TIMEOUT)


@pytest.mark.upgrade("1.2")
async def test_read_can_begin_while_write_until_readable_waits() -> None:
    go_on = threading.Event()
    with scripted_server([wait(go_on), send(b"data"), hold()]) as server:
        stream = await TrioBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)

        async def write() -> None:
            # More than any socket takes. The rest is lost when the stream is closed.
            with suppress(WriteError):
                await stream.write_until_readable(bytes(50_000_000), TIMEOUT)  # type: ignore[attr-defined]

        async with trio.open_nursery() as tasks:
            tasks.start_soon(write)
            await trio.testing.wait_all_tasks_blocked(0.1)
            trio.lowlevel.current_trio_token().run_sync_soon(go_on.set)
            assert await stream.read(100, TIMEOUT) == b"data"
            await stream.aclose()


async def test_read_can_begin_before_write_until_readable_looks_for_something_to_read() -> None:
    for _ in range(10):  # trio starts the tasks in any order
        go_on = threading.Event()
        with scripted_server([wait(go_on), send(b"data"), hold()]) as server:
            stream = await TrioBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)

            async def read(stream: AsyncNetworkStream) -> None:
                assert await stream.read(100, TIMEOUT) == b"data"
                writing.cancel()

            async with trio.open_nursery() as tasks:
                tasks.start_soon(read, stream)
                with trio.CancelScope() as writing:
                    trio.lowlevel.current_trio_token().run_sync_soon(go_on.set)
                    # More than any socket takes.
                    await stream.write_until_readable(bytes(50_000_000), TIMEOUT)
            await stream.aclose()
