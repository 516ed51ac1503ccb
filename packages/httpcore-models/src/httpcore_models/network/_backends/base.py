"""What the backends for anyio and trio have in common."""

import os
import socket
from collections.abc import Iterable
from typing import ClassVar

from ..._arguments import enforce_port
from ..._optional_packages import require
from ...concurrency import anyio_or_trio, current_async_library
from .._async.interface import AsyncNetworkBackend, AsyncNetworkStream
from .._error_texts import peer_name
from .._socket_options import SOCKET_OPTION


class AsyncSocketBackend(AsyncNetworkBackend):
    """Connects by itself, or by those functions of `_library` that a program has replaced."""

    _library: ClassVar[str]
    """The package whose functions programs replace: `"anyio"` or `"trio"`."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers."""
        # Not imported before the first connection: these import asyncio.
        from .._connecting import connect_async, monkeypatched

        enforce_port(host, port)
        if monkeypatched.is_patched(self._library, "tcp"):
            return await monkeypatched.connect_tcp(self._library, host, port, timeout, local_address, socket_options)
        sock = await connect_async.open_tcp_socket(host, port, timeout, local_address, socket_options)
        return await _stream_on(sock, peer_name(host, port))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to a Unix domain socket."""
        from .._connecting import connect_async, monkeypatched

        if monkeypatched.is_patched(self._library, "unix"):
            return await monkeypatched.connect_unix_socket(self._library, path, timeout, socket_options)
        sock = await connect_async.open_unix_socket(path, timeout, socket_options)
        return await _stream_on(sock, os.fspath(path))

    async def sleep(self, seconds: float) -> None:
        """Suspend this task for `seconds`."""
        await anyio_or_trio().sleep(seconds)


async def _stream_on(sock: socket.socket, peer: str) -> AsyncNetworkStream:
    if current_async_library() == "asyncio":
        from .._streams.asyncio_stream import open_stream

        return await open_stream(sock, peer)
    from .._streams.trio_stream import TrioStream

    return TrioStream(sock, peer)


def require_for(name: str, module: str, *, extra: str) -> None:
    """Raise `RuntimeError` if `module`, which the backend called `name` needs, is missing."""
    require(
        module,
        f"Attempted to use 'httpcore.{name}' but '{module}' is not installed. Use 'pip install httpcore[{extra}]'.",
    )
