"""The streams that belong to the connection as a whole (RFC 9114 section 6.2, RFC 9204 section 4.2).

A side sends its settings, and later GOAWAY, on its control stream. Two streams of each side belong to the compression
of fields. They may not end before the connection does.
"""

from typing import Protocol

from . import _frames as frames
from ._codes import Code, ConnectionFault
from ._frames import FrameReader, build_frame, encode_varint, read_varint

#: Types of unidirectional streams.
CONTROL, PUSH, ENCODER, DECODER = 0x0, 0x1, 0x2, 0x3

# Identifiers of settings.
_MAX_SECTION_SIZE = 0x6
# Settings of HTTP/2 that must not be sent (RFC 9114 section 7.2.4.1).
_RESERVED_SETTINGS = (0x0, 0x2, 0x3, 0x4, 0x5)

#: How large a section of fields may be, in bytes. The server gets no dynamic table for them: that would save bytes, but
#: a response could have to wait for another one.
MAX_SECTION_SIZE = 100 * 1024

# The only instruction that a server may send on its encoder stream, for a table of no bytes (RFC 9204 section 4.3.1).
# What it sends on its decoder stream, about the table that requests do not use, means nothing.
_CAPACITY_0 = b"\x20"

# Streams that may not end before the connection does.
_NAMES = {CONTROL: "control", ENCODER: "encoder", DECODER: "decoder"}


class Settings:
    """What the server allows; before its SETTINGS frame has arrived, what is allowed to begin with."""

    __slots__ = ("max_section_size",)

    def __init__(self) -> None:
        self.max_section_size: int | None = None


class ConnectionHandler(Protocol):
    """What takes in what the server says about the connection."""

    def settings_received(self, settings: Settings) -> None:
        """Take the settings, which come once."""

    def goaway_received(self, stream_id: int) -> None:
        """Take a GOAWAY: requests on this stream and later ones are not processed."""

    def refuse_stream(self, stream_id: int, code: int) -> None:
        """Ask the server to send nothing on a stream."""


def encode_own_streams() -> list[bytes]:
    """Return what is sent first on each of the streams that a client opens: their types, and SETTINGS."""
    payload = encode_varint(_MAX_SECTION_SIZE) + encode_varint(MAX_SECTION_SIZE)
    control = encode_varint(CONTROL) + build_frame(frames.SETTINGS, payload)
    return [control, encode_varint(ENCODER), encode_varint(DECODER)]


class ServerStreams:
    """The unidirectional streams of the server."""

    def __init__(self, handler: ConnectionHandler) -> None:
        self._handler = handler
        # By stream identifier: the type, once it is known, and the first bytes until then.
        self._types: dict[int, int] = {}
        self._begun: dict[int, bytes] = {}
        self._reader = FrameReader()
        self._settings: Settings | None = None

    def receive(self, stream_id: int, data: bytes, end: bool) -> None:
        """Take bytes of a stream that the server has opened. Raises `ConnectionFault` if it must not send them."""
        if stream_id % 4 == 1:
            raise ConnectionFault("Received a bidirectional stream of the server", Code.STREAM_CREATION_ERROR)
        kind = self._types.get(stream_id)
        if kind is None:
            data = self._begun.pop(stream_id, b"") + data
            opened = read_varint(data, 0)
            if opened is None:
                if not end:
                    self._begun[stream_id] = data
                return
            kind, start = opened
            data = data[start:]
            self._open(stream_id, kind)
        if kind == CONTROL:
            for frame_type, payload in self._reader.receive(data):
                self._frame_received(frame_type, payload)
        elif kind == ENCODER and data.strip(_CAPACITY_0):
            raise ConnectionFault("Received entries for a dynamic table", Code.QPACK_ENCODER_STREAM_ERROR)
        if end:
            self.ended(stream_id)

    def ended(self, stream_id: int) -> None:
        """Take the end of a stream, in whatever way it ended. Raises `ConnectionFault` if it must not end."""
        self._begun.pop(stream_id, None)
        kind = self._types.get(stream_id)
        if kind in _NAMES:
            raise ConnectionFault(f"The server has closed its {_NAMES[kind]} stream", Code.CLOSED_CRITICAL_STREAM)
        self._types.pop(stream_id, None)

    def _open(self, stream_id: int, kind: int) -> None:
        if kind == PUSH:
            raise ConnectionFault("Received pushed stream although push is disabled", Code.ID_ERROR)
        if kind not in _NAMES:
            # RFC 9114 section 6.2: a stream of an unknown type is not an error.
            self._handler.refuse_stream(stream_id, Code.STREAM_CREATION_ERROR)
        elif kind in self._types.values():
            raise ConnectionFault(f"Received a second {_NAMES[kind]} stream", Code.STREAM_CREATION_ERROR)
        self._types[stream_id] = kind

    def _frame_received(self, frame_type: int, payload: bytes) -> None:
        if self._settings is None:
            if frame_type != frames.SETTINGS:
                text = f"Received a frame of type {frame_type} before the settings"
                raise ConnectionFault(text, Code.MISSING_SETTINGS)
            self._settings = settings = _parse_settings(payload)
            self._handler.settings_received(settings)
        elif frame_type == frames.GOAWAY:
            self._handler.goaway_received(_only_number(payload, "GOAWAY"))
        elif frame_type == frames.CANCEL_PUSH:
            raise ConnectionFault("Received CANCEL_PUSH although push is disabled", Code.ID_ERROR)
        else:
            raise ConnectionFault(f"Received a frame of type {frame_type} on the control stream", Code.FRAME_UNEXPECTED)


def _parse_settings(payload: bytes) -> Settings:
    values: dict[int, int] = {}
    position = 0
    while position < len(payload):
        name = read_varint(payload, position)
        value = None if name is None else read_varint(payload, name[1])
        if name is None or value is None:
            raise ConnectionFault("Received a malformed SETTINGS frame", Code.FRAME_ERROR)
        if name[0] in values or name[0] in _RESERVED_SETTINGS:
            raise ConnectionFault(f"Received the setting 0x{name[0]:x} twice, or one of HTTP/2", Code.SETTINGS_ERROR)
        values[name[0]] = value[0]
        position = value[1]
    settings = Settings()
    settings.max_section_size = values.get(_MAX_SECTION_SIZE)
    return settings


def _only_number(payload: bytes, frame: str) -> int:
    number = read_varint(payload, 0)
    if number is None or number[1] != len(payload):
        raise ConnectionFault(f"Received a malformed {frame} frame", Code.FRAME_ERROR)
    return number[0]
