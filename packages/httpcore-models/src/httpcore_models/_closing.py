"""Closing what may fail to close: it must neither keep others open nor hide what went wrong before."""

from contextlib import suppress
from typing import TYPE_CHECKING

from ._async.interfaces import AsyncConnectionInterface
from ._sync.interfaces import ConnectionInterface
from .concurrency import AsyncShield, anyio_or_trio

if TYPE_CHECKING:
    from .network import AsyncNetworkStream, NetworkStream


def close_unopened(stream: "NetworkStream") -> None:
    """Close a stream on which opening a connection failed. What it raises is suppressed: the failure is to be seen."""
    with suppress(Exception):
        stream.close()


async def async_close_unopened(stream: "AsyncNetworkStream") -> None:
    """Close a stream on which opening a connection failed. What it raises is suppressed: the failure is to be seen.

    A cancellation does not stop it, for `TEARDOWN_TIMEOUT` seconds at the most.
    """
    with AsyncShield(), suppress(Exception):
        await stream.aclose()


def close_all(connections: list[ConnectionInterface]) -> None:
    """Close each, and take it off the list. What they raise is suppressed.

    An exception that comes from outside, as out of a signal handler, ends the closing of one; it is raised when the
    others are closed.
    """
    try:
        while connections:
            try:
                with suppress(Exception):
                    connections[-1].close()
            finally:
                connections.pop()
    finally:
        if connections:
            close_all(connections)


async def async_close_all(connections: list[AsyncConnectionInterface]) -> None:
    """Close all side by side, each for `TEARDOWN_TIMEOUT` seconds at the most, and empty the list.

    What they raise is suppressed. A cancellation does not stop them. A native one of asyncio, which no scope holds
    off, ends each at its next wait; it is for them to let go of their sockets then.
    """
    if len(connections) == 1:
        await _close(connections[0], connections)
        return
    anyio = anyio_or_trio()
    try:
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as tasks:
                for connection in list(connections):
                    tasks.start_soon(_close, connection, connections)
    finally:
        while connections:
            # Cancelled before its task had begun.
            with anyio.move_on_after(0, shield=True):
                await _close(connections[0], connections)


async def _close(connection: AsyncConnectionInterface, connections: list[AsyncConnectionInterface]) -> None:
    for position, other in enumerate(connections):
        if other is connection:
            del connections[position]
            break
    with AsyncShield(), suppress(Exception):
        await connection.aclose()
