"""The events of an engine: what it received of a response, with either parser."""

import dataclasses
import enum
from typing import NamedTuple, TypeAlias

from httpcore_models.lowlevel import size_of_fields


@dataclasses.dataclass(slots=True)
class ResponseHead:
    """The status line and header fields of a final response.

    There is one for each response, and a named tuple takes three times as long to make.
    """

    http_version: bytes
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]

    def as_tuple(self) -> tuple[bytes, int, bytes, list[tuple[bytes, bytes]]]:
        """Return what trace callbacks get."""
        return self.http_version, self.status, self.reason, self.headers

    def size(self) -> int:
        """Return how many bytes this takes on the wire, without superfluous whitespace."""
        status_line = len(self.http_version) + len(b" 200 ") + len(self.reason) + len(b"\r\n")
        separators = len(b": \r\n") * len(self.headers) + len(b"\r\n")
        return status_line + size_of_fields(self.headers) + separators


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
