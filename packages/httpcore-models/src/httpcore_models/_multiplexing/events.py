"""What an engine reports about one message, and why a message failed."""

import enum
from typing import NamedTuple, TypeAlias

from .._exceptions import ConnectionNotAvailable, NetworkError, RemoteProtocolError
from .._retrying import Retryable, mark_retryable


class ResponseHead(NamedTuple):
    """The status and header fields of a final response."""

    status: int
    headers: list[tuple[bytes, bytes]]


class InformationalResponse(NamedTuple):
    """The head of an interim response, which another one follows (RFC 9110 section 15.2)."""

    status: int
    headers: list[tuple[bytes, bytes]]


class Trailers(NamedTuple):
    """Header fields after the body (RFC 9110 section 6.5)."""

    headers: list[tuple[bytes, bytes]]


class Signal(enum.Enum):
    """What `next_event()` returns when there is no part of a response."""

    NEED_DATA = "need data"
    END_OF_STREAM = "end of stream"


NEED_DATA = Signal.NEED_DATA
END_OF_STREAM = Signal.END_OF_STREAM

# Parts of the body are plain bytes.
Event: TypeAlias = InformationalResponse | ResponseHead | bytes | Trailers | Signal


class Failure(NamedTuple):
    """Why a stream or the connection failed. Each stream raises its own exception for it."""

    message: str
    retryable: Retryable | None = None
    kind: type[RemoteProtocolError] | type[NetworkError] | type[ConnectionNotAvailable] = RemoteProtocolError
    cause: BaseException | None = None

    def exception(self) -> Exception:
        """Return a new exception for the failure."""
        exc = self.kind(self.message)
        exc.__cause__ = self.cause
        if self.retryable is not None:
            mark_retryable(exc, self.retryable)
        return exc
