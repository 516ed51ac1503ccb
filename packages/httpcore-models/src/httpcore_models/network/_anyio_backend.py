"""The network on asyncio and trio, for those who choose by name."""

import os
import socket
from collections.abc import Iterable

from ..concurrency import current_async_library, vocabulary
from ._async.interface import AsyncNetworkBackend, AsyncNetworkStream
from ._errors import peer_name
from ._options import SOCKET_OPTION


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
        return await _open_stream(sock, peer_name(host, port))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to a Unix domain socket."""
        from ._connecting import open_unix_socket

        return await _open_stream(await open_unix_socket(path, timeout, socket_options), os.fspath(path))

    async def sleep(self, seconds: float) -> None:
        """Suspend this task for `seconds`."""
        await vocabulary().sleep(seconds)


async def _open_stream(sock: socket.socket, peer: str) -> AsyncNetworkStream:
    if current_async_library() == "asyncio":
        from ._asyncio_backend import open_stream

        return await open_stream(sock, peer)
    from ._trio_stream import TrioStream

    return TrioStream(sock, peer)


class AnyIOBackend(_SocketBackend):
    """Connects on asyncio or trio, whichever runs. Raises `RuntimeError` where anyio is missing."""

    def __init__(self) -> None:
        _require("AnyIOBackend", "anyio", extra="asyncio")


class TrioBackend(_SocketBackend):
    """Connects on trio. Raises `RuntimeError` where trio is missing."""

    def __init__(self) -> None:
        _require("TrioBackend", "trio", extra="trio")


def _require(name: str, module: str, *, extra: str) -> None:
    try:
        __import__(module)
    except ImportError as exc:
        raise RuntimeError(
            f"Attempted to use 'httpcore.{name}' but '{module}' is not installed. Use 'pip install httpcore[{extra}]'."
        ) from exc
