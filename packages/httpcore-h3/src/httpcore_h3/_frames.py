"""Frames on the wire (RFC 9114 section 7): building them, and reading them as their bytes arrive."""

from ._codes import Code, ConnectionFault

DATA = 0x0
HEADERS = 0x1
CANCEL_PUSH = 0x3
SETTINGS = 0x4
PUSH_PROMISE = 0x5
GOAWAY = 0x7
MAX_PUSH_ID = 0xD

#: Types of frames of HTTP/2 that have no meaning in HTTP/3, and must not be used (RFC 9114 section 11.2.1).
RESERVED = (0x2, 0x6, 0x8, 0x9)

_KNOWN = frozenset({DATA, HEADERS, CANCEL_PUSH, SETTINGS, PUSH_PROMISE, GOAWAY, MAX_PUSH_ID, *RESERVED})

#: How many bytes a frame may take that is kept until it is complete: any but DATA.
MAX_FRAME_SIZE = 100 * 1024

# A type and a length take up to 8 bytes each.
_MAX_VARINT = 8


def encode_varint(value: int) -> bytes:
    """Return a number of up to 62 bits as bytes (RFC 9000 section 16)."""
    if value < 0x40:
        return value.to_bytes(1, "big")
    if value < 0x4000:
        return (value | 0x4000).to_bytes(2, "big")
    if value < 0x40000000:
        return (value | 0x80000000).to_bytes(4, "big")
    return (value | 0xC000000000000000).to_bytes(8, "big")


def read_varint(data: bytes, start: int) -> tuple[int, int] | None:
    """Return the number that begins at `start` and the position behind it, or `None` if it is not complete."""
    if start >= len(data):
        return None
    first = data[start]
    if first < 0x40:
        return first, start + 1
    size = 1 << (first >> 6)
    if len(data) - start < size:
        return None
    value = int.from_bytes(data[start : start + size], "big") & ((1 << (8 * size - 2)) - 1)
    return value, start + size


def build_frame(frame_type: int, payload: bytes) -> bytes:
    """Return a frame."""
    return encode_varint(frame_type) + encode_varint(len(payload)) + payload


class FrameReader:
    """Cuts the bytes of one stream into frames.

    The parts of DATA frames are handed on as they arrive. Other frames are kept until they are complete, and frames of
    unknown types are skipped (RFC 9114 section 9).
    """

    __slots__ = ("_kept", "_left", "_type")

    def __init__(self) -> None:
        # The frame that has begun, if one has, and how many bytes are missing of it.
        self._type: int | None = None
        self._left = 0
        # What has arrived of it, or of the next type and length.
        self._kept = b""

    @property
    def is_between_frames(self) -> bool:
        """Whether the stream may end here."""
        return self._type is None and not self._kept

    def receive(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return type and payload of each frame, or part of a DATA frame, that `data` brings.

        Raises `ConnectionFault` if a frame is too large to be kept.
        """
        frames: list[tuple[int, bytes]] = []
        position, size = 0, len(data)
        if self._type is None and not self._kept:
            # Small messages are nothing but complete heads and bodies.
            while position < size - 2:
                frame_type, length, third = data[position : position + 3]
                start = position + 2
                if length >= 0x40:
                    if length >= 0x80:
                        break
                    start += 1
                    length = (length & 0x3F) << 8 | third
                end = start + length
                if end > size or frame_type > HEADERS:
                    break
                if length or frame_type:
                    frames.append((frame_type, data[start:end]))
                position = end
            if position == size:
                return frames
        while True:
            if self._type is None:
                if self._kept:
                    data, position = self._kept + data[position:], 0
                    self._kept, size = b"", len(data)
                header = self._read_header(data, position)
                if header is None:
                    return frames
                self._type, self._left, position = header
            available = size - position
            part_size = self._left if self._left <= available else available
            complete = part_size == self._left
            frame_type = self._type
            if frame_type == DATA:
                if part_size:
                    frames.append((DATA, data[position : position + part_size]))
            elif frame_type in _KNOWN:
                part = data[position : position + part_size]
                if not complete:
                    self._kept += part
                else:
                    frames.append((frame_type, self._kept + part))
                    self._kept = b""
            self._left -= part_size
            if not complete:
                return frames
            self._type = None
            position += part_size

    def _read_header(self, data: bytes, start: int) -> tuple[int, int, int] | None:
        """Return type and length of the frame at `start`, and the position behind; keep what is incomplete."""
        if len(data) - start > 2 and data[start] < 0x40 and data[start + 1] < 0x80:
            # Nearly all frames of small messages.
            length_start = data[start + 1]
            if length_start < 0x40:
                return data[start], length_start, start + 2
            return data[start], (length_start & 0x3F) << 8 | data[start + 2], start + 3
        frame_type = read_varint(data, start)
        length = None if frame_type is None else read_varint(data, frame_type[1])
        if frame_type is None or length is None:
            self._kept = data[start : start + 2 * _MAX_VARINT]
            return None
        if length[0] > MAX_FRAME_SIZE and frame_type[0] != DATA and frame_type[0] in _KNOWN:
            raise ConnectionFault(
                f"Received a frame of type {frame_type[0]} with {length[0]} bytes, more than {MAX_FRAME_SIZE}",
                Code.EXCESSIVE_LOAD,
            )
        return frame_type[0], length[0], length[1]
