"""Which heads the fast lane takes: the plain, common ones (RFC 9112 sections 3 to 6), of known length or chunked.

Each rule here is as strict as h11's or stricter. What does not match is declined and judged by h11, so a rule may be
narrower than the RFC, and never wider. One regular expression reads all header fields at once; that it left nothing
out follows from counting the lines. What repeats is remembered, by all connections together.
"""

import re
from typing import Any, Final, NamedTuple

Headers = list[tuple[bytes, bytes]]

# The length of a message whose body is sent in chunks.
CHUNKED: Final = -1

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# Visible bytes, with blanks between them only: none of these patterns can cross the end of a line.
_VALUE = rb"(?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*(?<![\t ])|)"

_METHOD = re.compile(_TOKEN)
_TARGET = re.compile(rb"[\x21-\x7e]+")
_NAMES = re.compile(rb"%b(?:\n%b)*" % (_TOKEN, _TOKEN))
_VALUES = re.compile(rb"%b(?:\n%b)*" % (_VALUE, _VALUE))
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-9][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)\r\n")
_FIELD = re.compile(rb"^(%b): (%b)\r\n" % (_TOKEN, _VALUE), re.MULTILINE)
_STATUS_LINE_START = b"HTTP/1.1 "

# Most methods are one of these. CONNECT is not: it may end HTTP on the connection.
_METHODS = {b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"}

# h11's limit, and enough for 88 million terabytes.
_MAX_LENGTH_DIGITS = 20

# Header fields that decide how messages and connections end.
_FRAMING_FIELDS = {b"connection", b"content-length", b"transfer-encoding"}
_FRAMING_FIELD_LENGTHS = {len(name) for name in _FRAMING_FIELDS}


# So many heads are remembered, and none that is larger than this, in bytes.
_MAX_KNOWN = 64
MAX_KNOWN_SIZE = 4 * 1024


class RequestFields(NamedTuple):
    """The header fields of a request, and what they mean: `lines` is how they are sent, with the empty line."""

    headers: tuple[tuple[bytes, bytes], ...]
    lines: bytes
    length: int
    close: bool


class RecognisedHead(NamedTuple):
    """The head of a response: its bytes, its parts, and what they mean."""

    wire: bytes
    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    length: int | None
    close: bool


_known_fields: dict[Any, RequestFields] = {}
_known_heads: dict[bytes, RecognisedHead] = {}


def recognise_request_line(method: bytes, target: bytes) -> bytes | None:
    """Return the request line, or `None` to decline."""
    if type(method) is not bytes or type(target) is not bytes:
        return None
    if method not in _METHODS and (method == b"CONNECT" or _METHOD.fullmatch(method) is None):
        return None
    if _TARGET.fullmatch(target) is None:
        return None
    return b"%b %b HTTP/1.1\r\n" % (method, target)


def recognise_request_fields(headers: Headers) -> RequestFields | None:
    """Return the header fields with Host in front, as RFC 9112 section 3.2 wants it, or `None` to decline."""
    try:
        key = tuple(headers)
        fields = _known_fields.get(key)
    except TypeError:  # not pairs of bytes, or such that may change
        return None
    if fields is None:
        fields = _recognise_new_request_fields(headers)
        if fields is not None and len(fields.lines) <= MAX_KNOWN_SIZE:
            if len(_known_fields) >= _MAX_KNOWN:
                _known_fields.clear()
            _known_fields[key] = fields
    return fields


def _recognise_new_request_fields(headers: Headers) -> RequestFields | None:
    try:
        # Joined with a byte that neither may contain, all are checked at once.
        joined_names = b"\n".join([name for name, _ in headers])
        joined_values = b"\n".join([value for _, value in headers])
    except (TypeError, ValueError):
        return None
    if _NAMES.fullmatch(joined_names) is None or _VALUES.fullmatch(joined_values) is None:
        return None
    names, values = joined_names.split(b"\n"), joined_values.split(b"\n")
    if len(names) != len(headers) or len(values) != len(headers):
        return None
    fields = tuple(zip(names, values, strict=True))
    framing = recognise_framing(fields)
    lowered = joined_names.lower().split(b"\n")
    if framing is None or lowered.count(b"host") != 1:
        return None
    length, close = framing
    lines = [b"%b: %b\r\n" % field for field in fields]
    lines.insert(0, lines.pop(lowered.index(b"host")))
    lines.append(b"\r\n")
    return RequestFields(fields, b"".join(lines), length or 0, close)


def may_become_head(data: bytes) -> bool:
    """Whether `data`, which has no empty line yet, may become a head that is recognised."""
    is_start = data.startswith(_STATUS_LINE_START) or _STATUS_LINE_START.startswith(data)
    # A line that ends with a bare line feed may be the empty one for h11.
    return is_start and data.count(b"\n") == data.count(b"\r\n")


def recognise_response_head(wire: bytes) -> RecognisedHead | None:
    """Return the head of a final response, which `wire` is as far as the first empty line; `None` to decline."""
    head = _known_heads.get(wire)
    if head is None:
        head = _recognise_new_response_head(wire)
        if head is not None and len(wire) <= MAX_KNOWN_SIZE:
            if len(_known_heads) >= _MAX_KNOWN:
                _known_heads.clear()
            _known_heads[wire] = head
    return head


def _recognise_new_response_head(wire: bytes) -> RecognisedHead | None:
    status = _STATUS_LINE.match(wire)
    if status is None:
        return None
    start = status.end()
    end_of_fields = len(wire) - len(b"\r\n")
    headers = tuple(_FIELD.findall(wire, start, end_of_fields))
    # Every field took one line feed, the one at its end. So nothing stands between them if no other is there.
    if len(headers) != wire.count(b"\n", start, end_of_fields):
        return None
    framing = recognise_framing(headers)
    if framing is None:
        return None
    length, close = framing
    code = int(status[1])
    return RecognisedHead(wire, code, status[2], headers, 0 if code in (204, 304) else length, close)


def recognise_framing(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[int | None, bool] | None:
    """Return how the message ends (RFC 9112 section 6.3), or `None` to decline.

    That is the length of the body, `CHUNKED`, or `None` where no field tells; and whether the connection ends as well.
    """
    found = [
        (field, value)
        for name, value in headers
        if len(name) in _FRAMING_FIELD_LENGTHS and (field := name.lower()) in _FRAMING_FIELDS
    ]
    values = dict(found)
    if len(values) != len(found):
        return None
    length = None
    if b"content-length" in values:
        digits = values[b"content-length"]
        if not digits.isdigit() or len(digits) > _MAX_LENGTH_DIGITS or b"transfer-encoding" in values:
            return None
        length = int(digits)
    elif b"transfer-encoding" in values:
        if values[b"transfer-encoding"] != b"chunked":
            return None
        length = CHUNKED
    option = values.get(b"connection")
    if option is None:
        return length, False
    option = option.lower()
    return (length, option == b"close") if option in (b"keep-alive", b"close") else None
