"""Network streams around the streams of anyio and trio, for connections that these libraries have opened."""

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any

from ..._buffers import as_bytes
from ..._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout
from ...concurrency import anyio_or_trio
from .._error_texts import address_name, closed_text, failure_text, timeout_text
from .._readiness import is_socket_readable
from .loop_bound import LoopBoundStream

if TYPE_CHECKING:
    import anyio.abc
    import trio.abc


# How many times anyio's streams yield to the event loop, at most, while they close.
_YIELDS_WHILE_CLOSING = 4


class _Wrapper(LoopBoundStream):
    """What the wrappers of both libraries' streams have in common."""

    def __init__(self, stream: Any, peer: str | None, *failures: type[Exception]) -> None:
        super().__init__()
        self._stream = stream
        self._failures: tuple[type[Exception], ...] = (OSError, ValueError, *failures)
        self._peer = address_name(self._extra("server_addr")) if peer is None else peer

    async def _receive(self, max_bytes: int) -> bytes:
        raise NotImplementedError

    async def _send(self, buffer: bytes) -> None:
        raise NotImplementedError

    def _extra(self, info: str) -> Any:
        raise NotImplementedError

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has been received, or wait for it."""
        if self._closed:
            raise ReadError(closed_text(self._peer))
        data: bytes | None = None
        try:
            with anyio_or_trio().move_on_after(timeout):
                data = await self._receive(max_bytes)
        except self._failures as exc:
            raise ReadError(self._text(exc)) from exc
        if self._closed:
            raise ReadError(closed_text(self._peer))
        if data is None:
            raise ReadTimeout(timeout_text("The read operation", self._peer, timeout)) from TimeoutError()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`."""
        if self._closed:
            raise WriteError(closed_text(self._peer))
        sent = False
        try:
            with anyio_or_trio().move_on_after(timeout):
                await self._send(bytes(as_bytes(buffer)))
                sent = True
        except self._failures as exc:
            raise WriteError(self._text(exc)) from exc
        if not sent:
            raise WriteTimeout(timeout_text("The write operation", self._peer, timeout)) from TimeoutError()

    def _text(self, exc: Exception) -> str:
        return closed_text(self._peer) if self._closed else failure_text(exc, self._peer)

    async def aclose(self) -> None:
        """Close the stream. TLS is not shut down."""
        self._closed = True
        done = False
        try:
            with anyio_or_trio().CancelScope() as scope:
                scope.cancel()
                await self._stream.aclose()
                done = True
        finally:
            # In older releases of anyio, and if the task is cancelled meanwhile, what is left would still be sent.
            if not done and os.getpid() == self._process:
                transport = getattr(self._stream, "_transport", None)  # of a stream of anyio on asyncio
                if transport is None:
                    self._shut_down()
                else:
                    transport.abort()

    def _close_copy(self) -> None:
        """Leave the copy to the garbage collector: closing it here would change the parent's selector."""

    def _close_in_loop(self) -> None:
        self._begin_to_close()

    def _close_without_loop(self) -> None:
        self._shut_down()

    def _begin_to_close(self) -> None:
        """Run `aclose()` of the stream without awaiting it. In both libraries that is enough to close the socket."""
        closing = self._stream.aclose()
        try:
            for _ in range(_YIELDS_WHILE_CLOSING):
                if closing.send(None) is not None:
                    break
            closing.close()
        except StopIteration:
            return
        except self._failures:
            pass
        except RuntimeError:
            pass  # the library says that this is no task
        self._shut_down()

    def _shut_down(self) -> None:
        """End the connection below the stream. This wakes the tasks that wait for it, in any thread."""
        sock = self._extra("socket")
        if sock is not None:
            # The libraries hand out objects that lack some methods of a socket.
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(sock.fileno())) as duplicate:
                duplicate.shutdown(socket.SHUT_RDWR)

    def get_extra_info(self, info: str) -> Any:
        """See `AsyncNetworkStream.get_extra_info()`."""
        if info == "is_readable":
            return self._closed or is_socket_readable(self._extra("socket"))
        return self._extra(info)


class AnyIOStreamWrapper(_Wrapper):
    """A network stream around one of anyio."""

    def __init__(self, stream: "anyio.abc.ByteStream", peer: str | None = None) -> None:
        import anyio

        self._end = anyio.EndOfStream
        super().__init__(
            stream,
            peer,
            anyio.BrokenResourceError,
            anyio.BusyResourceError,
            anyio.ClosedResourceError,
            anyio.EndOfStream,
        )

    async def _receive(self, max_bytes: int) -> bytes:
        try:
            data: bytes = await self._stream.receive(max_bytes)
            return data
        except self._end:
            return b""

    async def _send(self, buffer: bytes) -> None:
        await self._stream.send(buffer)

    def _extra(self, info: str) -> Any:
        from anyio.abc import SocketAttribute
        from anyio.streams.tls import TLSAttribute

        attributes: dict[str, Any] = {
            "ssl_object": TLSAttribute.ssl_object,
            "client_addr": SocketAttribute.local_address,
            "server_addr": SocketAttribute.remote_address,
            "socket": SocketAttribute.raw_socket,
        }
        if info not in attributes:
            return None
        try:
            return self._stream.extra(attributes[info], None)
        except (OSError, AttributeError):
            # The connection is lost, or this is a replacement for a stream, which may know nothing at all.
            return None


class TrioStreamWrapper(_Wrapper):
    """A network stream around one of trio."""

    def __init__(self, stream: "trio.abc.Stream", peer: str | None = None) -> None:
        import trio

        self._trio = trio
        super().__init__(stream, peer, trio.BrokenResourceError, trio.BusyResourceError, trio.ClosedResourceError)

    async def _receive(self, max_bytes: int) -> bytes:
        return bytes(await self._stream.receive_some(max_bytes))

    async def _send(self, buffer: bytes) -> None:
        await self._stream.send_all(buffer)

    def _extra(self, info: str) -> Any:
        if info == "ssl_object":
            # It has all methods of its `ssl.SSLObject`.
            return self._stream if isinstance(self._stream, self._trio.SSLStream) else None
        stream = self._stream
        while isinstance(stream, self._trio.SSLStream):
            stream = stream.transport_stream
        sock = stream.socket if isinstance(stream, self._trio.SocketStream) else None
        if info == "socket" or sock is None:
            return sock
        if info == "client_addr":
            return sock.getsockname()
        return sock.getpeername() if info == "server_addr" else None


def _methods(kind: type[_Wrapper]) -> tuple[object, ...]:
    return kind.__init__, kind.read, kind.write, kind.aclose, kind.start_tls, kind.get_extra_info


_own_methods: dict[type[_Wrapper], tuple[object, ...]] = {
    kind: _methods(kind) for kind in (AnyIOStreamWrapper, TrioStreamWrapper)
}


def has_patched_methods(kind: type[_Wrapper]) -> bool:
    """Whether a program has replaced methods of one of these classes, to pin certificates or to see what is sent."""
    return _methods(kind) != _own_methods[kind]
