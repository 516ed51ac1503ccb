"""The network on whichever async library runs."""

from collections.abc import Iterable

from ..concurrency import current_async_library, require
from ._async.interface import AsyncNetworkBackend, AsyncNetworkStream
from ._options import SOCKET_OPTION


class AutoBackend(AsyncNetworkBackend):
    """Connects on asyncio or trio, whichever runs; raises `RuntimeError` naming the extra that it lacks."""

    def __init__(self) -> None:
        self._backend: AsyncNetworkBackend | None = None
        self._made: AsyncNetworkBackend | None = None
        self._library: str | None = None

    async def _init_backend(self) -> None:
        """Make `_backend`, for programs that wrap it."""
        self._choose()

    def _choose(self) -> AsyncNetworkBackend:
        if self._backend is not None and self._backend is not self._made:
            # Guards of programs take its place, as they could in httpcore 1.0.
            return self._backend
        library = current_async_library()
        if self._backend is None or self._library != library:
            self._library = library
            if library == "asyncio":
                require("anyio", library=library)
            self._backend = self._made = self._backend_of(library)
        return self._backend

    def _backend_of(self, library: str) -> AsyncNetworkBackend:
        """Make the backend of `"asyncio"` or `"trio"`."""
        from ._anyio_backend import AnyIOBackend, TrioBackend

        return TrioBackend() if library == "trio" else AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect with the backend of the running library."""
        return await self._choose().connect_tcp(host, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect with the backend of the running library."""
        return await self._choose().connect_unix_socket(path, timeout, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Sleep with the backend of the running library."""
        await self._choose().sleep(seconds)
