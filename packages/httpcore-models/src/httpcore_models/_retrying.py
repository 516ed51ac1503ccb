"""Whether a failed request may be retried without the caller noticing.

A connection knows how much of the request the server can have processed, and marks the exception accordingly. The pool
reads the mark, and retries on another connection.
"""

import enum

from ._bodies import ByteStream
from ._exceptions import ConnectionNotAvailable
from ._request import Request

# RFC 9110 section 9.2.2.
_IDEMPOTENT_METHODS = {b"DELETE", b"GET", b"HEAD", b"OPTIONS", b"PUT", b"QUERY", b"TRACE"}


class Retryable(enum.Enum):
    """Which requests may be retried after an exception."""

    IDEMPOTENT = "idempotent"
    """Those with idempotent methods (RFC 9110 section 9.2.2), because the server may have processed the request."""

    ANY = "any"
    """All, because the server has certainly not processed the request."""

    AFTER_SHUTDOWN = "after shutdown"
    """All, because the server shut the connection down before it processed the request (RFC 9113 section 6.8)."""


_UNPROCESSED = (Retryable.ANY, Retryable.AFTER_SHUTDOWN)


def mark_retryable(exc: BaseException, which: Retryable) -> None:
    """Mark `exc` with the requests that may be retried after it."""
    exc.__retryable__ = which  # type: ignore[attr-defined]


def retryable_after(exc: BaseException) -> Retryable | None:
    """Return which requests may be retried after `exc`. `None` means none, or that nothing is known."""
    if isinstance(exc, ConnectionNotAvailable):
        return Retryable.ANY
    which: Retryable | None = getattr(exc, "__retryable__", None)
    return which


def is_refused(exc: BaseException) -> bool:
    """Whether the server itself said that it did not process the request (RFC 9113 section 8.7)."""
    return getattr(exc, "__retryable__", None) in _UNPROCESSED


def is_shut_down(exc: BaseException) -> bool:
    """Whether the server shut the connection down after other requests and did not process this one."""
    return getattr(exc, "__retryable__", None) is Retryable.AFTER_SHUTDOWN


def may_retry(request: Request, exc: BaseException) -> bool:
    """Whether `request`, which failed with `exc`, may be retried: its method must allow it, and its body too.

    There must be no body, or one that is bytes, a list or a tuple. Nothing is known of others: this returns `False`.
    """
    return may_retry_method(request, exc) and has_replayable_body(request)


def may_retry_method(request: Request, exc: BaseException) -> bool:
    """Whether the method of `request`, which failed with `exc`, allows a retry."""
    which = retryable_after(exc)
    return which in _UNPROCESSED or (which is Retryable.IDEMPOTENT and request.method in _IDEMPOTENT_METHODS)


def has_replayable_body(request: Request) -> bool:
    """Whether `request` has no body, or one that can certainly be sent again."""
    return isinstance(request.stream, (ByteStream, list, tuple)) or not _declares_body(request)


def _declares_body(request: Request) -> bool:
    # Without framing headers there is no body (RFC 9112 section 6.3), whatever object `request.stream` is.
    fields = {name.lower(): value for name, value in request.headers}
    return b"transfer-encoding" in fields or fields.get(b"content-length", b"0").strip(b" 0") != b""
