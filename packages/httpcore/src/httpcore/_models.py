"""Alias of 1.0's module path: requests and responses are in `httpcore_models`.

The checks of arguments are for clients that take the same arguments.
"""

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence

from httpcore_models import URL as URL
from httpcore_models import ByteStream as ByteStream
from httpcore_models import Extensions as Extensions
from httpcore_models import HeaderTypes as HeaderTypes
from httpcore_models import Origin as Origin
from httpcore_models import Proxy as Proxy
from httpcore_models import Request as Request
from httpcore_models import Response as Response
from httpcore_models.lowlevel import enforce_bytes as enforce_bytes
from httpcore_models.lowlevel import enforce_headers as enforce_headers
from httpcore_models.lowlevel import enforce_url as enforce_url
from httpcore_models.lowlevel import include_request_headers as include_request_headers

ByteOrStr = bytes | str
HeadersAsSequence = Sequence[tuple[ByteOrStr, ByteOrStr]]
HeadersAsMapping = Mapping[ByteOrStr, ByteOrStr]
DEFAULT_PORTS = {b"ftp": 21, b"http": 80, b"https": 443, b"ws": 80, b"wss": 443}


def enforce_stream(
    value: bytes | Iterable[bytes] | AsyncIterable[bytes] | None, *, name: str
) -> Iterable[bytes] | AsyncIterable[bytes]:
    """Return `value` as an iterable of the parts of a body."""
    if value is None:
        return ByteStream(b"")
    return ByteStream(value) if isinstance(value, bytes) else value


def has_body_headers(request: Request) -> bool:
    """Whether the headers of `request` say that it has a body."""
    return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in request.headers)
