"""Network streams around the streams of anyio and trio, for what connects with these libraries itself."""

import ssl
from typing import TYPE_CHECKING, Any

from .._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout
from ._async.interface import AsyncNetworkStream
from ._async.tls import AsyncTLSStream
from ._errors import address_name, failed, timed_out
from ._info import is_socket_readable
from ._offers import takes_offer

if TYPE_CHECKING:
    import anyio.abc
    import trio.abc


class _Wrapper(AsyncNetworkStream):
    """What is the same around both; limits of anyio hold on trio, too."""

    def __init__(self, stream: Any, *failures: type[Exception]) -> None:
        import anyio

        self._anyio = anyio
        self._stream = stream
        self._failures: tuple[type[Exception], ...] = (OSError, *failures)
        self._peer = address_name(self._extra("server_addr"))
        self._closed = False

    async def _receive(self, max_bytes: int) -> bytes:
        raise NotImplementedError

    async def _send(self, buffer: bytes) -> None:
        raise NotImplementedError

    def _extra(self, info: str) -> Any:
        raise NotImplementedError

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait until there is something, and return it."""
        if self._closed:
            raise ReadError(f"the stream is closed ({self._peer})")
        try:
            with self._anyio.fail_after(timeout):
                return await self._receive(max_bytes)
        except TimeoutError as exc:
            raise ReadTimeout(timed_out("Read", self._peer, timeout)) from exc
        except self._failures as exc:
            raise ReadError(failed(exc, self._peer)) from exc

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`."""
        try:
            with self._anyio.fail_after(timeout):
                await self._send(buffer)
        except TimeoutError as exc:
            raise WriteTimeout(timed_out("Write", self._peer, timeout)) from exc
        except self._failures as exc:
            raise WriteError(failed(exc, self._peer)) from exc

    async def aclose(self) -> None:
        """Close the stream. TLS is not shut down."""
        self._closed = True
        await self._anyio.aclose_forcefully(self._stream)

    @takes_offer
    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncNetworkStream:
        """Do a TLS handshake."""
        return await AsyncTLSStream.handshake(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """See `AsyncNetworkStream.get_extra_info()`."""
        if info == "is_readable":
            return self._closed or is_socket_readable(self._extra("socket"))
        return self._extra(info)


class AnyIOStreamWrapper(_Wrapper):
    """A network stream around one of anyio."""

    def __init__(self, stream: "anyio.abc.ByteStream") -> None:
        import anyio

        super().__init__(stream, anyio.BrokenResourceError, anyio.ClosedResourceError)

    async def _receive(self, max_bytes: int) -> bytes:
        try:
            data: bytes = await self._stream.receive(max_bytes)
            return data
        except self._anyio.EndOfStream:
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
        return self._stream.extra(attributes[info], None) if info in attributes else None


class TrioStreamWrapper(_Wrapper):
    """A network stream around one of trio."""

    def __init__(self, stream: "trio.abc.Stream") -> None:
        import trio

        self._trio = trio
        super().__init__(stream, trio.BrokenResourceError, trio.ClosedResourceError)

    async def _receive(self, max_bytes: int) -> bytes:
        return bytes(await self._stream.receive_some(max_bytes))

    async def _send(self, buffer: bytes) -> None:
        await self._stream.send_all(buffer)

    def _extra(self, info: str) -> Any:
        if info == "ssl_object":
            # It has all methods of the `ssl.SSLObject` inside.
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
