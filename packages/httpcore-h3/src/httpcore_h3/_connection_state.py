"""What both directions of a connection share: its state, its streams, and how it ends."""

import collections
import math
import sys
from collections.abc import Iterable

from httpcore_models import ConnectionNotAvailable
from httpcore_models.lowlevel import Retryable, mark_retryable
from httpcore_models.multiplexing import USABLE, Failure, MessageEngine, RequestHead

from ._codes import Code
from ._qh3 import QUIC, FieldDecoder, QUICHandler
from ._stream import Stream
from ._tls.options import TLSOptions

#: A connection with more bytes unread than this on one stream takes no further request, and a stream fails that has
#: more unread than that: the server goes on sending whether or not a response is read.
MAX_UNREAD, MOST_UNREAD = 1024 * 1024, 64 * 1024 * 1024


class ConnectionState(MessageEngine):
    """The state of a connection, and how it ends."""

    def __init__(self, handler: QUICHandler, tls: TLSOptions, idle_timeout: float) -> None:
        super().__init__()
        self.quic: QUIC = QUIC(handler, tls, idle_timeout)
        self.decoder: FieldDecoder = FieldDecoder()
        #: Whether the handshake is complete: no request leaves before.
        self.handshake_done: bool = False
        #: The streams by their identifiers, until they are finished.
        self.streams: dict[int, Stream] = {}
        #: How many streams were opened, and how many the server allows so far, in the whole life of the connection.
        self.opened: int = 0
        self.limit: int = 0
        #: How many streams at a time the server allowed when the connection began.
        self.first_limit: int | None = None
        #: Requests that leave as soon as the server allows another stream, in order: the frame of the head of each, and
        #: until when it waits.
        self.blocked: dict[Stream, tuple[bytes, float]] = {}
        #: When to look whether they have waited for too long, and whether one has, since the server last allowed any.
        self.credit_due: float = math.inf
        self.overdue: bool = False
        #: The first stream that the server will not process, once it has sent a GOAWAY.
        self.goaway: int | None = None
        #: Whether the server asks for another version of HTTP (RFC 9114 section 8.1, H3_VERSION_FALLBACK), or for a
        #: client certificate.
        self.wants_fallback: bool = False
        #: Whether a response has arrived.
        self.any_response: bool = False
        #: Which directions of streams are to be ended: stream identifiers and error codes.
        self.stops: collections.deque[tuple[int, int]] = collections.deque()
        self.resets: collections.deque[tuple[int, int]] = collections.deque()
        #: Whether `datagrams_to_send()` may return something, and whether that is more than acknowledgements.
        self.output_pending: bool = False
        self.output_urgent: bool = False
        #: Streams that have something new, in order.
        self.touched: dict[Stream, None] = {}
        #: Streams with so much unread that the connection takes no further request.
        self.clogged: set[Stream] = set()
        #: What the fields of a request may take, in bytes, if the server has a limit.
        self.max_section_size: int | None = None
        #: The head of the last request, and its frame. Equal heads are the same object most of the time.
        self.last_head: tuple[RequestHead, bytes] | None = None

    # What the connection can do.

    @property
    def streams_left(self) -> int:
        """How many more streams the server allows now. Its limit grows as streams end."""
        return max(0, self.limit - self.opened)

    @property
    def can_open(self) -> bool:
        """Whether `open_stream()` would open a stream now."""
        return self.handshake_done and self.state in USABLE and self.limit > self.opened

    @property
    def capacity(self) -> int:
        """How many requests the connection can carry, with those that it carries; `sys.maxsize` until that is known."""
        if self.first_limit is None:
            return sys.maxsize
        allowed = len(self.streams) + self.streams_left
        return allowed if self.overdue else max(allowed, self.first_limit)

    @property
    def expects_credit(self) -> bool:
        """Whether a request that was admitted may wait for a stream, since the server has to allow another one soon.

        No more requests are in progress than it allowed streams when the connection began. A server that has seen
        streams end allows others in their place, when they are acknowledged (RFC 9000 section 4.6).
        """
        return self.first_limit is not None and len(self.requests) <= self.first_limit and not self.overdue

    def not_available(self) -> ConnectionNotAvailable:
        """Return the exception for a request that the connection cannot take."""
        exc = ConnectionNotAvailable(self.reason)
        if self.goaway:
            mark_retryable(exc, Retryable.AFTER_SHUTDOWN)
        return exc

    # How it ends.

    def retire(self, reason: str) -> None:
        """See `MessageEngine`. Requests that have not left never will."""
        super().retire(reason)
        if self.blocked and not self.usable:
            self.give_up_blocked(reason)

    def give_up_blocked(self, reason: str) -> None:
        """Have the requests that wait for a stream fail with `ConnectionNotAvailable`."""
        retryable = Retryable.AFTER_SHUTDOWN if self.goaway else None
        failure = Failure(reason, retryable, ConnectionNotAvailable)
        for stream in self.blocked:
            # A step that was interrupted may just have opened it.
            if not self.has_opened(stream):
                stream.failure = stream.failure or failure
                self.touched[stream] = None
        self.blocked.clear()
        self.credit_due = math.inf

    def has_opened(self, stream: Stream) -> bool:
        """See `MessageEngine`."""
        return self.streams.get(stream.id) is stream

    def open_streams(self) -> Iterable[Stream]:
        """See `MessageEngine`."""
        return self.streams.values()

    def cut_off(self, stream: Stream, failure: Failure) -> None:
        """See `MessageEngine`."""
        self.touched[stream] = None
        stream.was_reset = stream.was_reset or not stream.local_end
        if not stream.remote_end:
            retryable = None if stream.response_begun else failure.retryable
            stream.failure = stream.failure or failure._replace(retryable=retryable)

    def abandon(self, stream: Stream, code: int = Code.REQUEST_CANCELLED) -> None:
        """Ask the server to send nothing more on a stream, and send nothing more.

        A request that has left as a whole is not reset: its server learns from STOP_SENDING that it is over. Another
        one is reset as soon as no part of any is held back, or no other request is on the connection. Otherwise qh3 2.1
        might name a final size that is too small, which is an error of the connection (RFC 9000 section 4.5).
        """
        if self.failure is None:
            if not stream.remote_end:
                self.stops.append((stream.id, code))
            if not stream.was_reset and (not stream.local_end or self.quic.queued(stream.id)):
                self.resets.append((stream.id, code))
            self.output_pending = self.output_urgent = True
        stream.was_reset = True

    def note_unread(self, stream: Stream, size: int) -> None:
        """Note that `size` bytes more of a stream are unread, or fewer if it is negative."""
        unread = stream.unread = stream.unread + size
        if unread > MAX_UNREAD:
            self.clogged.add(stream)
        elif self.clogged:
            self.clogged.discard(stream)
