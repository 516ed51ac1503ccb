"""Streams on asyncio's transports, from connected sockets. Imported once one is made."""

import asyncio
import socket

from .asyncio_stream import AsyncioStream


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
