"""What the backends for anyio and trio have in common."""

import contextlib
import functools
import os
import socket
from collections.abc import Iterable, Sequence
from typing import ClassVar, cast

from ..._arguments import enforce_port
from ..._exceptions import ConnectError
from ..._optional_packages import require
from ...concurrency import anyio_or_trio, current_async_library, importing
from .._async.datagrams import AsyncDatagramStream
from .._async.interface import AsyncNetworkStream
from .._async.resolving_backend import AsyncResolvingBackend, async_connect_in_turn
from .._backend_kinds import enforce_own_connect_tcp
from .._error_texts import peer_name
from .._resolving.types import AsyncResolver
from .._socket_options import SOCKET_OPTION


class AsyncSocketBackend(AsyncResolvingBackend):
    """Connects by itself, or by those functions of `_library` that a program has replaced.

    `resolver` finds the addresses of hosts, see `AsyncResolver`.
    """

    _library: ClassVar[str]
    """The package whose functions programs replace: `"anyio"` or `"trio"`."""

    def __init__(self, *, resolver: AsyncResolver | None = None) -> None:
        self.resolver = resolver

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers."""
        enforce_port(host, port)
        if self.resolver is not None:
            return await self._connect_resolved(host, port, timeout, local_address, socket_options)
        _load()
        from .._connecting import connect_async, monkeypatched

        if monkeypatched.is_patched(self._library, "tcp"):
            return await monkeypatched.connect_tcp(self._library, host, port, timeout, local_address, socket_options)
        sock = await connect_async.open_tcp_socket(host, port, timeout, local_address, socket_options)
        return await _stream_on(sock, peer_name(host, port))

    async def connect_tcp_to(
        self,
        addresses: Sequence[str],
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of `addresses` that answers; see `AsyncResolvingBackend`."""
        _load()
        from .._connecting import connect_async, monkeypatched

        enforce_port(host, port)
        options = None if socket_options is None else list(socket_options)
        if monkeypatched.is_patched(self._library, "tcp"):

            async def connect(address: str, limit: float | None) -> AsyncNetworkStream:
                return await monkeypatched.connect_tcp(self._library, address, port, limit, local_address, options)

            return cast(AsyncNetworkStream, await async_connect_in_turn(connect, addresses, timeout))
        sock = await connect_async.open_tcp_socket(host, port, timeout, local_address, options, addresses)
        return await _stream_on(sock, peer_name(host, port))

    async def connect_udp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncDatagramStream:
        """Open datagrams to the first of the host's addresses that the system has a way to; see `AsyncNetworkBackend`.

        Raises `ConnectError` if a program has replaced the functions that connect over TCP, since UDP might bypass what
        they do, and if the event loop cannot watch sockets.
        """
        enforce_port(host, port)
        if self.resolver is not None:
            return await self._connect_udp_resolved(host, port, timeout, local_address, socket_options)
        return await self._datagrams(host, port, timeout, local_address, socket_options)

    async def connect_udp_to(
        self,
        addresses: Sequence[str],
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncDatagramStream:
        """Open datagrams to the first of `addresses` that the system has a way to; see `AsyncResolvingBackend`."""
        enforce_port(host, port)
        return await self._datagrams(host, port, timeout, local_address, socket_options, addresses)

    async def _datagrams(
        self,
        host: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[SOCKET_OPTION] | None,
        addresses: Sequence[str] | None = None,
    ) -> AsyncDatagramStream:
        _load()
        from .._connecting import connect_async, monkeypatched

        enforce_own_connect_tcp(AsyncSocketBackend, host, port)
        peer = peer_name(host, port)
        if monkeypatched.is_patched(self._library, "tcp"):
            raise ConnectError(f"The program has replaced what connects over TCP, and UDP might bypass it ({peer})")
        sock = await connect_async.open_udp_targets(host, port, timeout, local_address, socket_options, addresses)
        return _datagrams_on(sock, peer)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to a Unix domain socket."""
        _load()
        from .._connecting import connect_async, monkeypatched

        if monkeypatched.is_patched(self._library, "unix"):
            return await monkeypatched.connect_unix_socket(self._library, path, timeout, socket_options)
        sock = await connect_async.open_unix_socket(path, timeout, socket_options)
        return await _stream_on(sock, os.fspath(path))

    async def sleep(self, seconds: float) -> None:
        """Suspend this task for `seconds`."""
        await anyio_or_trio().sleep(seconds)


def _load() -> None:
    """Import what the first connection needs. Not before, since that imports asyncio."""
    with contextlib.suppress(RuntimeError):  # in sync code, where connecting raises an error
        _load_for(current_async_library())


@functools.cache
def _load_for(library: str) -> None:
    with importing.lock, contextlib.suppress(Exception):  # whoever needs what is missing says so
        from .._connecting import connect_async, monkeypatched  # noqa: F401

        if library == "asyncio":
            import concurrent.futures.thread  # noqa: F401 - for the resolver

            from .._streams import asyncio_stream  # noqa: F401
        else:
            from .._streams import trio_stream  # noqa: F401


async def _stream_on(sock: socket.socket, peer: str) -> AsyncNetworkStream:
    if current_async_library() == "asyncio":
        from .._streams.asyncio_stream import open_stream

        return await open_stream(sock, peer)
    from .._streams.trio_stream import TrioStream

    return TrioStream(sock, peer)


def _datagrams_on(sock: socket.socket, peer: str) -> AsyncDatagramStream:
    if current_async_library() == "asyncio":
        from .._streams.asyncio_datagrams import open_datagrams

        return open_datagrams(sock, peer)
    from .._streams.trio_datagrams import TrioDatagramStream

    return TrioDatagramStream(sock, peer)


def require_for(name: str, module: str, *, extra: str) -> None:
    """Raise `RuntimeError` if `module`, which the backend called `name` needs, is missing."""
    require(
        module,
        f"Attempted to use 'httpcore.{name}' but '{module}' is not installed. Use 'pip install httpcore[{extra}]'.",
    )
