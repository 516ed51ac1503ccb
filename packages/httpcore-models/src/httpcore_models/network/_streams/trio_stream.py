"""Streams on trio: sockets that trio watches. Imported when the first stream is made."""

import contextlib
import math
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import trio

from ..._buffers import as_bytes
from ..._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout
from ...concurrency import anyio_or_trio
from .._error_texts import already_reading_text, already_writing_text, closed_text, failure_text, timeout_text
from .._readiness import is_socket_readable
from .loop_bound import LoopBoundStream

# How many bytes may be written before other tasks get a turn.
_WRITE_LIMIT = 256 * 1024


class TrioStream(LoopBoundStream):
    """A connected non-blocking socket."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        super().__init__()
        self._sock = sock
        self._peer = peer
        self._unsent = b""
        self._written = 0  # bytes since other tasks were given a turn
        self._reading = False
        self._writing = False
        self._looking = trio.CancelScope()  # around the wait of a writer for something to read
        self._handed_out: Any = None
        # What waiting and asking the operating system may raise. The last two are raised on a socket that was closed.
        self._failures = (OSError, trio.BusyResourceError, trio.ClosedResourceError, ValueError)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has been received, or wait for it."""
        if self._closed:
            raise ReadError(closed_text(self._peer))
        if self._reading:
            raise ReadError(already_reading_text(self._peer))
        try:
            self._reading = True
            if timeout is not None and timeout <= 0 and (data := self.receive_nowait(max_bytes)) is not None:
                return data
            with anyio_or_trio().move_on_after(timeout):
                # Waiting first makes every read a checkpoint, so a fast peer cannot keep other tasks from running. It
                # also saves an attempt that would find nothing.
                self._looking.cancel()  # only one task can wait to read
                while True:
                    await trio.lowlevel.wait_readable(self._sock)
                    data = self.receive_nowait(max_bytes)
                    if data is not None:
                        return data
            raise ReadTimeout(timeout_text("The read operation", self._peer, timeout)) from TimeoutError()
        except self._failures as exc:
            raise ReadError(self._text(exc)) from exc
        finally:
            self._reading = False
            if self._closed:
                self._close_unless_waited_for()

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what has been received, `b""` at the end of stream, or `None` if a read would wait.

        Raises `ReadError`.
        """
        if self._closed:
            raise ReadError(closed_text(self._peer))
        try:
            return self._sock.recv(max_bytes)
        except BlockingIOError:
            return None
        except OSError as exc:
            raise ReadError(self._text(exc)) from exc

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`, after what an interrupted write has left."""
        await self._write(as_bytes(buffer), timeout, until_readable=False)

    async def write_until_readable(self, buffer: bytes, timeout: float | None = None) -> int | None:
        """Write until something may be read; see `AsyncNetworkStream`."""
        return await self._write(as_bytes(buffer), timeout, until_readable=True)

    async def _write(self, data: bytes | memoryview, timeout: float | None, *, until_readable: bool) -> int | None:
        """Write; return `None` if everything was sent, otherwise how many bytes of `data` were taken."""
        if self._closed:
            raise WriteError(closed_text(self._peer))
        if self._writing:
            raise WriteError(already_writing_text(self._peer))
        rest = memoryview(self._unsent + data if self._unsent else data)
        deadline: float | None = None
        try:
            self._writing = True
            self._unsent = b""
            if self._written > _WRITE_LIMIT:
                self._written = 0
                await trio.lowlevel.checkpoint()
            else:
                await trio.lowlevel.checkpoint_if_cancelled()
            self._written += len(rest)
            while rest:
                try:
                    rest = rest[self._sock.send(rest) :]
                except BlockingIOError:
                    if until_readable and not self._reading and is_socket_readable(self._sock):
                        break
                    if deadline is None:  # one for all waits
                        deadline = trio.current_time() + (math.inf if timeout is None else timeout)
                    with trio.CancelScope(deadline=deadline) as scope:
                        await self._wait_for_room(until_readable)
                    if scope.cancelled_caught:
                        raise WriteTimeout(timeout_text("The write operation", self._peer, timeout)) from TimeoutError()
                    if self._closed:
                        raise WriteError(closed_text(self._peer)) from None
            if not rest:
                return None
            left = min(len(rest), len(data))
            # The rest of an interrupted write stays ours; the rest of this buffer stays the caller's.
            rest = rest[: len(rest) - left]
            return len(data) - left
        except self._failures as exc:
            raise WriteError(self._text(exc)) from exc
        finally:
            self._unsent = bytes(rest)
            self._writing = False
            if self._closed:
                self._close_unless_waited_for()

    async def _wait_for_room(self, until_readable: bool) -> None:
        """Wait until the socket can be written to, or also read from."""
        if not until_readable or self._reading:
            await trio.lowlevel.wait_writable(self._sock)
            return
        errors: list[Exception] = []

        async def wait(function: Callable[[socket.socket], Awaitable[None]]) -> None:
            try:
                await function(self._sock)
            except self._failures as exc:
                errors.append(exc)
            tasks.cancel_scope.cancel()

        async def look() -> None:
            if not self._reading:  # a read may have begun before this task: only one can wait to read
                with self._looking:
                    await wait(trio.lowlevel.wait_readable)

        self._looking = trio.CancelScope()
        async with anyio_or_trio().create_task_group() as tasks:
            tasks.start_soon(look)
            await wait(trio.lowlevel.wait_writable)
        if errors:
            raise errors.pop()  # the error refers to this frame: the list must not refer to the error

    def _text(self, exc: Exception) -> str:
        if self._closed:
            return closed_text(self._peer)
        # The words of trio's own streams.
        broken = "socket connection broken: " if isinstance(exc, OSError) else ""
        return f"{broken}{failure_text(exc, self._peer)}"

    def _close_in_loop(self) -> None:
        trio.lowlevel.notify_closing(self._sock)
        self._sock.close()

    def _close_from_outside(self) -> None:
        # Closing a descriptor does not wake the tasks that wait for it. This does, from any thread.
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _close_soon(self) -> None:
        self._close_unless_waited_for()

    def _close_without_loop(self) -> None:
        self._sock.close()

    def _close_unless_waited_for(self) -> None:
        if not (self._reading or self._writing):
            self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        """See `AsyncNetworkStream.get_extra_info()`."""
        if info == "is_readable":
            return is_socket_readable(self._sock)
        if info == "socket":
            return self._trio_socket()
        if info == "client_addr":
            return self._sock.getsockname()
        if info == "server_addr":
            return self._sock.getpeername()
        return True if info == "keeps_unsent" else None

    def _trio_socket(self) -> Any:
        """Return the socket in the form of trio's own, whose waiting methods are coroutines."""
        if self._handed_out is None:
            try:
                self._handed_out = trio.socket.from_stdlib_socket(self._sock)
            except (TypeError, OSError):  # not a socket of the standard library, or closed
                self._handed_out = self._sock
        return self._handed_out
