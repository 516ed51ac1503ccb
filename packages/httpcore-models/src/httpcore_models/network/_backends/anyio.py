"""The network on asyncio and trio, for those who choose by name."""

import os
import socket
from collections.abc import Iterable

from ..._arguments import enforce_port
from ...concurrency import anyio_or_trio, current_async_library
from .._async.interface import AsyncNetworkBackend, AsyncNetworkStream
from .._error_texts import peer_name
from .._socket_options import SOCKET_OPTION


class AnyIOBackend(AsyncNetworkBackend):
    """Connects on asyncio or trio, whichever runs. Raises `RuntimeError` where anyio is missing."""

    def __init__(self) -> None:
        _require("AnyIOBackend", "anyio", extra="asyncio")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers."""
        from .._connecting import monkeypatched

        enforce_port(host, port)
        if not monkeypatched.anyio_is_patched("connect_tcp"):
            return await _connect_tcp(host, port, timeout, local_address, socket_options)
        arguments = {"remote_host": host, "remote_port": port, "local_host": local_address}
        peer = peer_name(host, port)
        return await monkeypatched.connect_with("anyio", "connect_tcp", peer, timeout, socket_options, **arguments)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to a Unix domain socket."""
        from .._connecting import monkeypatched

        if not monkeypatched.anyio_is_patched("connect_unix"):
            return await _connect_unix(path, timeout, socket_options)
        peer = os.fspath(path)
        return await monkeypatched.connect_with("anyio", "connect_unix", peer, timeout, socket_options, path=path)

    async def sleep(self, seconds: float) -> None:
        """Suspend this task for `seconds`."""
        await anyio_or_trio().sleep(seconds)


class TrioBackend(AsyncNetworkBackend):
    """Connects on trio. Raises `RuntimeError` where trio is missing."""

    def __init__(self) -> None:
        _require("TrioBackend", "trio", extra="trio")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers."""
        from .._connecting import monkeypatched

        enforce_port(host, port)
        if not monkeypatched.trio_is_patched("open_tcp_stream"):
            return await _connect_tcp(host, port, timeout, local_address, socket_options)
        arguments = {"host": host, "port": port, "local_address": local_address}
        peer = peer_name(host, port)
        return await monkeypatched.connect_with("trio", "open_tcp_stream", peer, timeout, socket_options, **arguments)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to a Unix domain socket."""
        from .._connecting import monkeypatched

        if not monkeypatched.trio_is_patched("open_unix_socket"):
            return await _connect_unix(path, timeout, socket_options)
        peer = os.fspath(path)
        return await monkeypatched.connect_with(
            "trio", "open_unix_socket", peer, timeout, socket_options, filename=path
        )

    async def sleep(self, seconds: float) -> None:
        """Suspend this task for `seconds`."""
        await anyio_or_trio().sleep(seconds)


async def _connect_tcp(
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
) -> AsyncNetworkStream:
    from .._connecting.connect_async import open_tcp_socket

    return await _open_stream(
        await open_tcp_socket(host, port, timeout, local_address, socket_options), peer_name(host, port)
    )


async def _connect_unix(
    path: str, timeout: float | None, socket_options: Iterable[SOCKET_OPTION] | None
) -> AsyncNetworkStream:
    from .._connecting.connect_async import open_unix_socket

    return await _open_stream(await open_unix_socket(path, timeout, socket_options), os.fspath(path))


async def _open_stream(sock: socket.socket, peer: str) -> AsyncNetworkStream:
    if current_async_library() == "asyncio":
        from .._streams.asyncio_opening import open_stream

        return await open_stream(sock, peer)
    from .._streams.trio_stream import TrioStream

    return TrioStream(sock, peer)


def _require(name: str, module: str, *, extra: str) -> None:
    try:
        __import__(module)
    except ImportError as exc:
        raise RuntimeError(
            f"Attempted to use 'httpcore.{name}' but '{module}' is not installed. Use 'pip install httpcore[{extra}]'."
        ) from exc
