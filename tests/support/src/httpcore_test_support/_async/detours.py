"""A backend for a worse path: datagrams take another way than streams."""

import collections
from typing import Any

from httpcore_models import AsyncNetworkStream, AutoBackend
from httpcore_models.network import AsyncDatagramStream


class AsyncDetour(AutoBackend):
    """Sends datagrams to `udp_port` instead of the port that is asked for. `calls` are the last calls, with a time."""

    def __init__(self, udp_port: int) -> None:
        super().__init__()
        self.udp_port = udp_port
        self.calls: collections.deque[tuple[str, float | None]] = collections.deque(maxlen=100)

    async def connect_tcp(self, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        """Connect."""
        self.calls.append(("tcp", options["timeout"]))
        return await super().connect_tcp(*arguments, **options)

    async def connect_udp(self, *arguments: Any, **options: Any) -> AsyncDatagramStream:
        """Connect to the other port."""
        self.calls.append(("udp", options["timeout"]))
        return await super().connect_udp(*arguments, **{**options, "port": self.udp_port})

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        self.calls.append(("sleep", seconds))
        await super().sleep(seconds)
