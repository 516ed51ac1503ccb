"""One HTTP/3 connection without I/O (RFC 9114): requests in, datagrams out; datagrams in, responses out.

In the order of use:

1. `start()` once, then datagrams in both directions until `handshake_done` is true or `failure` is set.
2. `admit(stream)` for each request, and `open_stream(stream)` until it returns true; then `send_data()` for its body,
   and `end_request()` unless it says where the body ends. After `open_soon(stream)`, `receive()` opens the stream.
3. `receive()` with what the network gave, and `handle_timer()` at the time `timer`; they return the streams that have
   something new.
4. `next_event(stream)` until it returns `NEED_DATA` or `END_OF_STREAM`.
5. `finish(stream)` in any case, as soon as nothing more of it is needed.

After each of these `datagrams_to_send()` may have something. Nothing here is safe to call from two threads at once. An
exception from a signal handler may end a step at any point; the next step notices, and the connection fails. Datagrams
that were taken and not sent, or not handed over, are lost like any other: QUIC repeats what was in them.

An error of one stream is raised where that stream is asked. An error of the connection is raised for every stream that
it cut off; streams whose response is complete by then are not affected.

qh3 does QUIC, TLS, and most of the decompression of fields (`_qh3`). The frames are ours.
"""

from collections.abc import Sequence

from httpcore_models import LocalProtocolError, ReadError, RemoteProtocolError
from httpcore_models.lowlevel import Retryable
from httpcore_models.multiplexing import (
    CLOSED_HERE,
    END_OF_STREAM,
    NEED_DATA,
    TRANSITIONS,
    Event,
    Failure,
    Input,
    State,
)

from . import _frames as frames
from ._codes import Code, ConnectionFault
from ._frames import build_frame, encode_varint
from ._opening import OpeningStreams
from ._receiving import Receiving
from ._stream import Stream
from ._tls.options import TLSOptions

_UNPROCESSED = (Retryable.ANY, Retryable.AFTER_SHUTDOWN)

# Looked up once: the attributes of an enumeration are slow.
_COMPLETE = Input.COMPLETE
_IN_USE = (State.ACTIVE, State.RETIRED)

# How many bytes of a body wait in QUIC, at most, until they are sent for the first time; and when there is room again.
MAX_QUEUED = 512 * 1024
_ROOM_AGAIN = MAX_QUEUED // 2

# A part of a body with fewer bytes than this is copied behind the head of its frame: two calls would cost more.
_SMALL = 8 * 1024

# Ends a body whose last part is gone. qh3 does not repeat an end without bytes if it is lost together with what came
# before it, and the server would wait for it for ever.
_EMPTY_DATA = build_frame(frames.DATA, b"")

# How long the reason of an error may be that the server is told, in characters.
_MAX_REASON = 200


class Engine(OpeningStreams):
    """A connection and its streams. `idle_timeout` is in seconds: what QUIC allows the server to be silent."""

    # Of the base class; declared again for type checkers, since they are assigned here too.
    state: State
    ping_unanswered: bool
    started: bool
    output_pending: bool
    output_urgent: bool

    def __init__(self, tls: TLSOptions, idle_timeout: float = 30.0) -> None:
        receiving = Receiving()
        super().__init__(receiving, tls, idle_timeout)
        receiving.attach(self)

    # Sending.

    def start(self, now: float) -> None:
        """Begin the handshake, unless it has begun."""
        if not self.started:
            self.started = True
            self.output_pending = self.output_urgent = True
            self._timer = None
            self.quic.connect(now)

    def can_go_on(self, stream: Stream) -> bool:
        """Whether more of the body may be sent, or need not be sent."""
        return not stream.wants_body() or self.quic.queued(stream.id) <= _ROOM_AGAIN

    def has_left(self, stream: Stream) -> bool:
        """Whether all of the body that was handed over has been sent once, or need not be."""
        return stream.refuses_body() or not self.quic.queued(stream.id)

    def is_delivered(self, stream: Stream) -> bool:
        """Whether no more of a request has to be sent to a server that has answered it, or others see to that."""
        if not stream.remote_end or stream.refuses_body() or self.failure is not None:
            return True
        return self.has_left(stream) and (len(self.requests) > 1 or not self.quic.is_under_way(self.output_pending))

    def send_data(self, stream: Stream, data: bytes | memoryview, end: bool = False) -> int | None:
        """Send as much of `data` as there is room for; return how much, or `None` if the server wants no more.

        `end` says that the body ends with `data`. Once all of it is sent, the request has ended without
        `end_request()`. Raises `LocalProtocolError` if there is more of it than was declared, or less at the end.
        """
        if self._busy:
            self._check_undisturbed()
        if not stream.wants_body() and not stream.local_end:
            return None
        declared, length = stream.head.declared_length, len(data)
        if stream.local_end or (declared is not None and stream.sent + length > declared):
            raise LocalProtocolError("Too much data for declared Content-Length")
        if end and declared is not None and stream.sent + length < declared:
            raise LocalProtocolError("Too little data for declared Content-Length")
        room = MAX_QUEUED - self.quic.queued(stream.id)
        if room <= 0:
            return 0
        size = min(length, room)
        ends = end and size == length
        self._busy = True
        header = encode_varint(frames.DATA) + encode_varint(size)
        part = data if size == length else data[:size]
        self.output_pending = self.output_urgent = True
        if size <= _SMALL:
            self.quic.send(stream.id, b"".join((header, part)), ends)
        else:
            self.quic.send(stream.id, header)
            self.quic.send(stream.id, part, ends)
        stream.sent += size
        stream.local_end = ends
        self._busy = False
        return size

    def _end_request(self, stream: Stream) -> None:
        if self._busy:
            self._check_undisturbed()
        self._busy = True
        self.output_pending = self.output_urgent = True
        self.quic.send(stream.id, _EMPTY_DATA, True)
        stream.local_end = True
        self._busy = False

    def finish(self, stream: Stream) -> None:
        """Forget the stream, which is no longer needed; reset it unless it has ended.

        When the last request is finished, the connection is idle, or closed if it was retired.
        """
        if self._busy:
            self._check_undisturbed()
        try:
            self._busy = True
            self.touched.pop(stream, None)
            self.clogged.discard(stream)
            if self.blocked:
                self.blocked.pop(stream, None)
            if self.streams.get(stream.id) is stream:
                if not (stream.is_over or stream.failure is not None):
                    # A server that has answered with an error or a redirection needs nothing more of the request.
                    refused = stream.status is not None and (stream.status >= 300 or stream.declined)
                    self.abandon(stream, Code.NO_ERROR if stream.remote_end and refused else Code.REQUEST_CANCELLED)
                if not stream.remote_end:
                    stream.failure = stream.failure or Failure("The stream was closed", kind=ReadError)
                del self.streams[stream.id]
            self._busy = False
        finally:
            self.requests.discard(stream)
        if not self.requests and self.state in _IN_USE:
            self.state = TRANSITIONS[self.state, _COMPLETE]

    def disowns(self, stream: Stream) -> bool:
        """Whether the server has said that it does not process the request, and takes no other on the connection.

        It says so by GOAWAY (RFC 9114 section 5.2), or asks for another version of HTTP.
        """
        failure = stream.failure
        if failure is None or failure.retryable not in _UNPROCESSED or stream.response_begun:
            return False
        return self.wants_fallback or (self.goaway is not None and stream.id >= self.goaway)

    def ping(self) -> None:
        """Have the server answer, unless the connection has failed."""
        if self.failure is None and self.handshake_done:
            self.ping_unanswered = True
            self.quic.ping()
            self.output_pending = self.output_urgent = True

    def close(self) -> None:
        """Close the connection, and tell the server unless it has failed."""
        if self.started and self.failure is None:
            self.quic.close(Code.NO_ERROR)
            self.output_pending = self.output_urgent = True
        self.fail(CLOSED_HERE)
        self.state = TRANSITIONS[self.state, Input.CLOSE]

    # The network.

    @property
    def timer(self) -> float:
        """When `handle_timer()` has to be called; `math.inf` if it has not."""
        timer = self._timer
        if timer is None:
            due = self.quic.timer
            timer = self._timer = self.credit_due if due is None else min(due, self.credit_due)
        return timer

    def datagrams_to_send(self, now: float) -> list[bytes]:
        """Return what has to be sent at the time `now`, in seconds."""
        self._timer = None
        quic = self.quic
        try:
            datagrams = quic.datagrams_to_send(now)
            # One at a time: of several, qh3 would send one, and the next only after an acknowledgement. Each is
            # forgotten afterwards: a step that is interrupted is done again.
            while self.stops and not quic.keeps_first_flight:
                quic.stop(*self.stops[0])
                datagrams += quic.datagrams_to_send(now)
                self.stops.popleft()
            # See `abandon()`. What waits here is sent once the server has acknowledged something. Without other
            # requests it need not wait: the next one would share the path with the rest of this one.
            while self.resets and not (quic.holds_back(now) if self.requests else quic.keeps_first_flight):
                quic.reset(*self.resets[0])
                datagrams += quic.datagrams_to_send(now)
                self.resets.popleft()
        except ConnectionFault as exc:
            self.fail(Failure(str(exc), exc.retryable))
            datagrams = []
        self.output_pending = self.output_urgent = False
        return datagrams

    def receive(self, received: Sequence[tuple[bytes, int]], now: float) -> list[Stream]:
        """Take datagrams at the time `now`, in seconds; return the streams that have something new.

        They come in buffers, each with the size of its datagrams in bytes; the last one may have fewer.
        """
        if self._busy:
            self._check_undisturbed()
        touched = self.touched
        touched.clear()
        if self.failure is not None:
            return []
        self._busy = True
        self._timer = None
        self.ping_unanswered = False
        self.output_pending = True
        try:
            self.quic.receive(received, now)
            limit = self.quic.stream_limit
            if limit > self.limit:
                self.limit = limit
                if self.overdue or self.blocked:
                    self._credit_received()
        except RemoteProtocolError as exc:
            self._fault(exc)
            self.output_urgent = True
        self._busy = False
        return list(touched)

    def handle_timer(self, now: float) -> list[Stream]:
        """Do what is due at the time `now`, in seconds; return the streams that have something new."""
        if self._busy:
            self._check_undisturbed()
        self.touched.clear()
        if self.failure is not None:
            return []
        self._busy = True
        self._timer = None
        self.output_pending = self.output_urgent = True
        try:
            if self.credit_due <= now:
                self._check_credit(now)
            self.quic.handle_timer(now)
        except RemoteProtocolError as exc:
            self._fault(exc)
        self._busy = False
        return list(self.touched)

    def _fault(self, exc: Exception) -> None:
        """End the connection, on which the server broke the protocol."""
        fault = exc if isinstance(exc, ConnectionFault) else ConnectionFault(str(exc), Code.INTERNAL_ERROR)
        self.quic.close(fault.code, str(exc)[:_MAX_REASON])
        self.fail(Failure(str(exc), fault.retryable))

    def next_event(self, stream: Stream) -> Event:
        """Return the next part of the response, `NEED_DATA`, or `END_OF_STREAM` at its end and from then on.

        Raises the failure of the stream once everything that came before it is read.
        """
        events = stream.events
        if events:
            event = events.popleft()
            if not isinstance(event, (bytes, bytearray)):
                return event
            if events and isinstance(events[0], (bytes, bytearray)):
                # A part for each datagram would be many small ones.
                parts = [event]
                while events and isinstance(events[0], (bytes, bytearray)):
                    parts.append(events.popleft())  # type: ignore[arg-type]
                event = b"".join(parts)
            self.note_unread(stream, -len(event))
            return bytes(event)
        if stream.failure is not None and not stream.remote_end:
            raise stream.failure.exception()
        if stream.remote_end:
            return END_OF_STREAM
        refused = stream.status is not None and (stream.status >= 300 or stream.declined)
        if refused and not (stream.local_end or stream.was_reset):
            # The rest of the response may come only after the end of the request, and a reset would cut it off.
            self._end_request(stream)
        return NEED_DATA
