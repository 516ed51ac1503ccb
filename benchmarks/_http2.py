"""The HTTP/2 side of the benchmark server: only as much of the protocol as the measured clients need.

A client repeats one request on its connection, so only the first is decompressed. Responses are compressed as real
servers compress them: the first in full, the following ones by references.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

_DATA, _HEADERS, _SETTINGS, _PING, _WINDOW_UPDATE = 0, 1, 4, 6, 8
_END_STREAM, _ACK, _END_HEADERS = 0x1, 0x1, 0x4
_INITIAL_WINDOW_SIZE = 4
_FRAME_SIZE = 16384

# The first index of the dynamic table (RFC 7541 section 2.3.3).
_FIRST_DYNAMIC = 62


def _frame(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream_id) + payload


def _literal(name: bytes, value: bytes) -> bytes:
    """Encode a field that enters the table, without Huffman coding."""
    return b"\x40" + bytes((len(name),)) + name + bytes((len(value),)) + value


class Session:
    """One connection. `outgoing` holds the bytes to send, `done` counts complete responses."""

    def __init__(self, fields: Callable[[int], Sequence[tuple[bytes, bytes]]], lengths: dict[bytes, int]) -> None:
        """`fields` returns the header fields for a length of the body; `lengths` maps targets to lengths."""
        self._fields = fields
        self._lengths = lengths
        self._decoder = hpack.Decoder()
        self._received = b""
        self._length: int | None = None
        self._block = b""
        self._windows = {0: 65535}
        self._initial_window = 65535
        # The response that exceeds the windows, if there is one: its stream, and how many bytes are left.
        self._large: tuple[int, int] | None = None
        self.outgoing = bytearray(_frame(_SETTINGS, 0, 0))
        self.done = 0

    def receive(self, data: bytes) -> None:
        """Process bytes that arrived after the preface."""
        data = self._received + data
        start = 0
        while len(data) - start >= 9:
            length = int.from_bytes(data[start : start + 3], "big")
            end = start + 9 + length
            if end > len(data):
                break
            kind, flags = data[start + 3], data[start + 4]
            self._frame(kind, flags, int.from_bytes(data[start + 5 : start + 9], "big"), data[start + 9 : end])
            start = end
        self._received = data[start:]

    def _frame(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        if kind == _HEADERS:
            self._respond(stream_id, payload)
        elif kind == _WINDOW_UPDATE:
            if stream_id in self._windows:
                self._windows[stream_id] += int.from_bytes(payload, "big")
        elif kind == _SETTINGS and not flags & _ACK:
            for code, value in struct.iter_unpack(">HI", payload):
                if code == _INITIAL_WINDOW_SIZE:
                    self._initial_window = value
            self.outgoing += _frame(_SETTINGS, _ACK, 0)
        elif kind == _PING and not flags & _ACK:
            self.outgoing += _frame(_PING, _ACK, 0, payload)

    def _respond(self, stream_id: int, block: bytes) -> None:
        if self._length is None:
            headers = dict(self._decoder.decode(block, raw=True))
            self._length = self._lengths[bytes(headers[b":path"])]
            fields = self._fields(self._length)
            head = b"\x88" + b"".join(_literal(name, value) for name, value in fields)
            self._block = b"\x88" + bytes(0x80 | _FIRST_DYNAMIC + index for index in reversed(range(len(fields))))
        else:
            head = self._block
        self.outgoing += _frame(_HEADERS, _END_HEADERS, stream_id, head)
        if self._length <= _FRAME_SIZE:
            # Far below any window, so credit need not be counted.
            self.outgoing += _frame(_DATA, _END_STREAM, stream_id, b"x" * self._length)
            self.done += 1
        else:
            self._windows[stream_id] = self._initial_window
            self._large = stream_id, self._length

    def fill(self, size: int) -> None:
        """Fill `outgoing` up to `size` bytes with the large response, as far as the windows allow."""
        while self._large is not None and len(self.outgoing) < size:
            stream_id, left = self._large
            part = min(left, _FRAME_SIZE, self._windows[0], self._windows[stream_id])
            if not part:
                return
            self._windows[0] -= part
            self._windows[stream_id] -= part
            ended = part == left
            self.outgoing += _frame(_DATA, _END_STREAM if ended else 0, stream_id, b"x" * part)
            self._large = None if ended else (stream_id, left - part)
            if ended:
                del self._windows[stream_id]
                self.done += 1
