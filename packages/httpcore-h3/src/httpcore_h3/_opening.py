"""Opening the streams of requests, as far as the server allows it (RFC 9000 section 4.6)."""

import math

from httpcore_models import LocalProtocolError
from httpcore_models.multiplexing import USABLE, RequestHead

from . import _frames as frames
from ._connection_state import ConnectionState
from ._frames import build_frame
from ._qpack import encode
from ._stream import Stream

# A larger frame with a head is not remembered.
_MAX_REMEMBERED = 4096

# What a field takes of the size of a section besides its name and value (RFC 9114 section 4.2.2).
_FIELD_OVERHEAD = 32


class OpeningStreams(ConnectionState):
    """The part of an engine that opens streams."""

    #: How many seconds a request waits, at most, for a stream that the server is expected to allow.
    credit_patience: float = 1.0

    # Of the base class; declared again for type checkers, since they are assigned here too.
    opened: int
    limit: int
    credit_due: float
    overdue: bool
    output_pending: bool
    output_urgent: bool
    last_head: tuple[RequestHead, bytes] | None

    # What `timer` told since QUIC has sent or received something.
    _timer: float | None = None

    def open_stream(self, stream: Stream) -> bool:
        """Send the head of a request; return false if the server allows no further stream now.

        Without a body this ends the request; otherwise continue with `send_data()`. Raises `ConnectionNotAvailable`,
        and `LocalProtocolError` for header fields that the server would not take.
        """
        if self._busy:
            self._check_undisturbed()
        if self.state not in USABLE:
            raise self.not_available()
        if not self.handshake_done or self.limit <= self.opened:
            return False
        last = self.last_head
        frame = last[1] if last is not None and last[0] is stream.head else self._encode(stream.head)
        self._busy = True
        self._open(stream, frame)
        self._busy = False
        return True

    def open_soon(self, stream: Stream, now: float) -> bool:
        """Take a request without a body, which leaves as soon as the server allows a stream.

        Return false if that may take long. Until then the stream is not open. If the server does not allow one in time,
        or the connection ends before, the request fails with `ConnectionNotAvailable`. Raises `LocalProtocolError` like
        `open_stream()`.
        """
        if self._busy:
            self._check_undisturbed()
        if stream.head.has_body or not self.expects_credit:
            return False
        last = self.last_head
        frame = last[1] if last is not None and last[0] is stream.head else self._encode(stream.head)
        due = now + self.credit_patience
        if due < self.credit_due:
            self.credit_due = due
            self._timer = None
        self.blocked[stream] = frame, due
        return True

    def _open(self, stream: Stream, frame: bytes) -> None:
        # RFC 9000 section 2.1.
        stream.id = stream_id = 4 * self.opened
        stream.reused = self.any_response
        self.opened += 1
        self.streams[stream_id] = stream
        self.output_pending = self.output_urgent = True
        self.quic.send(stream_id, frame, not stream.head.has_body)

    def _credit_received(self) -> None:
        """Open streams for the requests that wait, now that the server allows more."""
        self.overdue = False
        blocked = self.blocked
        while blocked and self.limit > self.opened:
            stream = next(iter(blocked))
            self._open(stream, blocked[stream][0])
            del blocked[stream]

    def _check_credit(self, now: float) -> None:
        """Give up the requests that wait if the first one has done so for too long."""
        self.credit_due = next(iter(self.blocked.values()))[1] if self.blocked else math.inf
        if self.credit_due <= now:
            # None waits from now on, until the server allows more streams.
            self.overdue = True
            self.give_up_blocked(f"The server allowed no further stream within {self.credit_patience:g} seconds")

    def _encode(self, head: RequestHead) -> bytes:
        fields = head.pseudo_headers + head.headers
        if self.max_section_size is not None:
            size = sum([len(name) + len(value) + _FIELD_OVERHEAD for name, value in fields])
            if size > self.max_section_size:
                raise LocalProtocolError(f"The server takes header fields of up to {self.max_section_size} bytes")
        frame = build_frame(frames.HEADERS, encode(fields))
        self.last_head = (head, frame) if len(frame) <= _MAX_REMEMBERED else None
        return frame
