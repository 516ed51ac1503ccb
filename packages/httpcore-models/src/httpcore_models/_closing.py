"""Closing when `close()` may fail: other connections are closed all the same, and earlier errors are not replaced."""

from contextlib import suppress
from types import TracebackType
from typing import Protocol, TypeVar

from ._async.interfaces import AsyncConnectionInterface
from ._sync.interfaces import ConnectionInterface
from .concurrency import AsyncShield, anyio_or_trio

_T = TypeVar("_T")


class _Closable(Protocol):
    def close(self) -> None: ...


class _AsyncClosable(Protocol):
    async def aclose(self) -> None: ...


class CloseOnExit:
    """Makes an object with `close()` a context manager that closes it at the end of the block."""

    def __enter__(self: _T) -> _T:
        return self

    def __exit__(
        self: _Closable,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()


class AsyncCloseOnExit:
    """Makes an object with `aclose()` an async context manager that closes it at the end of the block."""

    async def __aenter__(self: _T) -> _T:
        return self

    async def __aexit__(
        self: _AsyncClosable,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()


def close_unopened(stream: _Closable) -> None:
    """Close a stream after opening a connection on it has failed. Errors are suppressed in favour of that failure."""
    with suppress(Exception):
        stream.close()


async def async_close_unopened(stream: _AsyncClosable) -> None:
    """Close a stream after opening a connection on it has failed. Errors are suppressed in favour of that failure.

    Closing is shielded from cancellation for `TEARDOWN_TIMEOUT` seconds.
    """
    with AsyncShield(), suppress(Exception):
        await stream.aclose()


def close_all(connections: list[ConnectionInterface]) -> None:
    """Close each connection and remove it from the list. Errors are suppressed.

    An exception from a signal handler ends the closing of one connection. It is raised after the others are closed.
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
    """Close all connections concurrently, each within `TEARDOWN_TIMEOUT` seconds, and empty the list.

    Errors are suppressed. Cancellation does not stop the closing, except for asyncio's own `task.cancel()`, which no
    scope holds off: it ends each `aclose()` at its next wait. Connections have to release their sockets even then.
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
            # The task for this one was cancelled before it had started.
            with anyio.move_on_after(0, shield=True):
                await _close(connections[0], connections)


async def _close(connection: AsyncConnectionInterface, connections: list[AsyncConnectionInterface]) -> None:
    for position, other in enumerate(connections):
        if other is connection:
            del connections[position]
            break
    with AsyncShield(), suppress(Exception):
        await connection.aclose()
