"""Requests as header fields, and header fields as responses (RFC 9113 section 8, RFC 9114 section 4.2)."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from .._exceptions import LocalProtocolError, RemoteProtocolError
from .._expecting import is_continue_expectation
from .._observing import size_of_fields
from .._request import Request

Headers = list[tuple[bytes, bytes]]

# Fields that are specific to a connection and not allowed here (RFC 9113 section 8.2.2). Users add them by habit.
_CONNECTION_SPECIFIC = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}

# RFC 9110 section 5.1, in lower case; RFC 9113 section 8.2.1.
_NAME = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-z]+")
_VALUE = re.compile(rb"[^\x00\r\n]*")
_METHOD = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_TARGET = re.compile(rb"[\x21-\x7e\x80-\xff]+")
# A number of 64 bits has at most 20 digits.
_LENGTH = re.compile(rb"[0-9]{1,20}")
_STATUS = re.compile(rb"[1-9][0-9]{2}")

# Header fields of more bytes are not remembered.
_MAX_REMEMBERED_FIELDS = 4 * 1024

# How many fields of responses are remembered, and of how many bytes each at most.
_MAX_CHECKED_FIELDS = 128
_MAX_CHECKED_FIELD = 256


@dataclass(slots=True)
class RequestHead:
    """A request without its body. It is never changed, but has slots, which are read faster than the fields of a tuple.

    `declared_length` is the value of Content-Length; `has_body` is whether the header fields announce a body;
    `expects_continue` is whether the server has to agree before that is sent (RFC 9110 section 10.1.1). What the
    next request has in common is the same object there: its header fields, its pseudo-headers but the path, or all.
    """

    start: Headers
    path: bytes | None
    headers: Headers
    has_body: bool
    declared_length: int | None
    is_connect: bool
    is_head: bool
    expects_continue: bool = False

    @property
    def pseudo_headers(self) -> Headers:
        """The pseudo-headers, with the path as the last one."""
        return self.start if self.path is None else [*self.start, (b":path", self.path)]

    def size(self) -> int:
        """Return how many bytes the names and values take before they are compressed."""
        return size_of_fields(self.pseudo_headers) + size_of_fields(self.headers)


class RequestTranslator:
    """Translates the heads of requests. What is equal in the last request is not inspected again."""

    def __init__(self) -> None:
        # Replaced as a whole, since threads may do so at the same time.
        self._last: _LastRequest | None = None

    def request_head(self, request: Request) -> RequestHead:
        """Translate the head of a request. Raises `LocalProtocolError` if it cannot be sent.

        The extension `protocol`, as `bytes`, makes a CONNECT request an extended one (RFC 8441).
        """
        target = request.url.target
        start = (request.method, request.url.scheme, request.extensions.get("protocol"))
        last = self._last
        if last is None or request.headers != last[0]:
            return self._translate(request, start, _request_fields(request.headers))
        headers, fields, last_start, head = last
        if start != last_start:
            return self._translate(request, start, fields)
        if target == head.path or head.path is None:
            return head
        if not _TARGET.fullmatch(target):
            raise LocalProtocolError(f"Illegal target {target!r}")
        # `replace()` would take five times as long.
        start_fields, is_head, expects = head.start, head.is_head, head.expects_continue
        length, is_connect = head.declared_length, head.is_connect
        head = RequestHead(start_fields, target, head.headers, head.has_body, length, is_connect, is_head, expects)
        if len(target) <= _MAX_REMEMBERED_FIELDS:
            self._last = (headers, fields, start, head)
        return head

    def _translate(self, request: Request, start: "_Start", fields: "_RequestFields") -> RequestHead:
        method, scheme, protocol = start
        if not _METHOD.fullmatch(method):
            raise LocalProtocolError(f"Illegal method {method!r}")
        is_connect = method == b"CONNECT"
        path: bytes | None = None
        if is_connect and protocol is None:
            pseudo_headers = [(b":method", method), (b":authority", fields.authority)]
        else:
            path = request.url.target
            if not _TARGET.fullmatch(path):
                raise LocalProtocolError(f"Illegal target {path!r}")
            pseudo_headers = [(b":method", method), (b":authority", fields.authority), (b":scheme", _scheme(scheme))]
            if protocol is not None:
                pseudo_headers.insert(1, (b":protocol", protocol))
        is_head = method == b"HEAD"
        has_body = fields.has_body or is_connect
        expects = fields.expects_continue and has_body and not is_connect
        length = fields.declared_length
        head = RequestHead(pseudo_headers, path, fields.headers, has_body, length, is_connect, is_head, expects)
        size = sum([len(name) + len(value) for name, value in [*head.pseudo_headers, *fields.headers]])
        self._last = (list(request.headers), fields, start, head) if size <= _MAX_REMEMBERED_FIELDS else None
        return head


class _RequestFields(NamedTuple):
    headers: Headers
    authority: bytes
    has_body: bool
    declared_length: int | None
    expects_continue: bool


# Method, scheme and protocol of a request, which its pseudo-headers but the path are made of.
_Start = tuple[bytes, bytes, bytes | None]

# The header fields of a request, and what was made of them.
_LastRequest = tuple[Headers, _RequestFields, _Start, RequestHead]


def _request_fields(headers: Headers) -> _RequestFields:
    authority: bytes | None = None
    fields: Headers = []
    has_body = expects = False
    declared_length: int | None = None
    nominated = _nominated(headers)
    for name, value in headers:
        name, value = name.lower(), value.strip(b" \t")
        if not _NAME.fullmatch(name):
            raise LocalProtocolError(f"Illegal header name {name!r}")
        if not _VALUE.fullmatch(value):
            raise LocalProtocolError(f"Illegal value of header {name!r}")
        if name == b"host":
            authority = value if authority is None else authority
        elif name == b"te" and value.lower() != b"trailers":
            raise LocalProtocolError(f"Invalid value for TE header: {value!r}")
        elif name in _CONNECTION_SPECIFIC or name in nominated:
            has_body = has_body or name == b"transfer-encoding"
        else:
            if name == b"content-length":
                length = _length(value)
                if declared_length not in (None, length):
                    raise LocalProtocolError("conflicting Content-Length headers")
                has_body, declared_length = has_body or length > 0, length
            elif name == b"expect":
                expects = expects or is_continue_expectation(value)
            fields.append((name, value))
    if authority is None:
        raise LocalProtocolError("Missing mandatory Host: header")
    return _RequestFields(fields, authority, has_body, declared_length, expects)


def _nominated(headers: Headers) -> set[bytes]:
    """Return the names that a Connection field declares to be connection-specific (RFC 9110 section 7.6.1)."""
    options = b",".join(value for name, value in headers if name.lower() == b"connection")
    return {option.strip().lower() for option in options.split(b",")} - {b"te", b""}


def _length(value: bytes) -> int:
    if not _LENGTH.fullmatch(value):
        raise LocalProtocolError(f"bad Content-Length: {value!r}")
    return int(value)


def _scheme(scheme: bytes) -> bytes:
    # RFC 8441 section 5: wss and ws stand for https and http.
    return {b"wss": b"https", b"ws": b"http"}.get(scheme, scheme)


@dataclass(slots=True)
class FieldSection:
    """The fields of a response head, or of a trailer section, whose `status` is `None`."""

    status: int | None
    headers: Headers
    content_length: int | None


class SectionTranslator:
    """Checks and translates the fields that a server sent. Equal fields are not inspected again."""

    def __init__(self) -> None:
        # Fields as received, and without spaces around the value.
        self._checked: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}

    def field_section(self, fields: Headers) -> FieldSection:
        """Translate a header or trailer section (RFC 9113 sections 8.2 and 8.3).

        Raises `RemoteProtocolError` if it is not allowed.
        """
        status: int | None = None
        length: bytes | None = None
        headers: Headers = []
        checked = self._checked
        for field in fields:
            header = checked.get(field)
            if header is not None:
                headers.append(header)
                continue
            name, value = field
            if name == b":status" and status is None and not headers:
                status = _status(value)
                continue
            _check_field(name, value)
            header = (name, value.strip(b" \t"))
            if name == b"content-length":
                _check_length(value, length)
                length = value
            else:
                self._remember(field, header)
            headers.append(header)
        return FieldSection(status, headers, None if length is None else int(length))

    def _remember(self, field: tuple[bytes, bytes], header: tuple[bytes, bytes]) -> None:
        if len(field[0]) + len(field[1]) <= _MAX_CHECKED_FIELD:
            if len(self._checked) >= _MAX_CHECKED_FIELDS:
                self._checked.clear()
            self._checked[field] = header


def _status(value: bytes) -> int:
    if not _STATUS.fullmatch(value):
        raise RemoteProtocolError(f"Received a response with an invalid ':status': {value!r}")
    return int(value)


def _check_field(name: bytes, value: bytes) -> None:
    if name.startswith(b":"):
        raise RemoteProtocolError(f"Received an invalid pseudo-header field {name!r}")
    if not _NAME.fullmatch(name):
        raise RemoteProtocolError(f"Received an invalid header name {name!r}")
    if not _VALUE.fullmatch(value):
        raise RemoteProtocolError(f"Received an invalid value of header {name!r}")
    if name in _CONNECTION_SPECIFIC:
        raise RemoteProtocolError(f"Received the connection-specific header {name!r}")


def _check_length(value: bytes, before: bytes | None) -> None:
    if not _LENGTH.fullmatch(value):
        raise RemoteProtocolError(f"Invalid content-length header: {value!r}")
    if before is not None and before != value:
        both = f"{before.decode('ascii')} and {value.decode('ascii')}"
        raise RemoteProtocolError(f"Conflicting content-length headers: {both}")
