"""Which heads the fast parser takes: the plain, common ones (RFC 9112 sections 3 to 6), of known length or chunked.

Each rule here is as strict as h11's or stricter. What does not match is declined and judged by h11, so a rule may be
narrower than the RFC, and never wider. Header fields that repeat, as most do from message to message, are remembered
by all connections together, if they are such as never carry a secret.
"""

import re
from collections.abc import Mapping
from typing import Final, TypeVar

Headers = list[tuple[bytes, bytes]]

# The length of a message whose body is sent in chunks.
CHUNKED: Final = -1

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# Visible bytes, with blanks between them only: none of these patterns can cross the end of a line.
_VALUE = rb"(?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*(?<![\t ])|)"

_METHOD = re.compile(_TOKEN)
_TARGET = re.compile(rb"[\x21-\x7e]+")
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-9][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)")
_FIELD = re.compile(rb"(%b): (%b)" % (_TOKEN, _VALUE))
_FIELD_NAME = re.compile(_TOKEN)
_FIELD_VALUE = re.compile(_VALUE)
_STATUS_LINE_START = b"HTTP/1.1 "

# Most methods are one of these. CONNECT is not: it may end HTTP on the connection.
_METHODS = {b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"}

# h11's limit, and enough for 88 million terabytes.
_MAX_LENGTH_DIGITS = 20

# Header fields that decide how messages and connections end, and the one that requests have to have.
_FRAMING_FIELDS = {b"connection", b"content-length", b"transfer-encoding"}
_REQUEST_FIELDS = {b"host", *_FRAMING_FIELDS}

# The fields that are remembered: well-known ones whose values say what kind of program or content it is, never who
# asks. All else is forgotten with its connection, at the latest.
_HARMLESS_FIELDS = {
    b"accept",
    b"accept-encoding",
    b"accept-language",
    b"accept-ranges",
    b"cache-control",
    b"connection",
    b"content-encoding",
    b"content-language",
    b"content-length",
    b"content-type",
    b"date",
    b"host",
    b"keep-alive",
    b"server",
    b"transfer-encoding",
    b"user-agent",
    b"vary",
}

# So many lines are remembered, and none that is larger than this, in bytes. Nor is a larger head by its connection.
_MAX_KNOWN = 512
_MAX_KNOWN_LINE = 1024
MAX_KNOWN_HEAD = 4 * 1024

# What each line is, and the name of the field in lower case if it is one of those above.
_known_request_fields: dict[tuple[bytes, bytes], tuple[bytes, bytes | None]] = {}
_known_lines: dict[bytes, tuple[tuple[bytes, bytes], bytes | None]] = {}
_known_status_lines: dict[bytes, tuple[int, bytes]] = {}

_K = TypeVar("_K")
_V = TypeVar("_V")


class RequestFields:
    """The header fields of a request, and what they mean: `lines` is how they are sent, with the empty line."""

    __slots__ = ("close", "headers", "length", "lines")

    def __init__(self, headers: Headers, lines: bytes, length: int, close: bool) -> None:
        self.headers = headers
        self.lines = lines
        self.length = length
        self.close = close


class ParsedHead:
    """The head of a response: its bytes, its lines, its parts, and what they mean."""

    __slots__ = ("close", "headers", "length", "lines", "reason", "status", "wire")

    def __init__(
        self,
        wire: bytes,
        lines: list[bytes],
        status: int,
        reason: bytes,
        headers: Headers,
        length: int | None,
        close: bool,
    ) -> None:
        self.wire = wire
        self.lines = lines
        self.status = status
        self.reason = reason
        self.headers = headers
        self.length = length
        self.close = close


def parse_request_line(method: bytes, target: bytes) -> bytes | None:
    """Return the request line, or `None` to decline."""
    if type(method) is not bytes or type(target) is not bytes:
        return None
    if method not in _METHODS and (method == b"CONNECT" or _METHOD.fullmatch(method) is None):
        return None
    if _TARGET.fullmatch(target) is None:
        return None
    return b"%b %b HTTP/1.1\r\n" % (method, target)


def parse_request_fields(headers: Headers) -> RequestFields | None:
    """Return the header fields with Host in front, as RFC 9112 section 3.2 wants it, or `None` to decline."""
    lines: list[bytes] = []
    found: dict[bytes, bytes] = {}
    host = 0
    try:
        for field in headers:
            line, framing = _known_request_fields.get(field) or _parse_request_field(field)
            if framing is not None:
                if framing in found:
                    return None
                found[framing] = field[1]
                if framing == b"host":
                    host = len(lines)
            lines.append(line)
        length, close = _end_of_message(found)
    except (TypeError, ValueError, BytesWarning):  # declined, not pairs, not of bytes, or such that may change
        return None
    if b"host" not in found:
        return None
    lines.insert(0, lines.pop(host))
    lines.append(b"\r\n")
    return RequestFields([*headers], b"".join(lines), length or 0, close)


def _parse_request_field(field: tuple[bytes, bytes]) -> tuple[bytes, bytes | None]:
    name, value = field
    if type(name) is not bytes or type(value) is not bytes:
        raise TypeError
    if _FIELD_NAME.fullmatch(name) is None or _FIELD_VALUE.fullmatch(value) is None:
        raise ValueError
    lowered = name.lower()
    line = b"%b: %b\r\n" % field
    known = (line, lowered if lowered in _REQUEST_FIELDS else None)
    return _remember(_known_request_fields, field, known, len(line)) if lowered in _HARMLESS_FIELDS else known


def may_become_head(data: bytes) -> bool:
    """Whether `data`, which has no empty line yet, may become a head that is recognised."""
    is_start = data.startswith(_STATUS_LINE_START) or _STATUS_LINE_START.startswith(data)
    # A line that ends with a bare line feed may be the empty one for h11.
    return is_start and data.count(b"\n") == data.count(b"\r\n")


def parse_response_head(wire: bytes, last: ParsedHead | None = None) -> ParsedHead | None:
    """Return the head of a final response, which `wire` is as far as the first empty line; `None` to decline.

    `last` is one that came before, which this one most likely resembles.
    """
    lines = wire[: -len(b"\r\n\r\n")].split(b"\r\n")
    try:
        if last is not None and len(lines) == len(last.lines):
            return _resembling_head(wire, lines, last) or _new_head(wire, lines)
        return _new_head(wire, lines)
    except ValueError:
        return None


def _resembling_head(wire: bytes, lines: list[bytes], last: ParsedHead) -> ParsedHead | None:
    """Return the head if it differs from the last one in nothing but values of fields that do not frame the message."""
    headers = [*last.headers]
    index = -1  # of the header field, the first line being the status line
    for line, before in zip(lines, last.lines, strict=True):
        if line != before:
            if index < 0:
                return None
            name, value = _field(line)
            if name != headers[index][0] or name.lower() in _FRAMING_FIELDS:
                return None
            headers[index] = (name, value)
        index += 1
    return ParsedHead(wire, lines, last.status, last.reason, headers, last.length, last.close)


def _new_head(wire: bytes, lines: list[bytes]) -> ParsedHead:
    headers: Headers = []
    found: dict[bytes, bytes] = {}
    status_line, *rest = lines
    status, reason = _known_status_lines.get(status_line) or _parse_status_line(status_line)
    for line in rest:
        field, framing = _known_lines.get(line) or _parse_line(line)
        headers.append(field)
        if framing is not None:
            if framing in found:
                raise ValueError
            found[framing] = field[1]
    length, close = _end_of_message(found)
    length = 0 if status in (204, 304) else length
    return ParsedHead(wire, lines, status, reason, headers, length, close)


def _parse_status_line(line: bytes) -> tuple[int, bytes]:
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise ValueError
    return _remember(_known_status_lines, line, (int(match[1]), match[2]), len(line))


def _parse_line(line: bytes) -> tuple[tuple[bytes, bytes], bytes | None]:
    name, value = _field(line)
    lowered = name.lower()
    known = ((name, value), lowered if lowered in _FRAMING_FIELDS else None)
    return _remember(_known_lines, line, known, len(line)) if lowered in _HARMLESS_FIELDS else known


def _field(line: bytes) -> tuple[bytes, bytes]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise ValueError
    return match[1], match[2]


def _remember(known: dict[_K, _V], key: _K, value: _V, size: int) -> _V:
    if size <= _MAX_KNOWN_LINE:
        if len(known) >= _MAX_KNOWN:
            known.clear()
        known[key] = value
    return value


def _end_of_message(found: Mapping[bytes, bytes]) -> tuple[int | None, bool]:
    """Return how the message ends (RFC 9112 section 6.3); raises `ValueError` to decline.

    That is the length of the body, `CHUNKED`, or `None` where no field tells; and whether the connection ends as well.
    """
    length = None
    if b"content-length" in found:
        digits = found[b"content-length"]
        if not digits.isdigit() or len(digits) > _MAX_LENGTH_DIGITS or b"transfer-encoding" in found:
            raise ValueError
        length = int(digits)
    elif b"transfer-encoding" in found:
        if found[b"transfer-encoding"] != b"chunked":
            raise ValueError
        length = CHUNKED
    if b"connection" not in found:
        return length, False
    option = found[b"connection"].lower()
    if option not in (b"keep-alive", b"close"):
        raise ValueError
    return length, option == b"close"
