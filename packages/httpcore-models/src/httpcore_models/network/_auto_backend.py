"""The network on whichever async library runs."""

from collections.abc import Iterable

from ..concurrency import current_async_library, require
from ._async.interface import AsyncNetworkBackend, AsyncNetworkStream
from ._options import SOCKET_OPTION


class AutoBackend(AsyncNetworkBackend):
    """Connects on asyncio or trio, whichever runs; raises `RuntimeError` naming the extra that it lacks."""

    def __init__(self) -> None:
        self._backend: AsyncNetworkBackend | None = None

    def _choose(self) -> AsyncNetworkBackend:
        if self._backend is None:
            if current_async_library() == "trio":
                from ._anyio_backend import TrioBackend

                self._backend = TrioBackend()
            else:
                require("anyio", library="asyncio")
                from ._anyio_backend import AnyIOBackend

                self._backend = AnyIOBackend()
        return self._backend

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
