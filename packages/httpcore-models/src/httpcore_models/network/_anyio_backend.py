"""The network on anyio and on trio, on plain sockets that the event loop watches."""

import socket
import ssl
from collections.abc import Iterable
from typing import Any

from .._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout
from ._async.interface import AsyncNetworkBackend, AsyncNetworkStream
from ._async.tls import AsyncTLSStream
from ._errors import failed, peer_name, timed_out
from ._info import is_socket_readable
from ._offers import takes_offer
from ._options import SOCKET_OPTION

# How many bytes may be written before other tasks get a turn.
_WRITE_LIMIT = 256 * 1024


class AnyIOStream(AsyncNetworkStream):
    """A connected non-blocking socket."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        import anyio

        self._anyio = anyio
        self._sock = sock
        self._peer = peer
        self._unsent = b""
        self._written = 0  # bytes since other tasks were given a turn

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait until there is something, and return it."""
        try:
            with self._anyio.fail_after(timeout):
                # Waiting first makes every read a checkpoint, so that a fast peer cannot keep other tasks from
                # running, and spares the attempt that would find nothing.
                while True:
                    await self._anyio.wait_readable(self._sock)
                    data = self.receive_nowait(max_bytes)
                    if data is not None:
                        return data
        except TimeoutError as exc:
            raise ReadTimeout(timed_out("Read", self._peer, timeout)) from exc
        except (OSError, ValueError, self._anyio.ClosedResourceError) as exc:  # ValueError: closed before
            raise ReadError(failed(exc, self._peer)) from exc

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what is there, `b""` at the end of stream, or `None` if a read would wait. Raises `ReadError`."""
        try:
            return self._sock.recv(max_bytes)
        except BlockingIOError:
            return None
        except OSError as exc:
            raise ReadError(failed(exc, self._peer)) from exc

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`, after what an interrupted write has left."""
        rest = memoryview(self._unsent + buffer if self._unsent else buffer)
        self._unsent = b""
        try:
            if self._written > _WRITE_LIMIT:
                self._written = 0
                await self._anyio.lowlevel.checkpoint()
            else:
                await self._anyio.lowlevel.checkpoint_if_cancelled()
            self._written += len(rest)
            while rest:
                try:
                    rest = rest[self._sock.send(rest) :]
                except BlockingIOError:
                    with self._anyio.fail_after(timeout):
                        await self._anyio.wait_writable(self._sock)
        except TimeoutError as exc:
            raise WriteTimeout(timed_out("Write", self._peer, timeout)) from exc
        except (OSError, self._anyio.ClosedResourceError) as exc:
            raise WriteError(failed(exc, self._peer)) from exc
        finally:
            self._unsent = bytes(rest)

    async def aclose(self) -> None:
        """Close the socket."""
        if self._sock.fileno() >= 0:
            self._anyio.notify_closing(self._sock)
            self._sock.close()

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
            return is_socket_readable(self._sock)
        if info == "socket":
            return self._sock
        if info == "client_addr":
            return self._sock.getsockname()
        if info == "server_addr":
            return self._sock.getpeername()
        return True if info == "keeps_unsent" else None


class _SocketBackend(AsyncNetworkBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers."""
        from ._connecting import open_tcp_socket

        sock = await open_tcp_socket(host, port, timeout, local_address, socket_options)
        return AnyIOStream(sock, peer_name(host, port))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to a Unix domain socket."""
        from ._connecting import open_unix_socket

        return AnyIOStream(await open_unix_socket(path, timeout, socket_options), path)

    async def sleep(self, seconds: float) -> None:
        """Suspend this task for `seconds`."""
        import anyio

        await anyio.sleep(seconds)


class AnyIOBackend(_SocketBackend):
    """Connects on asyncio or trio, whichever runs. Raises `RuntimeError` where anyio is missing."""

    def __init__(self) -> None:
        _require("AnyIOBackend", "anyio", extra="asyncio")


class TrioBackend(_SocketBackend):
    """Connects on trio. Raises `RuntimeError` where trio or anyio is missing."""

    def __init__(self) -> None:
        _require("TrioBackend", "trio", extra="trio")
        _require("TrioBackend", "anyio", extra="trio")


def _require(name: str, module: str, *, extra: str) -> None:
    try:
        __import__(module)
    except ImportError as exc:
        raise RuntimeError(
            f"Attempted to use 'httpcore.{name}' but '{module}' is not installed. Use 'pip install httpcore[{extra}]'."
        ) from exc
