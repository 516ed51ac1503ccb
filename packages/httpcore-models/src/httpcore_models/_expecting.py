"""Requests that wait for the server's consent before they send their body (RFC 9110 section 10.1.1)."""

import copy
from collections.abc import Iterable

from ._request import Request

# How long a request waits for `100 Continue`, in seconds. Servers that do not know it send none. The RFC names no time;
# curl and Go wait as long.
CONTINUE_TIMEOUT = 1.0


def is_continue_expectation(value: bytes) -> bool:
    """Whether the value of an Expect field, which may be a list, asks for `100 Continue`."""
    return any(item.strip().lower() == b"100-continue" for item in value.split(b","))


def expects_continue(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request with these header fields has a body, and asks for `100 Continue` before it sends it."""
    fields = [(name.lower(), value) for name, value in headers if type(name) is bytes and type(value) is bytes]
    return any(name == b"expect" and is_continue_expectation(value) for name, value in fields) and any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b" 0")) for name, value in fields
    )


def without_expectation(request: Request) -> Request:
    """Return a copy of a request that expects nothing."""
    request = copy.copy(request)
    request.headers = [(name, value) for name, value in request.headers if name.lower() != b"expect"]
    return request
