"""The network on whichever async library runs."""

from collections.abc import Iterable, Sequence

from ..._arguments import enforce_port
from ...concurrency import current_async_library, require_async_library
from .._async.datagrams import AsyncDatagramStream
from .._async.interface import AsyncNetworkBackend, AsyncNetworkStream
from .._async.resolving_backend import (
    AsyncResolvingBackend,
    async_connect_to,
    async_connect_udp,
    async_connect_udp_to,
)
from .._backend_kinds import enforce_own_connect_tcp
from .._resolving.types import AsyncResolver
from .._socket_options import SOCKET_OPTION


class AutoBackend(AsyncResolvingBackend):
    """Connects on asyncio or trio, whichever runs. One object serves both: it chooses again when the other one runs.

    `resolver` finds the addresses of hosts, see `AsyncResolver`. The default is the system's.

    Connecting raises `RuntimeError`, naming the extra to install, if what it needs for the running library is missing.
    """

    # Absent before the first use and never set by `__init__()`: programs look for it with `hasattr()`, set it to a
    # backend of their own, also in subclasses that do not call our `__init__()`, or, as TonIO does, replace
    # `_init_backend()`.
    _backend: AsyncNetworkBackend
    _chosen: AsyncNetworkBackend | None = None
    _library: str | None = None

    def __init__(self, *, resolver: AsyncResolver | None = None) -> None:
        self.resolver = resolver

    async def _init_backend(self) -> None:
        """Choose the backend, unless a program has set one."""
        backend = getattr(self, "_backend", None)
        if backend is not None and backend is not self._chosen:
            return
        library = current_async_library()
        if backend is None or self._library != library:
            if library == "asyncio":
                require_async_library(library)
            self._backend = self._chosen = self._backend_of(library)
            self._library = library

    def _backend_of(self, library: str) -> AsyncNetworkBackend:
        """Make the backend for `"asyncio"` or `"trio"`."""
        if library == "trio":
            from .trio import TrioBackend

            return TrioBackend()
        from .anyio import AnyIOBackend

        return AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect with the backend of the running library."""
        if self.resolver is not None:
            enforce_port(host, port)
            return await self._connect_resolved(host, port, timeout, local_address, socket_options)
        await self._init_backend()
        return await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)

    async def connect_tcp_to(
        self,
        addresses: Sequence[str],
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of `addresses` that answers, with the backend of the running library."""
        await self._init_backend()
        return await async_connect_to(self._backend, addresses, host, port, timeout, local_address, socket_options)

    async def connect_udp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncDatagramStream:
        """Open datagrams with the backend of the running library. Raises `ConnectError` if that cannot do it."""
        enforce_own_connect_tcp(AutoBackend, host, port)
        if self.resolver is not None:
            enforce_port(host, port)
            return await self._connect_udp_resolved(host, port, timeout, local_address, socket_options)
        await self._init_backend()
        return await async_connect_udp(self._backend, host, port, timeout, local_address, socket_options)

    async def connect_udp_to(
        self,
        addresses: Sequence[str],
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncDatagramStream:
        """Open datagrams to the first of `addresses` that it has a way to, with the backend of the running library."""
        await self._init_backend()
        return await async_connect_udp_to(self._backend, addresses, host, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect with the backend of the running library."""
        await self._init_backend()
        return await self._backend.connect_unix_socket(path, timeout, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Sleep with the backend of the running library."""
        await self._init_backend()
        await self._backend.sleep(seconds)
