"""Whether a request that failed may be sent once more without telling anybody.

The connection knows what the server can have seen of the request, and says so on the exception. The pool, which has
other connections, reads it there.
"""

import enum

from ._bodies import ByteStream
from ._exceptions import ConnectionNotAvailable
from ._request import Request

# RFC 9110 section 9.2.2.
_IDEMPOTENT_METHODS = {b"DELETE", b"GET", b"HEAD", b"OPTIONS", b"PUT", b"QUERY", b"TRACE"}


class Retryable(enum.Enum):
    """Which requests may be repeated after an exception."""

    IDEMPOTENT = "idempotent"
    """The server may have processed the request: only where a second time changes nothing (RFC 9110 section 9.2.2)."""

    ANY = "any"
    """The server has certainly not processed the request."""

    AFTER_SHUTDOWN = "after shutdown"
    """The same, as it processed others only before it shut the connection down (RFC 9113 section 6.8)."""


_UNPROCESSED = (Retryable.ANY, Retryable.AFTER_SHUTDOWN)


def mark_retryable(exc: BaseException, which: Retryable) -> None:
    """Say on `exc` which requests may be repeated after it."""
    exc.__retryable__ = which  # type: ignore[attr-defined]


def retryable_after(exc: BaseException) -> Retryable | None:
    """Return which requests may be repeated after `exc`; `None` for none, or where nothing is known."""
    if isinstance(exc, ConnectionNotAvailable):
        return Retryable.ANY
    which: Retryable | None = getattr(exc, "__retryable__", None)
    return which


def is_refused(exc: BaseException) -> bool:
    """Whether the server itself has said that it did not process the request (RFC 9113 section 8.7)."""
    return getattr(exc, "__retryable__", None) in _UNPROCESSED


def is_shut_down(exc: BaseException) -> bool:
    """Whether the server shut the connection down after other requests, and did not process this one."""
    return getattr(exc, "__retryable__", None) is Retryable.AFTER_SHUTDOWN


def may_retry(request: Request, exc: BaseException) -> bool:
    """Whether `request`, which failed with `exc`, may be repeated: as to its method, and with its body.

    A body is sent again if it is bytes, a list or a tuple, or if it is none. Of other kinds nothing is known here.
    """
    return may_retry_method(request, exc) and has_replayable_body(request)


def may_retry_method(request: Request, exc: BaseException) -> bool:
    """Whether `request`, which failed with `exc`, may be repeated as to its method."""
    which = retryable_after(exc)
    return which in _UNPROCESSED or (which is Retryable.IDEMPOTENT and request.method in _IDEMPOTENT_METHODS)


def has_replayable_body(request: Request) -> bool:
    """Whether the body of `request` is one that can certainly be sent again, or none."""
    return isinstance(request.stream, (ByteStream, list, tuple)) or not _declares_body(request)


def _declares_body(request: Request) -> bool:
    # Without framing headers there is no body (RFC 9112 section 6.3), whatever kind of object iterates over nothing.
    fields = {name.lower(): value for name, value in request.headers}
    return b"transfer-encoding" in fields or fields.get(b"content-length", b"0").strip(b" 0") != b""
