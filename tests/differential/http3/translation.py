"""Frames of HTTP/2 as those of HTTP/3, and the other way round: the scripts of HTTP/2 peers serve for both.

What a script sends is turned into what a server of HTTP/3 would do in its place. What the client sends is turned into
frames of HTTP/2 for the script to read, and for what has arrived to be compared.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from hpack import Decoder, HPACKError
from httpcore_h3._frames import DATA, HEADERS, SETTINGS, FrameReader, build_frame, encode_varint
from httpcore_h3._qh3 import FieldDecoder
from httpcore_h3._qpack import encode
from httpcore_test_support import h2_frames
from httpcore_test_support.h3_dialogue import CONTROL_STREAM, DECODER_STREAM, ENCODER_STREAM
from hyperframe.frame import (
    DataFrame,
    ExtensionFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
    WindowUpdateFrame,
)

__all__ = ["CODES", "FromClient", "ToClient", "identifier_of"]

PUSH_PROMISE, GOAWAY = 0x5, 0x7

# Codes of HTTP/3 (RFC 9114 section 8.1), and those of HTTP/2 with the same meaning (RFC 9113 section 7).
CODES = {
    0x100: 0,  # no error
    0x101: 1,  # protocol error
    0x102: 2,  # internal error
    0x103: 1,
    0x104: 1,
    0x105: 1,
    0x106: 6,  # frame (size) error
    0x107: 11,  # excessive load, enhance your calm
    0x108: 1,
    0x109: 1,
    0x10A: 1,
    0x10B: 7,  # rejected, refused
    0x10C: 8,  # cancelled
    0x10D: 1,
    0x10E: 1,
    0x10F: 10,
    0x110: 13,
    0x200: 9,  # compression
}
_OWN_CODES = {0: 0x100, 1: 0x101, 2: 0x102, 6: 0x106, 7: 0x10B, 8: 0x10C, 9: 0x200, 10: 0x10F, 11: 0x107, 13: 0x110}


def stream_of(identifier: int) -> int:
    """Return the stream of HTTP/3 for one of HTTP/2: both are numbered in the order in which they are opened."""
    return (identifier - 1) * 2


def identifier_of(stream: int) -> int:
    """Return the stream of HTTP/2 for one of HTTP/3."""
    return stream // 2 + 1


class ToClient:
    """Does with the streams of a QUIC connection what the frames of a script say."""

    def __init__(self, quic: Any, flush: Callable[[], None]) -> None:
        """`flush` sends what there is to send: a reset would take it back."""
        self._quic, self._flush = quic, flush
        self._buffer = b""
        self._decoder = Decoder()
        self.is_over = False
        self.credit = 65_535  # bytes that the script wants to receive
        self.sent_on: set[int] = {CONTROL_STREAM}
        self.stopped: set[int] = set()  # streams on which the client wants nothing more

    def open_streams(self) -> None:
        """Open the streams that belong to the connection."""
        self._quic.send_stream_data(CONTROL_STREAM, b"\x00" + build_frame(SETTINGS, b""), False)
        self._quic.send_stream_data(ENCODER_STREAM, b"\x02", False)
        self._quic.send_stream_data(DECODER_STREAM, b"\x03", False)

    def take(self, content: bytes) -> bool:
        """Take bytes of the script; return whether there is something to send."""
        self._buffer += content
        sent = False
        while len(self._buffer) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self._buffer[:9]))
            if len(self._buffer) < 9 + length:
                break
            frame.parse_body(memoryview(self._buffer[9 : 9 + length]))
            self._buffer = self._buffer[9 + length :]
            if isinstance(frame, WindowUpdateFrame):
                self.credit += 0 if frame.stream_id else frame.window_increment
                continue
            sent = True
            if not self.is_over and frame.stream_id not in self.stopped:
                with contextlib.suppress(ValueError):  # on a stream that has ended, which QUIC does not send
                    self._take_frame(frame)
        return sent

    def _take_frame(self, frame: Frame) -> None:
        quic, stream = self._quic, stream_of(frame.stream_id)
        ends = "END_STREAM" in frame.flags
        if frame.stream_id:
            self.sent_on.add(stream)
        if isinstance(frame, HeadersFrame):
            quic.send_stream_data(stream, build_frame(HEADERS, self._block(frame.data)), ends)
        elif isinstance(frame, DataFrame):
            quic.send_stream_data(stream, build_frame(DATA, frame.data) if frame.data else b"", ends)
        elif isinstance(frame, RstStreamFrame):
            self._reset(stream, frame.error_code)
        elif isinstance(frame, PingFrame):
            quic.send_ping(0)
        elif isinstance(frame, PushPromiseFrame):
            payload = encode_varint(0) + self._block(frame.data)
            quic.send_stream_data(stream, build_frame(PUSH_PROMISE, payload), False)
        elif isinstance(frame, GoAwayFrame):
            self._go_away(frame)
        elif isinstance(frame, ExtensionFrame):
            quic.send_stream_data(CONTROL_STREAM, build_frame(0x21, b"what"), False)

    def _block(self, block: bytes) -> bytes:
        """Return a block of fields compressed by QPACK; one that cannot be read stays so."""
        try:
            fields = [(bytes(name), bytes(value)) for name, value in self._decoder.decode(block, raw=True)]
        except HPACKError:
            return bytes(block)
        return encode(fields)

    def _reset(self, stream: int, code: int) -> None:
        own = _OWN_CODES[code]
        self._flush()
        for end in (self._quic.stop_stream, self._quic.reset_stream):  # unless that direction has ended
            with contextlib.suppress(Exception):
                end(stream, own)

    def _go_away(self, frame: GoAwayFrame) -> None:
        first_refused = stream_of(frame.last_stream_id) + 4 if frame.last_stream_id else 0
        self._quic.send_stream_data(CONTROL_STREAM, build_frame(GOAWAY, encode_varint(first_refused)), False)
        if frame.error_code:
            self.close(_OWN_CODES[frame.error_code], bytes(frame.additional_data).decode())

    def close(self, code: int, reason: str = "") -> None:
        """End the connection."""
        if not self.is_over:
            self.is_over = True
            self._flush()
            self._quic.close(error_code=code, reason_phrase=reason)


class FromClient:
    """Turns the events of a QUIC connection into what a client of HTTP/2 would have sent."""

    def __init__(self) -> None:
        self._readers: dict[int, FrameReader] = {}
        self._decoder = FieldDecoder()
        self._reset: set[int] = set()
        self._started = False
        self.is_over = False

    def take(self, event: Any) -> bytes:
        """Return the frames for an event."""
        kind = type(event).__name__
        prefix = b""
        if kind == "HandshakeCompleted" and not self._started:
            self._started = True
            return h2_frames.PREFACE + h2_frames.settings()
        if kind == "ConnectionTerminated":
            return self.ended(event.error_code)
        stream = getattr(event, "stream_id", 1)
        if stream % 4 or self.is_over:
            return prefix
        if kind == "StreamDataReceived":
            return self._data(stream, bytes(event.data), event.end_stream)
        if kind in ("StreamReset", "StopSendingReceived") and stream not in self._reset:
            self._reset.add(stream)
            return h2_frames.rst_stream(identifier_of(stream), CODES[event.error_code])
        return prefix

    def ended(self, code: int) -> bytes:
        """Return the frames for the end of the connection."""
        if self.is_over:
            return b""
        self.is_over = True
        return h2_frames.goaway(0, CODES.get(code, 1)) if self._started and code != 0x100 else b""

    def _data(self, stream: int, content: bytes, end: bool) -> bytes:
        found, identifier = b"", identifier_of(stream)
        frames = list(self._readers.setdefault(stream, FrameReader()).receive(content))
        for index, (kind, payload) in enumerate(frames):
            last = end and index == len(frames) - 1
            if kind == HEADERS:
                fields = self._decoder.decode(bytes(payload))
                found += h2_frames.headers(identifier, None, *fields, end_stream=last)
            elif kind == DATA:
                found += h2_frames.data(identifier, bytes(payload), end_stream=last)
        return found if frames or not end else h2_frames.data(identifier, b"", end_stream=True)
