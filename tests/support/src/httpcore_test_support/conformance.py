"""The contract of network streams, as checks for any implementation.

A check takes a function that, given a script for the peer, connects a stream to it: see `AsyncConnect` and `Connect`.
`async_check_stream()` and `check_stream()` run all of them, one after another; tests that list each check by its
name take them from `ASYNC_CHECKS` and `CHECKS`.
"""

from __future__ import annotations

import threading

import anyio
import anyio.to_thread
import pytest
from httpcore_models import AsyncNetworkStream, ReadError, WriteError

from ._async.conformance import CHECKS as _TWIN_CHECKS
from ._async.conformance import ENDLESS, LARGE, TIMEOUT, abort_stream, async_read_exactly, client_context
from ._async.streams import async_connector
from ._sync.conformance import CHECKS
from ._sync.streams import connector
from .scripted import Connection
from .steps import hold
from .transports import TRANSPORTS, AsyncCheck, AsyncConnect, Check, Connect, Transport, hold_until_closed
from .waiting import async_at_once, async_wait_until

__all__ = [
    "ASYNC_CHECKS",
    "CHECKS",
    "TRANSPORTS",
    "AsyncCheck",
    "AsyncConnect",
    "Check",
    "Connect",
    "Transport",
    "async_check_stream",
    "async_connector",
    "check_stream",
    "connector",
]

# How soon an operation is cancelled that would never end by itself.
_SOON = 0.02


async def async_check_stream(connect: AsyncConnect) -> None:
    """Run all checks on an async network stream."""
    for check in ASYNC_CHECKS:
        await check(connect)


def check_stream(connect: Connect) -> None:
    """Run all checks on a sync network stream."""
    for check in CHECKS:
        check(connect)


async def async_check_both_directions_at_once(connect: AsyncConnect) -> None:
    """One task reads while another writes, megabytes each."""

    def echo(connection: Connection) -> None:
        left = len(LARGE)
        while left:
            data = connection.receive()
            connection.send(data)
            left -= len(data)

    async with connect([echo, hold()]) as stream:
        _, received = await async_at_once(
            lambda: stream.write(LARGE, TIMEOUT), lambda: async_read_exactly(stream, len(LARGE))
        )
        assert received == LARGE


async def async_check_close_ends_a_read(connect: AsyncConnect) -> None:
    """Closing the stream, from another thread too, makes the read of another task fail: it is not an end of stream."""
    for close in _CLOSES:
        async with connect(hold()) as stream, anyio.create_task_group() as tasks:

            async def read(stream: AsyncNetworkStream = stream) -> None:
                with pytest.raises(ReadError, match=r"^The stream is closed \(.+\)$"):
                    await stream.read(100)

            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await close(stream)


async def async_check_close_ends_a_write(connect: AsyncConnect) -> None:
    """Closing the stream, from another thread too, makes the write of another task fail."""
    for close in _CLOSES:
        async with connect(hold()) as stream, anyio.create_task_group() as tasks:

            async def write(stream: AsyncNetworkStream = stream) -> None:
                with pytest.raises(WriteError, match=r"^The stream is closed \(.+\)$"):
                    await stream.write(ENDLESS)

            tasks.start_soon(write)
            await anyio.wait_all_tasks_blocked()
            await close(stream)


async def _close(stream: AsyncNetworkStream) -> None:
    await stream.aclose()


async def _abort(stream: AsyncNetworkStream) -> None:
    abort_stream(stream)


async def _abort_in_a_thread(stream: AsyncNetworkStream) -> None:
    await anyio.to_thread.run_sync(abort_stream, stream)


_CLOSES = (_close, _abort, _abort_in_a_thread)


async def async_check_cancelled_reads(connect: AsyncConnect) -> None:
    """After a cancelled read the stream can be closed."""
    gone = threading.Event()
    async with connect([hold_until_closed(gone)]) as stream:
        with anyio.move_on_after(_SOON) as scope:
            await stream.read(100, TIMEOUT)
        assert scope.cancelled_caught
        await stream.aclose()
        await async_wait_until(gone.is_set)


async def async_check_cancelled_writes(connect: AsyncConnect) -> None:
    """After a cancelled write the stream can be closed, although unsent bytes remain."""
    gone = threading.Event()
    async with connect([hold_until_closed(gone)]) as stream:
        with anyio.move_on_after(_SOON) as scope:
            await stream.write(ENDLESS, TIMEOUT)
        assert scope.cancelled_caught
        await stream.aclose()
        await async_wait_until(gone.is_set)


async def async_check_cancelled_handshakes(connect: AsyncConnect) -> None:
    """A cancelled handshake closes the stream."""
    gone = threading.Event()
    async with connect([hold_until_closed(gone)]) as stream:
        with anyio.move_on_after(_SOON) as scope:
            await stream.start_tls(client_context(), "example.org", TIMEOUT)
        assert scope.cancelled_caught
        await async_wait_until(gone.is_set)


async def async_check_close_while_cancelled(connect: AsyncConnect) -> None:
    """A cancelled task closes the stream as any other does."""
    gone = threading.Event()
    async with connect([hold_until_closed(gone)]) as stream:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await stream.aclose()
        await async_wait_until(gone.is_set)


ASYNC_CHECKS: tuple[AsyncCheck, ...] = (
    *_TWIN_CHECKS,
    async_check_both_directions_at_once,
    async_check_close_ends_a_read,
    async_check_close_ends_a_write,
    async_check_cancelled_reads,
    async_check_cancelled_writes,
    async_check_cancelled_handshakes,
    async_check_close_while_cancelled,
)
