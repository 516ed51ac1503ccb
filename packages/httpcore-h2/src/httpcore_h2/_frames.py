"""Frames (RFC 9113 sections 4 and 6): cutting incoming bytes into frames, and building outgoing ones."""

import struct
from typing import NamedTuple, Protocol

from httpcore_models import RemoteProtocolError

# Frame types and flags.
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0x0, 0x1, 0x2, 0x3, 0x4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0x5, 0x6, 0x7, 0x8, 0x9
END_STREAM, END_HEADERS, PADDED, HAS_PRIORITY = 0x1, 0x4, 0x8, 0x20
ACK = 0x1

_HEADER_LENGTH = 9
_MAX_STREAM_ID = 2**31 - 1

# The most bytes that the head of a response may take, counted as in RFC 9113 section 6.5.2.
MAX_HEADER_LIST_SIZE = 100 * 1024

# How many frames, HEADERS and CONTINUATION, a header block may consist of; h2 has the same limit.
_MAX_BLOCK_FRAMES = 64

# A HEADERS frame that has the first of these flags, and neither of the others, is a whole header block.
_WHOLE_BLOCK = END_HEADERS | PADDED | HAS_PRIORITY

# Payloads of DATA frames from this size on, in bytes, are handed over without a copy.
_LARGE = 2048

# Length and type together, flags, stream identifier.
_pack_header = struct.Struct(">LBL").pack
_unpack_header = struct.Struct(">LBL").unpack_from


def build_frame(frame_type: int, flags: int, stream_id: int, payload: bytes | memoryview = b"") -> bytes:
    """Return a frame as bytes."""
    return _pack_header(len(payload) << 8 | frame_type, flags, stream_id) + payload


def build_frame_header(length: int, frame_type: int, flags: int, stream_id: int) -> bytes:
    """Return the header of a frame whose payload follows."""
    return _pack_header(length << 8 | frame_type, flags, stream_id)


class Frame(NamedTuple):
    """A frame as received."""

    type: int
    flags: int
    stream_id: int
    payload: bytes


class FrameHandler(Protocol):
    """What takes the frames that a `FrameReader` finds, in their order. The two most frequent kinds are no `Frame`."""

    def head_received(self, stream_id: int, flags: int, block: bytes) -> None:
        """Take a HEADERS frame that is a whole header block."""

    def data_received(self, stream_id: int, end: bool, size: int, data: bytes | memoryview) -> None:
        """Take a DATA frame without padding, of `size` bytes, or its beginning.

        `end` says that END_STREAM is set and that `data` is the whole payload. A `memoryview` is valid for as long as
        the call of `receive_data()` that it comes from.
        """

    def more_data_received(self, stream_id: int, end: bool, data: bytes | memoryview) -> None:
        """Take the next part of the DATA frame that came last."""

    def frame_received(self, frame: Frame) -> None:
        """Take any other frame."""


class FrameReader:
    """Cuts incoming bytes into frames. Parts of a DATA frame are handed over as they arrive, others when complete."""

    def __init__(self, max_frame_size: int, handler: FrameHandler, peer: str = "") -> None:
        """`max_frame_size` is the longest payload, in bytes, that the peer was allowed to send.

        `peer` names it in the errors of what is no HTTP/2.
        """
        self._peer = f" ({peer})" if peer else ""
        self._max_frame_size = max_frame_size
        self._handler = handler
        self._parts: list[bytes] = []
        self._size = 0
        self._needed = _HEADER_LENGTH
        # The most that length and type together may be; less than nothing until the first frame has been looked at.
        self._largest = -1
        # The DATA frame that has begun: how many bytes of it are still to come, its stream, and END_STREAM.
        self._missing = 0
        self._stream_id = 0
        self._end = False

    def receive_data(self, data: bytes) -> None:
        """Take bytes, and hand over what they complete.

        Raises `RemoteProtocolError` if they are invalid, or if the handler does, after the frames before that.
        """
        # While a DATA frame is incomplete, nothing is kept from before.
        start = self._continue_payload(data) if self._missing else 0
        if self._parts:
            self._size += len(data)
            self._parts.append(data)
            if self._size < self._needed:
                # Small pieces of a large frame are joined once, when it is complete.
                return
            data = b"".join(self._parts)
            self._parts.clear()
        size, handler = len(data), self._handler
        self._needed = _HEADER_LENGTH
        while (begin := start + _HEADER_LENGTH) <= size:
            word, flags, stream_id = _unpack_header(data, start)
            if word > self._largest:
                self._check(data, word)
            length, frame_type = word >> 8, word & 0xFF
            end = begin + length
            stream_id &= _MAX_STREAM_ID
            if frame_type == DATA and not flags & PADDED:
                payload = data[begin:end] if length < _LARGE else memoryview(data)[begin:end]
                if end > size:
                    self._missing, self._stream_id, self._end = end - size, stream_id, flags & END_STREAM != 0
                    handler.data_received(stream_id, False, length, payload)
                    self._size = 0
                    return
                handler.data_received(stream_id, flags & END_STREAM != 0, length, payload)
            elif end > size:
                self._needed = _HEADER_LENGTH + length
                break
            elif frame_type == HEADERS and flags & _WHOLE_BLOCK == END_HEADERS:
                handler.head_received(stream_id, flags, data[begin:end])
            else:
                handler.frame_received(Frame(frame_type, flags, stream_id, data[begin:end]))
            start = end
        self._size = size - start
        if self._size:
            self._parts.append(data[start:])

    def _continue_payload(self, data: bytes) -> int:
        """Hand over more of the DATA frame that has begun; return how many of the bytes belong to it."""
        size = min(self._missing, len(data))
        payload = data[:size] if size < _LARGE else memoryview(data)[:size]
        self._missing -= size
        self._handler.more_data_received(self._stream_id, self._end and not self._missing, payload)
        return size

    def _check(self, data: bytes, word: int) -> None:
        # RFC 9113 section 3.4: the first frame is SETTINGS. Servers without HTTP/2 answer in plain text instead.
        if self._largest < 0:
            if data.startswith(b"HTTP/"):
                line = data[:64].splitlines()[0].decode("ascii", "backslashreplace")
                raise RemoteProtocolError(f"Server answered with HTTP/1 instead of HTTP/2: {line!r}{self._peer}")
            if word & 0xFF != SETTINGS:
                tls = ". This port speaks TLS: use https" if data[:2] == b"\x15\x03" else ""
                text = f"Server did not begin with a SETTINGS frame: {data[:_HEADER_LENGTH]!r}{tls}{self._peer}"
                raise RemoteProtocolError(text)
            self._largest = self._max_frame_size << 8 | 0xFF
        if word > self._largest:
            text = f"Received overlong frame: length {word >> 8}, max {self._max_frame_size}"
            raise RemoteProtocolError(text)


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

    def check(self, frame_type: int, stream_id: int) -> None:
        """Raise `RemoteProtocolError` if such a frame is not allowed now."""
        if self._head is None:
            if frame_type == CONTINUATION:
                raise RemoteProtocolError("Received a CONTINUATION frame without a HEADERS frame before it")
        elif frame_type != CONTINUATION or stream_id != self._head.stream_id:
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
