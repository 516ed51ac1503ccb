# Generated from ../_async/detours.py by tools/make_sync.py: edit that file, then run it.
"""A backend for a worse path: datagrams take another way than streams."""

import collections
from typing import Any

from httpcore_models import NetworkStream, SyncBackend
from httpcore_models.network import DatagramStream


class Detour(SyncBackend):
    """Sends datagrams to `udp_port` instead of the port that is asked for. `calls` are the last calls, with a time."""

    def __init__(self, udp_port: int) -> None:
        super().__init__()
        self.udp_port = udp_port
        self.calls: collections.deque[tuple[str, float | None]] = collections.deque(maxlen=100)

    def connect_tcp(self, *arguments: Any, **options: Any) -> NetworkStream:
        """Connect."""
        self.calls.append(("tcp", options["timeout"]))
        return super().connect_tcp(*arguments, **options)

    def connect_udp(self, *arguments: Any, **options: Any) -> DatagramStream:
        """Connect to the other port."""
        self.calls.append(("udp", options["timeout"]))
        return super().connect_udp(*arguments, **{**options, "port": self.udp_port})

    def sleep(self, seconds: float) -> None:
        """Sleep."""
        self.calls.append(("sleep", seconds))
        super().sleep(seconds)
