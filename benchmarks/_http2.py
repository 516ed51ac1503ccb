"""The HTTP/2 side of the benchmark server: only as much of the protocol as the measured clients need.

A client repeats its requests on a connection, so a header block is decompressed only once, as long as it leaves the
table alone. Responses are compressed as real servers compress them: the first in full, the following ones by
references.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

_DATA, _HEADERS, _SETTINGS, _PING, _WINDOW_UPDATE = 0, 1, 4, 6, 8
_END_STREAM, _ACK, _END_HEADERS, _PRIORITY = 0x1, 0x1, 0x4, 0x20
_INITIAL_WINDOW_SIZE = 4
_FRAME_SIZE = 16384

# Uploads: the window of a stream and of the connection, and how many bytes are acknowledged together. The window is
# large for the client to be what limits an upload over a long path.
_UPLOAD_WINDOW = 64 << 20
_UPLOAD_CREDIT = 1 << 20

# The first index of the dynamic table (RFC 7541 section 2.3.3).
_FIRST_DYNAMIC = 62


def _frame(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream_id) + payload


def _window_update(stream_id: int, credit: int) -> bytes:
    return _frame(_WINDOW_UPDATE, 0, stream_id, struct.pack(">I", credit))


def _literal(name: bytes, value: bytes) -> bytes:
    """Encode a field that enters the table, without Huffman coding."""
    return b"\x40" + bytes((len(name),)) + name + bytes((len(value),)) + value


class Session:
    """One connection. `outgoing` holds the bytes to send, `done` counts complete responses."""

    def __init__(self, fields: Callable[[int], Sequence[tuple[bytes, bytes]]], lengths: dict[bytes, int]) -> None:
        """`fields` returns the header fields for a length of the body; `lengths` maps targets to lengths.

        The response to an upload has the length of the first target.
        """
        self._fields = fields
        self._lengths = lengths
        self._upload_answer = next(iter(lengths.values()))
        self._decoder = hpack.Decoder()
        # Lengths by the header blocks of their requests, unless a block changes the table of the decoder.
        self._known: dict[bytes, int] = {}
        self._blocks: dict[int, bytes] = {}
        self._received = b""
        # Of a DATA frame that has not arrived as a whole: how many bytes are missing, and what is known of it.
        self._missing = 0
        self._cut = 0, 0, 0
        # How much of an upload arrived since the last WINDOW_UPDATE, by stream; 0 is the connection.
        self._uploaded: dict[int, int] = {0: 0}
        self._windows = {0: 65535}
        self._initial_window = 65535
        # The response that exceeds the windows, if there is one: its stream, and how many bytes are left.
        self._large: tuple[int, int] | None = None
        settings = struct.pack(">HI", _INITIAL_WINDOW_SIZE, _UPLOAD_WINDOW)
        self.outgoing = bytearray(_frame(_SETTINGS, 0, 0, settings) + _window_update(0, _UPLOAD_WINDOW - 65535))
        self.done = 0

    def receive(self, data: bytes | memoryview) -> None:
        """Process bytes that arrived after the preface. Those of DATA are only counted, so that they are not copied."""
        start = 0
        if self._missing:
            start, self._missing = self._missing, max(0, self._missing - len(data))
            if self._missing:
                return
            self._data(*self._cut)
        elif self._received:
            data = self._received + data
        while len(data) - start >= 9:
            length = int.from_bytes(data[start : start + 3], "big")
            end = start + 9 + length
            kind, flags = data[start + 3], data[start + 4]
            stream_id = int.from_bytes(data[start + 5 : start + 9], "big")
            if kind == _DATA:
                if end > len(data):
                    self._missing, self._cut = end - len(data), (stream_id, length, flags)
                    break
                self._data(stream_id, length, flags)
            elif end > len(data):
                break
            else:
                self._frame(kind, flags, stream_id, bytes(data[start + 9 : end]))
            start = end
        self._received = b"" if self._missing else bytes(data[start:])

    def _frame(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        if kind == _HEADERS:
            if flags & _PRIORITY:
                payload = payload[5:]
            length = self._known.get(payload) or self._decode(payload)
            if flags & _END_STREAM:
                self._respond(stream_id, length)
            else:
                self._uploaded[stream_id] = 0
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

    def _data(self, stream_id: int, length: int, flags: int) -> None:
        for counted in (0, stream_id):
            self._uploaded[counted] += length
            if self._uploaded[counted] >= _UPLOAD_CREDIT:
                self.outgoing += _window_update(counted, self._uploaded[counted])
                self._uploaded[counted] = 0
        if flags & _END_STREAM:
            del self._uploaded[stream_id]
            self._respond(stream_id, self._upload_answer)

    def _decode(self, block: bytes) -> int:
        before = self._table()
        headers = dict(self._decoder.decode(block, raw=True))
        length = self._lengths.get(bytes(headers[b":path"]), self._upload_answer)
        if self._table() == before:
            self._known[block] = length
        else:
            # What blocks mean may have changed with the table.
            self._known.clear()
        return length

    def _table(self) -> tuple[int, object]:
        entries = self._decoder.header_table.dynamic_entries
        return len(entries), entries[0] if entries else None

    def _respond(self, stream_id: int, length: int) -> None:
        self.outgoing += _frame(_HEADERS, _END_HEADERS, stream_id, self._head(length))
        if length <= _FRAME_SIZE:
            # Far below any window, so credit need not be counted.
            self.outgoing += _frame(_DATA, _END_STREAM, stream_id, b"x" * length)
            self.done += 1
        else:
            self._windows[stream_id] = self._initial_window
            self._large = stream_id, length

    def _head(self, length: int) -> bytes:
        if not self._blocks:
            fields = self._fields(length)
            self._blocks[length] = b"\x88" + bytes(
                0x80 | _FIRST_DYNAMIC + index for index in reversed(range(len(fields)))
            )
            return b"\x88" + b"".join(_literal(name, value) for name, value in fields)
        if length not in self._blocks:
            # Does not enter the table, of which the other block is made.
            fields = self._fields(length)
            self._blocks[length] = b"\x88" + b"".join(b"\0" + _literal(name, value)[1:] for name, value in fields)
        return self._blocks[length]

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
