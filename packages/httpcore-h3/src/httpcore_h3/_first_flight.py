"""What is sent between the end of the handshake and its confirmation (RFC 9001 section 4.1.2)."""

import collections
import sys
from collections.abc import Callable
from typing import Any

from ._codes import Code, ConnectionFault

# Which share of the congestion window is used, namely one part of so many: qh3 sends all of it again, perhaps several
# times, and the window shrinks meanwhile.
_SHARE = 4

# How much of that has to be free, in bytes: no packet is made for a few bytes.
_LEAST_ROOM = 256

# What a part of a stream takes in packets besides its bytes, at most, unless it takes several.
_FRAME_OVERHEAD = 32


class FirstFlight:
    """Parts of streams, in order, that the core of qh3 gets only while the path has room for them.

    If the server has missed the end of the handshake, qh3 2.1 has to send that again before anything else. It cannot
    while the congestion window is full and parts of streams are held back: then nothing leaves any more.
    """

    def __init__(self, core: Any, get_send_buffer_size: Callable[[int], int]) -> None:
        self._core = core
        self._get_send_buffer_size = get_send_buffer_size
        self._parts: collections.deque[tuple[int, memoryview, bool]] = collections.deque()
        # How many bytes of each stream are among them.
        self._sizes: collections.Counter[int] = collections.Counter()
        self._is_handing_over = False

    @property
    def waits(self) -> bool:
        """Whether something is kept."""
        return bool(self._parts)

    def send(self, stream_id: int, data: bytes | memoryview, end: bool) -> None:
        """Keep bytes of a stream."""
        self._parts.append((stream_id, memoryview(bytes(data)), end))
        self._sizes[stream_id] += len(data)

    def queued(self, stream_id: int) -> int:
        """Return how many bytes of a stream wait, here or in the core, until they are sent for the first time."""
        return self._get_send_buffer_size(stream_id) + self._sizes[stream_id]

    def hand_over(self, everything: bool) -> bool:
        """Give the core what the path has room for, or all; return whether that was anything.

        Raises what the core raises, and `ConnectionFault` if a call was interrupted: some bytes may be lost.
        """
        if self._is_handing_over:
            raise ConnectionFault("Sending was interrupted", Code.INTERNAL_ERROR)
        core, parts = self._core, self._parts
        if not parts or core.state != "connected":
            return False
        room: int = core.congestion_window // _SHARE - core.bytes_in_flight
        if everything:
            room = sys.maxsize
        elif room < _LEAST_ROOM or core.get_send_buffer_size(None):
            return False
        self._is_handing_over = True
        while parts and room > _FRAME_OVERHEAD:
            stream_id, data, end = parts.popleft()
            part, rest = data[: room - _FRAME_OVERHEAD], data[room - _FRAME_OVERHEAD :]
            if rest:
                parts.appendleft((stream_id, rest, end))
            self._sizes[stream_id] -= len(part)
            room -= len(part) + _FRAME_OVERHEAD
            # The server may have asked for nothing more of the stream.
            if core.can_send_stream(stream_id):
                core.send_stream(stream_id, part, end and not rest)
        self._is_handing_over = False
        return True
