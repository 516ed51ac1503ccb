"""A backend for a worse path: datagrams take another way than streams."""

import collections
from collections.abc import Iterable

from httpcore_models import SOCKET_OPTION, AsyncNetworkStream, AutoBackend
from httpcore_models.network import AsyncDatagramStream


class AsyncDetour(AutoBackend):
    """Sends datagrams to `udp_port` instead of the port that is asked for. `calls` are the last calls, with a time."""

    def __init__(self, udp_port: int) -> None:
        super().__init__()
        self.udp_port = udp_port
        self.calls: collections.deque[tuple[str, float | None]] = collections.deque(maxlen=100)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect."""
        self.calls.append(("tcp", timeout))
        return await super().connect_tcp(host, port, timeout, local_address, socket_options)

    async def connect_udp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncDatagramStream:
        """Connect to the other port."""
        self.calls.append(("udp", timeout))
        return await super().connect_udp(host, self.udp_port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        self.calls.append(("sleep", seconds))
        await super().sleep(seconds)
