"""Decodes chunked bodies (RFC 9112 section 7.1) that have neither extensions nor trailers, and declines all others."""

import re

# A size with more digits is left to h11.
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})\r\n")
_START_OF_SIZE_LINE = re.compile(rb"(?:[0-9A-Fa-f]{1,16}\r?)?")
_CRLF = b"\r\n"


class ChunkDecoder:
    """Decodes one chunked body. If it has `declined`, `resumption()` says where in a chunk it stopped."""

    __slots__ = ("_line_end", "_remaining", "declined", "ended")

    def __init__(self) -> None:
        # What is missing of the current chunk: bytes of data, and the line end after them.
        self._remaining = 0
        self._line_end = b""
        self.declined = False
        self.ended = False

    def decode(self, data: bytes, position: int) -> tuple[bytes, int]:
        """Return the part of the body that `data` holds from `position` on, and the position where the rest begins."""
        parts: list[bytes] = []
        while True:
            size_line = None
            if self._remaining or self._line_end:
                position = self._continue_chunk(data, position, parts)
                if self._remaining or self._line_end:
                    break
            size_line = _SIZE_LINE.match(data, position)
            if size_line is None:
                self.declined = _START_OF_SIZE_LINE.fullmatch(data, position) is None
                break
            start = size_line.end()
            size = int(size_line[1], 16)
            if not size:
                end_line = data[start : start + 2]
                self.ended = end_line == _CRLF
                self.declined = not _CRLF.startswith(end_line)
                position = start + 2 if self.ended else position
                break
            end = start + size
            if data[end : end + 2] == _CRLF:
                parts.append(data[start:end])
                position = end + 2
            else:
                self._remaining = size
                position = start
        return (parts[0] if len(parts) == 1 else b"".join(parts)), position

    def _continue_chunk(self, data: bytes, position: int, parts: list[bytes]) -> int:
        if self._remaining:
            part = data[position : position + self._remaining]
            if part:
                parts.append(part)
            position += len(part)
            self._remaining -= len(part)
            if self._remaining:
                return position
            self._line_end = _CRLF
        found = data[position : position + len(self._line_end)]
        self.declined = not self._line_end.startswith(found)
        if self.declined:
            return position
        self._line_end = self._line_end[len(found) :]
        return position + len(found)

    def resumption(self) -> bytes:
        """Return the start of a chunk after which another decoder is in the same state as this one."""
        if self._remaining:
            return b"%x\r\n" % self._remaining
        if self._line_end:
            return b"1\r\nx" + _CRLF[: -len(self._line_end)]
        return b""
