"""Frames (RFC 9113 sections 4 and 6): cutting incoming bytes into frames, and building outgoing ones."""

import struct
from typing import NamedTuple

from httpcore_models import RemoteProtocolError

# Frame types and flags.
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0x0, 0x1, 0x2, 0x3, 0x4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0x5, 0x6, 0x7, 0x8, 0x9
END_STREAM, END_HEADERS, PADDED, HAS_PRIORITY = 0x1, 0x4, 0x8, 0x20

_HEADER_LENGTH = 9
_MAX_STREAM_ID = 2**31 - 1

# The most bytes that the head of a response may take, counted as in RFC 9113 section 6.5.2.
MAX_HEADER_LIST_SIZE = 100 * 1024

# How many frames, HEADERS and CONTINUATION, a header block may consist of; h2 has the same limit.
_MAX_BLOCK_FRAMES = 64

_pack_header = struct.Struct(">BHBBL").pack
_unpack_header = struct.Struct(">BHBBL").unpack_from


def build_frame(frame_type: int, flags: int, stream_id: int, payload: bytes | memoryview = b"") -> bytes:
    """Return a frame as bytes."""
    length = len(payload)
    return b"".join((_pack_header(length >> 16, length & 0xFFFF, frame_type, flags, stream_id), payload))


def build_frame_header(length: int, frame_type: int, flags: int, stream_id: int) -> bytes:
    """Return the header of a frame whose payload follows."""
    return _pack_header(length >> 16, length & 0xFFFF, frame_type, flags, stream_id)


class Frame(NamedTuple):
    """A frame as received."""

    type: int
    flags: int
    stream_id: int
    payload: bytes


class FrameReader:
    """Cuts incoming bytes into frames."""

    def __init__(self, max_frame_size: int) -> None:
        """`max_frame_size` is the longest payload, in bytes, that the peer was allowed to send."""
        self._max_frame_size = max_frame_size
        self._parts: list[bytes] = []
        self._size = 0
        self._needed = _HEADER_LENGTH
        self._first = True
        #: What is wrong with the bytes after the frames that were returned last, if anything is.
        self.error: RemoteProtocolError | None = None

    def receive_data(self, data: bytes) -> list[Frame]:
        """Take bytes, and return the frames that are complete. If `error` is set, the bytes after them are invalid."""
        self._size += len(data)
        if self._parts:
            self._parts.append(data)
            if self._size < self._needed:
                # Small pieces of a large frame are joined once, when it is complete.
                return []
            data = b"".join(self._parts)
            self._parts.clear()
        start = 0
        self._needed = _HEADER_LENGTH
        found: list[Frame] = []
        while len(data) - start >= _HEADER_LENGTH:
            high, low, frame_type, flags, stream_id = _unpack_header(data, start)
            length = high << 16 | low
            self.error = self._check_preface(data, frame_type) if self._first else None
            if self.error is None and length > self._max_frame_size:
                text = f"Received overlong frame: length {length}, max {self._max_frame_size}"
                self.error = RemoteProtocolError(text)
            if self.error is not None:
                return found
            end = start + _HEADER_LENGTH + length
            if end > len(data):
                self._needed = _HEADER_LENGTH + length
                break
            found.append(Frame(frame_type, flags, stream_id & _MAX_STREAM_ID, data[start + _HEADER_LENGTH : end]))
            start = end
        self._size = len(data) - start
        if self._size:
            self._parts.append(data[start:])
        return found

    def _check_preface(self, data: bytes, frame_type: int) -> RemoteProtocolError | None:
        # RFC 9113 section 3.4: the first frame is SETTINGS. Servers without HTTP/2 answer in plain text instead.
        if data.startswith(b"HTTP/"):
            line = data[:64].splitlines()[0].decode("ascii", "backslashreplace")
            return RemoteProtocolError(f"Server answered with HTTP/1 instead of HTTP/2: {line!r}")
        if frame_type != SETTINGS:
            return RemoteProtocolError(f"Server did not begin with a SETTINGS frame: {data[:_HEADER_LENGTH]!r}")
        self._first = False
        return None


def unpadded(frame: Frame) -> bytes:
    """Return the payload of a DATA or HEADERS frame without its padding (RFC 9113 section 6.1)."""
    payload = frame.payload
    if not frame.flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise RemoteProtocolError(f"Received frame with invalid padding. (stream {frame.stream_id})")
    return payload[1 : len(payload) - payload[0]]


class HeaderBlocks:
    """Joins the fragments of a header block: a HEADERS frame and its CONTINUATION frames (RFC 9113 section 4.3)."""

    def __init__(self) -> None:
        self._head: Frame | None = None
        #: Whether a header block has begun and is not complete.
        self.is_open = False
        self._fragments: list[bytes] = []
        self._size = 0

    def check(self, frame: Frame) -> None:
        """Raise `RemoteProtocolError` if the frame is not allowed now."""
        if self._head is None:
            if frame.type == CONTINUATION:
                raise RemoteProtocolError("Received a CONTINUATION frame without a HEADERS frame before it")
        elif frame.type != CONTINUATION or frame.stream_id != self._head.stream_id:
            raise RemoteProtocolError("Invalid frame during header block.")

    def receive(self, frame: Frame) -> tuple[Frame, bytes] | None:
        """Take a frame; return the HEADERS frame and the block once it is complete. Raises `RemoteProtocolError`."""
        fragment = frame.payload
        if frame.type == HEADERS:
            self._head, self._size, self.is_open = frame, 0, True
            fragment = unpadded(frame)
            if frame.flags & HAS_PRIORITY:
                if len(fragment) < 5:
                    raise RemoteProtocolError("Frame data missing or invalid: a malformed HEADERS frame")
                fragment = fragment[5:]
        self._fragments.append(fragment)
        self._size += len(fragment)
        if len(self._fragments) > _MAX_BLOCK_FRAMES or self._size > MAX_HEADER_LIST_SIZE:
            raise RemoteProtocolError(
                f"Received at least {self._size} bytes of a header block in {len(self._fragments)} frames; "
                f"{MAX_HEADER_LIST_SIZE} bytes in {_MAX_BLOCK_FRAMES} frames are allowed"
            )
        if not frame.flags & END_HEADERS:
            return None
        assert self._head is not None
        head, self._head, self.is_open = self._head, None, False
        block = fragment if len(self._fragments) == 1 else b"".join(self._fragments)
        self._fragments.clear()
        return head, block
