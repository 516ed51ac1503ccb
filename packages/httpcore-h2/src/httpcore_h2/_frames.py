"""Cutting the incoming bytes into frames (RFC 9113 section 4.1), and telling a flood of them from traffic.

h2 reads the frames, one at a time: so an error in one loses nothing of those before it, and a GOAWAY, after which h2
would refuse the frames of streams that the server still answers, can be kept from it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from httpcore_models import RemoteProtocolError

# Frame types, RFC 9113 section 6.
DATA, HEADERS, SETTINGS, GOAWAY, CONTINUATION = 0x0, 0x1, 0x4, 0x7, 0x9

HEADER_LENGTH = 9

# Frames that bring nothing, such as PING, empty DATA or SETTINGS, cost work all the same. So many may come at once,
# as in Go's net/http, and so many a second for ever after.
_IDLE_FRAMES = 10_000
_IDLE_FRAMES_PER_SECOND = 100.0


class Frame(NamedTuple):
    """A frame: its type, its stream, and all of it as received, header included."""

    type: int
    stream_id: int
    raw: bytes


class FrameReader:
    """Cuts bytes into frames."""

    def __init__(self, max_frame_size: int) -> None:
        """`max_frame_size` is the longest payload, in bytes, that the peer was allowed to send."""
        self._max_frame_size = max_frame_size
        self._buffer = bytearray()
        self._first = True

    @property
    def incomplete(self) -> int:
        """How many bytes of an incomplete frame there are."""
        return len(self._buffer)

    def receive_data(self, data: bytes) -> Iterator[Frame]:
        """Take bytes, and yield the frames that are complete. Raises `RemoteProtocolError` for what can be none."""
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= HEADER_LENGTH:
                if self._first:
                    self._check_preface()
                length = int.from_bytes(buffer[start : start + 3], "big")
                if length > self._max_frame_size:
                    raise RemoteProtocolError(f"Received a frame of {length} bytes; {self._max_frame_size} are allowed")
                end = start + HEADER_LENGTH + length
                if end > len(buffer):
                    return
                stream_id = int.from_bytes(buffer[start + 5 : start + 9], "big") & 0x7FFFFFFF
                frame = Frame(buffer[start + 3], stream_id, bytes(buffer[start:end]))
                start = end
                yield frame
        finally:
            del buffer[:start]

    def _check_preface(self) -> None:
        # RFC 9113 section 3.4: the first frame is SETTINGS. Servers without HTTP/2 answer in plain text instead.
        if self._buffer.startswith(b"HTTP/"):
            line = bytes(self._buffer[:64]).splitlines()[0].decode("ascii", "backslashreplace")
            raise RemoteProtocolError(f"Server answered with HTTP/1 instead of HTTP/2: {line!r}")
        if self._buffer[3] != SETTINGS:
            raise RemoteProtocolError(f"Server did not begin with a SETTINGS frame: {bytes(self._buffer[:9])!r}")
        self._first = False


class FloodGuard:
    """Counts frames that bring nothing; `now` is the time in seconds."""

    def __init__(self) -> None:
        self._budget = float(_IDLE_FRAMES)
        self._since: float | None = None

    def progress(self) -> None:
        """Something was transferred, in either direction."""
        self._budget = float(_IDLE_FRAMES)

    def idle_frame(self, now: float) -> None:
        """A frame came that brought nothing. Raises `RemoteProtocolError` when there are too many of them."""
        if self._since is not None:
            self._budget = min(_IDLE_FRAMES, self._budget + (now - self._since) * _IDLE_FRAMES_PER_SECOND)
        self._since = now
        self._budget -= 1
        if self._budget < 0:
            raise RemoteProtocolError(f"Received more than {_IDLE_FRAMES} frames in a row that transfer nothing")
