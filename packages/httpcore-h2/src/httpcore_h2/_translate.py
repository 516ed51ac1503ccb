"""Translating requests into HTTP/2 header fields, and header fields into responses (RFC 9113 section 8)."""

import re
from typing import NamedTuple

from httpcore_models import LocalProtocolError, RemoteProtocolError, Request

Headers = list[tuple[bytes, bytes]]

# Fields that are specific to a connection and not allowed in HTTP/2 (RFC 9113 section 8.2.2). Users add them by habit.
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


class RequestHead(NamedTuple):
    """A request without its body.

    `declared_length` is the value of Content-Length; `has_body` is whether the header fields announce a body. If the
    next request has the same header fields, its `headers` are the same object.
    """

    pseudo_headers: Headers
    headers: Headers
    has_body: bool
    declared_length: int | None
    is_connect: bool
    is_head: bool


class RequestTranslator:
    """Translates the heads of requests. Header fields equal to those of the last request are not inspected again."""

    def __init__(self) -> None:
        self._last: tuple[Headers, _RequestFields] | None = None

    def request_head(self, request: Request) -> RequestHead:
        """Translate the head of a request. Raises `LocalProtocolError` if HTTP/2 cannot carry it.

        The extension `protocol`, as `bytes`, makes a CONNECT request an extended one (RFC 8441).
        """
        last = self._last
        if last is not None and request.headers == last[0]:
            fields = last[1]
        else:
            fields = _request_fields(request.headers)
            small = sum([len(name) + len(value) for name, value in fields.headers]) <= _MAX_REMEMBERED_FIELDS
            self._last = (list(request.headers), fields) if small else None
        is_connect = request.method == b"CONNECT"
        return RequestHead(
            _pseudo_headers(request, fields.authority),
            fields.headers,
            fields.has_body or is_connect,
            fields.declared_length,
            is_connect,
            request.method == b"HEAD",
        )


class _RequestFields(NamedTuple):
    headers: Headers
    authority: bytes
    has_body: bool
    declared_length: int | None


def _request_fields(headers: Headers) -> _RequestFields:
    authority: bytes | None = None
    fields: Headers = []
    has_body = False
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
                has_body, declared_length = True, length
            fields.append((name, value))
    if authority is None:
        raise LocalProtocolError("Missing mandatory Host: header")
    return _RequestFields(fields, authority, has_body, declared_length)


def _nominated(headers: Headers) -> set[bytes]:
    """Return the names that a Connection field declares to be connection-specific (RFC 9110 section 7.6.1)."""
    options = b",".join(value for name, value in headers if name.lower() == b"connection")
    return {option.strip().lower() for option in options.split(b",")} - {b"te", b""}


def _length(value: bytes) -> int:
    if not _LENGTH.fullmatch(value):
        raise LocalProtocolError(f"bad Content-Length: {value!r}")
    return int(value)


def _pseudo_headers(request: Request, authority: bytes) -> Headers:
    method, target = request.method, request.url.target
    protocol: bytes | None = request.extensions.get("protocol")
    if not _METHOD.fullmatch(method):
        raise LocalProtocolError(f"Illegal method {method!r}")
    if method == b"CONNECT" and protocol is None:
        return [(b":method", method), (b":authority", authority)]
    if not _TARGET.fullmatch(target):
        raise LocalProtocolError(f"Illegal target {target!r}")
    # RFC 8441 section 5: wss and ws stand for https and http.
    scheme = {b"wss": b"https", b"ws": b"http"}.get(request.url.scheme, request.url.scheme)
    headers = [(b":method", method), (b":authority", authority), (b":scheme", scheme), (b":path", target)]
    return headers if protocol is None else [(b":method", method), (b":protocol", protocol), *headers[1:]]


class FieldSection(NamedTuple):
    """The fields of a response head, or of a trailer section, whose `status` is `None`."""

    status: int | None
    headers: Headers
    content_length: int | None


def field_section(fields: Headers) -> FieldSection:
    """Check and translate the fields that a server sent (RFC 9113 sections 8.2 and 8.3).

    Raises `RemoteProtocolError` if they are not allowed.
    """
    status: int | None = None
    length: bytes | None = None
    headers: Headers = []
    for name, value in fields:
        if name.startswith(b":"):
            if name != b":status" or status is not None or headers:
                raise RemoteProtocolError(f"Received an invalid pseudo-header field {name!r}")
            if not _STATUS.fullmatch(value):
                raise RemoteProtocolError(f"Received a response with an invalid ':status': {value!r}")
            status = int(value)
            continue
        if not _NAME.fullmatch(name):
            raise RemoteProtocolError(f"Received an invalid header name {name!r}")
        if not _VALUE.fullmatch(value):
            raise RemoteProtocolError(f"Received an invalid value of header {name!r}")
        if name in _CONNECTION_SPECIFIC:
            raise RemoteProtocolError(f"Received the connection-specific header {name!r}")
        if name == b"content-length":
            if not _LENGTH.fullmatch(value):
                raise RemoteProtocolError(f"Invalid content-length header: {value!r}")
            if length is not None and length != value:
                both = f"{length.decode('ascii')} and {value.decode('ascii')}"
                raise RemoteProtocolError(f"Conflicting content-length headers: {both}")
            length = value
        headers.append((name, value.strip(b" \t")))
    return FieldSection(status, headers, None if length is None else int(length))
