"""A backend for time limits that end only after connecting."""

from collections.abc import Iterable

from httpcore_models import SOCKET_OPTION, AsyncNetworkStream, AutoBackend


class AsyncUnhurriedBackend(AutoBackend):
    """Connects in 10 seconds, whatever the limit is, which a busy machine may exceed with that already."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect."""
        return await super().connect_tcp(host, port, 10.0, local_address, socket_options)
