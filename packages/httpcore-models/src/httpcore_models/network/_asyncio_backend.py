"""The network on asyncio: see `_asyncio_stream`."""

import asyncio
import os
import socket
from collections.abc import Iterable

from ._async.interface import AsyncNetworkBackend, AsyncNetworkStream
from ._asyncio_stream import AsyncioStream
from ._connecting import open_tcp_socket, open_unix_socket
from ._errors import peer_name
from ._options import SOCKET_OPTION


class AsyncioBackend(AsyncNetworkBackend):
    """Connects on asyncio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers."""
        sock = await open_tcp_socket(host, port, timeout, local_address, socket_options)
        return await open_stream(sock, peer_name(host, port))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to a Unix domain socket."""
        return await open_stream(await open_unix_socket(path, timeout, socket_options), os.fspath(path))

    async def sleep(self, seconds: float) -> None:
        """Suspend this task for `seconds`."""
        await asyncio.sleep(seconds)


async def open_stream(sock: socket.socket, peer: str) -> AsyncioStream:
    """Return a stream on a connected non-blocking socket, which is closed if that fails."""
    loop = asyncio.get_running_loop()
    stream = AsyncioStream(sock, peer)
    try:
        if sock.family == getattr(socket, "AF_UNIX", None):
            await loop.create_unix_connection(lambda: stream, sock=sock)
        else:
            await loop.create_connection(lambda: stream, sock=sock)
    except BaseException:
        sock.close()
        raise
    return stream
