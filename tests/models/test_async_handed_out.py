"""Sockets that a program gets from an async stream: it receives what arrives, unless the stream is read from."""

import os
import socket
import threading

import anyio
import pytest
from httpcore_models import AsyncNetworkStream, AutoBackend, ReadTimeout
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold, receive_exactly, send, wait
from httpcore_test_support.waiting import async_pause, async_wait_until

pytestmark = [pytest.mark.anyio, pytest.mark.fault("N14")]

TIMEOUT = 10.0


def duplicate_of(stream: AsyncNetworkStream) -> socket.socket:
    return socket.socket(fileno=os.dup(stream.get_extra_info("socket").fileno()))


async def test_duplicate_of_the_socket_receives_everything() -> None:
    first, second = threading.Event(), threading.Event()
    with scripted_server([wait(first), send(b"one"), wait(second), send(b"two"), hold()]) as server:
        stream = await AutoBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        with duplicate_of(stream) as duplicate:
            first.set()
            await async_wait_until(lambda: stream.get_extra_info("is_readable"))
            await async_pause()
            assert duplicate.recv(100) == b"one"
            with pytest.raises(ReadTimeout):
                await stream.read(100, 0.01)
            await stream.aclose()
            second.set()
            await anyio.wait_readable(duplicate)
            assert duplicate.recv(100) == b"two"


async def test_stream_still_works_after_the_socket_was_handed_out() -> None:
    go_on = threading.Event()
    script = [send(b"one"), receive_exactly(4), wait(go_on), send(bytes(2_000_000)), hold()]
    with scripted_server(script) as server:
        stream = await AutoBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        assert await stream.read(2, TIMEOUT) == b"on"
        stream.get_extra_info("socket")
        assert await stream.read(2, TIMEOUT) == b"e"
        await stream.write(b"data", TIMEOUT)
        go_on.set()
        size = 0
        while size < 2_000_000:
            size += len(await stream.read(100_000, TIMEOUT))
        await stream.aclose()


async def test_socket_can_be_handed_out_during_a_read() -> None:
    asked = threading.Event()
    with scripted_server([wait(asked), send(b"one"), hold()]) as server:
        stream = await AutoBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        received: list[bytes] = []

        async def read() -> None:
            received.append(await stream.read(100, TIMEOUT))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await async_pause()
            stream.get_extra_info("socket")
            asked.set()
        assert received == [b"one"]
        await stream.aclose()


async def test_write_until_readable_works_after_the_socket_was_handed_out() -> None:
    blocked = threading.Event()
    with scripted_server([wait(blocked), send(b"no"), hold()]) as server:
        stream = await AutoBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        stream.get_extra_info("socket")
        threading.Timer(0.05, blocked.set).start()
        data = bytes(30_000_000)
        taken = await stream.write_until_readable(data, TIMEOUT)  # type: ignore[attr-defined]
        assert taken is not None
        assert taken < len(data)
        assert await stream.read(100, TIMEOUT) == b"no"
        await stream.aclose()
