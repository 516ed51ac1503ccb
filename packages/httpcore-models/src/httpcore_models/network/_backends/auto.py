"""The network on whichever async library runs."""

from collections.abc import Iterable

from ...concurrency import current_async_library, require_async_library
from .._async.interface import AsyncNetworkBackend, AsyncNetworkStream
from .._socket_options import SOCKET_OPTION


class AutoBackend(AsyncNetworkBackend):
    """Connects on asyncio or trio, whichever runs. One object serves both: it chooses again when the other one runs.

    Connecting raises `RuntimeError`, naming the extra to install, if what it needs for the running library is missing.
    """

    # Absent before the first use and never set by `__init__()`: programs look for it with `hasattr()`, set it to a
    # backend of their own, also in subclasses that do not call our `__init__()`, or, as TonIO does, replace
    # `_init_backend()`.
    _backend: AsyncNetworkBackend
    _chosen: AsyncNetworkBackend | None = None
    _library: str | None = None

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
        await self._init_backend()
        return await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)

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
