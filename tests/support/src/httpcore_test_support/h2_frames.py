"""HTTP/2 frames as a server writes them, legal or not, and those of a client read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hpack import Decoder, Encoder
from hyperframe.frame import (
    AltSvcFrame,
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

__all__ = [
    "PREFACE",
    "ClientFrames",
    "altsvc",
    "block",
    "continuation",
    "data",
    "frame",
    "goaway",
    "headers",
    "ping",
    "priority",
    "push_promise",
    "raw_settings",
    "rst_stream",
    "settings",
    "settings_ack",
    "window_update",
    "window_updates",
]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

Field = tuple[bytes, bytes]


def frame(kind: int, flags: int, stream_id: int, payload: bytes) -> bytes:
    """Return any frame, with any payload."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream_id.to_bytes(4, "big") + payload


def block(fields: Iterable[Field]) -> bytes:
    """Compress header fields. Blocks do not refer to earlier ones, so their order is free."""
    return bytes(Encoder().encode(list(fields)))


def settings(values: Mapping[int, int] | None = None) -> bytes:
    """Return a SETTINGS frame."""
    return SettingsFrame(0, settings=dict(values or {})).serialize()


def raw_settings(values: Mapping[int, int]) -> bytes:
    """Return a SETTINGS frame, which may contain settings unknown to hyperframe."""
    pairs = (code.to_bytes(2, "big") + value.to_bytes(4, "big") for code, value in values.items())
    return frame(0x4, 0, 0, b"".join(pairs))


def settings_ack() -> bytes:
    """Return the acknowledgement of the client's SETTINGS."""
    return SettingsFrame(0, flags=["ACK"]).serialize()


def headers(
    stream_id: int,
    status: int | bytes | None = 200,
    *fields: Field,
    end_stream: bool = False,
    end_headers: bool = True,
    padding: int | None = None,
) -> bytes:
    """Return a HEADERS frame; without a `status`, that of trailers. `padding` counts the bytes of padding."""
    status = b"%d" % status if isinstance(status, int) else status
    pseudo = [] if status is None else [(b":status", status)]
    flags = _flags(END_STREAM=end_stream, END_HEADERS=end_headers, PADDED=padding is not None)
    return HeadersFrame(stream_id, block([*pseudo, *fields]), flags=flags, pad_length=padding or 0).serialize()


def continuation(stream_id: int, payload: bytes = b"", end_headers: bool = False) -> bytes:
    """Return a CONTINUATION frame."""
    return ContinuationFrame(stream_id, data=payload, flags=_flags(END_HEADERS=end_headers)).serialize()


def data(stream_id: int, payload: bytes = b"", end_stream: bool = False, padding: int | None = None) -> bytes:
    """Return a DATA frame. `padding` counts the bytes of padding, without the byte that contains their number."""
    flags = _flags(END_STREAM=end_stream, PADDED=padding is not None)
    return DataFrame(stream_id, payload, flags=flags, pad_length=padding or 0).serialize()


def goaway(last_stream_id: int, code: int = 0, additional_data: bytes = b"") -> bytes:
    """Return a GOAWAY frame."""
    return GoAwayFrame(0, last_stream_id, code, additional_data).serialize()


def rst_stream(stream_id: int, code: int) -> bytes:
    """Return a RST_STREAM frame."""
    return RstStreamFrame(stream_id, code).serialize()


def window_update(stream_id: int, increment: int) -> bytes:
    """Return a WINDOW_UPDATE frame."""
    return frame(0x8, 0, stream_id, increment.to_bytes(4, "big"))


def ping(opaque: bytes = b"12345678", ack: bool = False) -> bytes:
    """Return a PING frame, or the answer to one."""
    return PingFrame(0, opaque_data=opaque, flags=_flags(ACK=ack)).serialize()


def priority(stream_id: int) -> bytes:
    """Return a PRIORITY frame."""
    return PriorityFrame(stream_id, depends_on=0, stream_weight=15).serialize()


def push_promise(stream_id: int, promised_id: int) -> bytes:
    """Return a PUSH_PROMISE frame for a GET request."""
    fields = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"example.com"), (b":path", b"/")]
    return PushPromiseFrame(stream_id, promised_id, block(fields), flags=["END_HEADERS"]).serialize()


def altsvc(value: bytes = b'h3=":443"') -> bytes:
    """Return an ALTSVC frame (RFC 7838), which clients may ignore."""
    return AltSvcFrame(0, b"example.com", value).serialize()


def _flags(**flags: bool) -> list[str]:
    return [name for name, present in flags.items() if present]


class ClientFrames:
    """Reads what a client sends: the preface once, then frames. Header blocks are decompressed in their order."""

    def __init__(self) -> None:
        self._buffer = b""
        self._started = False
        self._decoder = Decoder()

    def receive(self, written: bytes) -> list[Any]:
        """Return the frames that are complete with the bytes `written`, as hyperframe has them."""
        self._buffer += written
        if not self._started and self._buffer:
            assert self._buffer.startswith(PREFACE)
            self._buffer = self._buffer[len(PREFACE) :]
            self._started = True
        found = []
        while len(self._buffer) >= 9:
            head, length = Frame.parse_frame_header(memoryview(self._buffer[:9]))
            if len(self._buffer) < 9 + length:
                break
            head.parse_body(memoryview(self._buffer[9 : 9 + length]))
            self._buffer = self._buffer[9 + length :]
            found.append(head)
        return found

    def fields(self, sent: HeadersFrame) -> list[Field]:
        """Return the header fields of a HEADERS frame. Call this once for each frame, in order."""
        return [(bytes(name), bytes(value)) for name, value in self._decoder.decode(sent.data, raw=True)]


def window_updates(sent: Iterable[Frame]) -> dict[int, int]:
    """Return the credit in the WINDOW_UPDATE frames of `sent`, by stream; that of the connection is under 0."""
    credit: dict[int, int] = {}
    for each in sent:
        if isinstance(each, WindowUpdateFrame):
            credit[each.stream_id] = credit.get(each.stream_id, 0) + each.window_increment
    return credit
