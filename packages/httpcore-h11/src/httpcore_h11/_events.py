"""The events of an engine: what it received of a response, with either parser."""

import enum
from typing import NamedTuple, TypeAlias


class ResponseHead(NamedTuple):
    """The status line and header fields of a final response."""

    http_version: bytes
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]


class InformationalResponse(NamedTuple):
    """The head of an interim response (RFC 9110 section 15.2), except 101, which is final."""

    http_version: bytes
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]


class Signal(enum.Enum):
    """What `next_event()` returns instead of a part of a response."""

    NEED_DATA = "need data"
    END_OF_MESSAGE = "end of message"


NEED_DATA = Signal.NEED_DATA
END_OF_MESSAGE = Signal.END_OF_MESSAGE

# Parts of the body are plain bytes.
Event: TypeAlias = InformationalResponse | ResponseHead | bytes | Signal
