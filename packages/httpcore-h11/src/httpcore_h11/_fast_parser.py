"""Parses plain, common heads without h11 (RFC 9112 sections 3 to 6): those of bodies of known length, or in chunks.

Each rule is as strict as h11's, or stricter. The parser declines a head that matches no rule, and h11 judges it. So a
rule may accept less than the RFC allows, but never more.

**Memos.** Most of a head is the same from message to message, and most of this parser's speed comes from looking up
what it has parsed before.

* *What*: each field of a request and the line it is sent as, each line of a response and the field it holds, each
  status line and its parts. A result depends on its key alone, so that a memo cannot be out of date.
* *Where*: in three dicts of this module, `_request_field_memo`, `_line_memo` and `_status_line_memo`, which all
  connections share. Besides, each `Engine` keeps the last head in either direction, to compare the next one with it.
* *How long*: until a dict has `_MAX_MEMO_SIZE` entries, when it is emptied. Lines over `_MAX_MEMO_LINE` bytes are never
  kept. An engine's last heads are kept as long as its connection, and never if over `MAX_MEMO_HEAD` bytes.
* *What never goes in*: anything that may be secret or tell who asks. Connections share the fields that
  `_HARMLESS_FIELDS` names, and no others. All other fields are known to their own connection, and forgotten with it.
"""

import re
from collections.abc import Mapping
from typing import Final, TypeVar

from httpcore_models.lowlevel import is_continue_expectation

Headers = list[tuple[bytes, bytes]]

# Stands for the length of a body that is sent in chunks.
CHUNKED: Final = -1

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# Visible bytes, with blanks only between them. None of these patterns can match across the end of a line.
_VALUE = rb"(?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*(?<![\t ])|)"

_METHOD = re.compile(_TOKEN)
_TARGET = re.compile(rb"[\x21-\x7e]+")
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-9][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)")
_FIELD = re.compile(rb"(%b): (%b)" % (_TOKEN, _VALUE))
_FIELD_NAME = re.compile(_TOKEN)
_FIELD_VALUE = re.compile(_VALUE)
_STATUS_LINE_START = b"HTTP/1.1 "

# The most common methods, which need no check. CONNECT is left to h11: it may end HTTP on the connection.
_METHODS = {b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"}

# The limit of h11, enough for 88 million terabytes.
_MAX_LENGTH_DIGITS = 20

# The header fields that decide how messages and connections end, the one that every request needs, and the one that
# holds a body back.
_FRAMING_FIELDS = {b"connection", b"content-length", b"transfer-encoding"}
_REQUEST_FIELDS = {b"host", b"expect", *_FRAMING_FIELDS}

# The fields whose values the memos may keep. They describe a program or its content, never a user.
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

# Entries of each dict; bytes of a line in a dict, and of a head that an engine keeps.
_MAX_MEMO_SIZE = 512
_MAX_MEMO_LINE = 1024
MAX_MEMO_HEAD = 4 * 1024

# With each field goes its name in lower case, if that is one of `_REQUEST_FIELDS` or `_FRAMING_FIELDS`.
_request_field_memo: dict[tuple[bytes, bytes], tuple[bytes, bytes | None]] = {}
_line_memo: dict[bytes, tuple[tuple[bytes, bytes], bytes | None]] = {}
_status_line_memo: dict[bytes, tuple[int, bytes]] = {}

_K = TypeVar("_K")
_V = TypeVar("_V")


class RequestFields:
    """The header fields of a request and their meaning. `lines` is what is sent, with the empty line at the end.

    `expects_continue` says that there is a body, which the server wants to be asked about.
    """

    __slots__ = ("close", "expects_continue", "headers", "length", "lines")

    def __init__(
        self, headers: Headers, lines: bytes, length: int, close: bool, expects_continue: bool = False
    ) -> None:
        self.headers = headers
        self.lines = lines
        self.length = length
        self.close = close
        self.expects_continue = expects_continue


class ParsedHead:
    """The head of a response: its bytes (`wire`), its lines, its parts and their meaning."""

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
    """Return the header fields, with Host sent first (RFC 9112 section 3.2), or `None` to decline."""
    lines: list[bytes] = []
    found: dict[bytes, bytes] = {}
    host = 0
    try:
        for field in headers:
            line, framing = _request_field_memo.get(field) or _parse_request_field(field)
            if framing is not None:
                if framing in found:
                    return None
                found[framing] = field[1]
                if framing == b"host":
                    host = len(lines)
            lines.append(line)
        length, close = _end_of_message(found)
    except (TypeError, ValueError, BytesWarning):  # declined: not pairs, not of bytes, or mutable
        return None
    if b"host" not in found:
        return None
    lines.insert(0, lines.pop(host))
    lines.append(b"\r\n")
    expects = b"expect" in found and length not in (None, 0) and is_continue_expectation(found[b"expect"])
    return RequestFields([*headers], b"".join(lines), length or 0, close, expects)


def _parse_request_field(field: tuple[bytes, bytes]) -> tuple[bytes, bytes | None]:
    name, value = field
    if type(name) is not bytes or type(value) is not bytes:
        raise TypeError
    if _FIELD_NAME.fullmatch(name) is None or _FIELD_VALUE.fullmatch(value) is None:
        raise ValueError
    lowered = name.lower()
    line = b"%b: %b\r\n" % field
    parsed = (line, lowered if lowered in _REQUEST_FIELDS else None)
    return _remember(_request_field_memo, field, parsed, len(line)) if lowered in _HARMLESS_FIELDS else parsed


def may_become_head(data: bytes) -> bool:
    """Whether `data`, in which there is no empty line yet, may become a head that this parser accepts."""
    is_start = data.startswith(_STATUS_LINE_START) or _STATUS_LINE_START.startswith(data)
    # To h11, a line feed alone may end the empty line.
    return is_start and data.count(b"\n") == data.count(b"\r\n")


def parse_response_head(wire: bytes, last: ParsedHead | None = None) -> ParsedHead | None:
    """Return the head of a final response, or `None` to decline.

    `wire` ends with the empty line. `last` is an earlier head, which this one probably resembles.
    """
    lines = wire[: -len(b"\r\n\r\n")].split(b"\r\n")
    try:
        if last is not None and len(lines) == len(last.lines):
            return _resembling_head(wire, lines, last) or _new_head(wire, lines)
        return _new_head(wire, lines)
    except ValueError:
        return None


def _resembling_head(wire: bytes, lines: list[bytes], last: ParsedHead) -> ParsedHead | None:
    """Return the head if only values differ from those of the last one, and only of fields that are not for framing."""
    headers = [*last.headers]
    index = -1  # of the header field; the first line is the status line
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
    status, reason = _status_line_memo.get(status_line) or _parse_status_line(status_line)
    for line in rest:
        field, framing = _line_memo.get(line) or _parse_line(line)
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
    return _remember(_status_line_memo, line, (int(match[1]), match[2]), len(line))


def _parse_line(line: bytes) -> tuple[tuple[bytes, bytes], bytes | None]:
    name, value = _field(line)
    lowered = name.lower()
    parsed = ((name, value), lowered if lowered in _FRAMING_FIELDS else None)
    return _remember(_line_memo, line, parsed, len(line)) if lowered in _HARMLESS_FIELDS else parsed


def _field(line: bytes) -> tuple[bytes, bytes]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise ValueError
    return match[1], match[2]


def _remember(memo: dict[_K, _V], key: _K, value: _V, size: int) -> _V:
    if size <= _MAX_MEMO_LINE:
        if len(memo) >= _MAX_MEMO_SIZE:
            memo.clear()
        memo[key] = value
    return value


def _end_of_message(found: Mapping[bytes, bytes]) -> tuple[int | None, bool]:
    """Return the length of the body and whether the connection closes after it (RFC 9112 sections 6.3 and 9.6).

    The length may be `CHUNKED`, or `None` if no field declares it. Raises `ValueError` to decline.
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
