"""One HTTP/2 connection without I/O (RFC 9113): requests in, bytes out; bytes in, responses out.

In the order of use:

1. `start()` once.
2. `admit(stream)` for each request, and `open_stream(stream)` until it returns true; then `send_data()` for its body,
   and `end_request()` unless it says where the body ends.
3. `receive_data()` with what the network gave; it returns the streams that have something new.
4. `next_event(stream)` until it returns `NEED_DATA` or `END_OF_STREAM`.
5. `finish(stream)` in any case, as soon as nothing more of it is needed.

After each of these `bytes_to_send()` may have something. Nothing here is safe to call from two threads at once. An
exception from a signal handler may end a step at any point; the next step notices, and the connection fails.

An error of one stream is raised where that stream is asked. An error of the connection is raised for every stream that
it cut off; streams whose response is complete by then are not affected.

h2 handles the frames of the connection as a whole (`_control`), and hpack compresses header fields (`_hpack`).
"""

import sys

from h2.config import H2Configuration
from httpcore_models import LocalProtocolError, ReadError, RemoteProtocolError
from httpcore_models.multiplexing import CLOSED_HERE, TRANSITIONS, USABLE, Input, State

from . import _frames as frames
from ._connection_state import USED_UP, ConnectionState
from ._control import Code, ConnectionFault, goaway_text
from ._events import END_OF_STREAM, NEED_DATA, Event, Failure, RemoteSettingsChanged
from ._flow import CONNECTION_WINDOW, DEFAULT_WINDOW, MAX_FRAME_SIZE, STREAM_WINDOW
from ._frames import FrameReader, build_frame, build_frame_header
from ._receiving import FrameHandlers
from ._stream import Stream
from ._stream_table import LAST_STREAM_ID

# Looked up once: the attributes of an enumeration are slow.
_COMPLETE = Input.COMPLETE
_IN_USE = (State.ACTIVE, State.RETIRED)


class Engine(ConnectionState):
    """A connection and its streams."""

    # Of the base class; declared again for type checkers, since they are assigned here too.
    state: State
    ping_unanswered: bool
    started: bool
    send_window: int
    expects_bulk: bool

    def __init__(self, config: H2Configuration, peer: str = "") -> None:
        """`peer` names the server in some errors."""
        super().__init__(config)
        self._handlers = FrameHandlers(self)
        self._reader = FrameReader(MAX_FRAME_SIZE, self._handlers, peer)

    # What the connection can do.

    @property
    def can_open(self) -> bool:
        """Whether `open_stream()` would open a stream now."""
        return self.state in USABLE and self.streams.open_count < self.streams.limit

    def can_open_after(self, others: int) -> bool:
        """Whether there would be a stream for another request after `others` have got theirs."""
        return self.state in USABLE and self.streams.open_count + others < self.streams.limit

    @property
    def capacity(self) -> int:
        """How many streams there may be now, `sys.maxsize` until the server has said so.

        A stream that has ended, but was not passed to `finish()` yet, does not count against the server's limit.
        """
        streams = self.streams
        if not streams.limit_known:
            return sys.maxsize
        return streams.limit + len(streams.by_id) - streams.open_count

    @property
    def stream_limit(self) -> int | None:
        """How many streams at a time the server allows, `sys.maxsize` for any number; `None` until it says so."""
        return self.streams.limit if self.settings_received else None

    def assume_stream_limit(self, limit: int) -> None:
        """Until the server says how many streams it allows, open up to `limit`, as it has allowed before."""
        if not self.settings_received:
            self.streams.limit = limit
            self.streams.limit_known = True

    @property
    def supports_extended_connect(self) -> bool:
        """Whether the server takes CONNECT requests with a `protocol` (RFC 8441 section 3)."""
        return self.control.extended_connect

    def disowns(self, stream: Stream) -> bool:
        """Whether the stream has failed by a GOAWAY: the server will not process it (RFC 9113 section 6.8)."""
        failure, goaway = stream.failure, self.goaway
        retryable = failure is not None and failure.retryable is not None
        return retryable and goaway is not None and stream.id > goaway[1] and not stream.response_begun

    # Sending.

    def start(self, now: float | None = None) -> None:
        """Send the preface and the settings (RFC 9113 section 3.4).

        With the time `now`, in seconds, the round trip is measured that this begins.
        """
        self._busy = True
        if now is not None:
            self.measure_from(now)
        self.started = True
        self.outgoing.append(self.control.start())
        self.send_window_update(0, CONNECTION_WINDOW - DEFAULT_WINDOW)
        self._busy = False

    def open_stream(self, stream: Stream) -> bool:
        """Send the head of a request; return false if the server allows no further stream now.

        Without a body this ends the request; otherwise continue with `send_data()`. Raises `ConnectionNotAvailable`.
        """
        if self._busy:
            self._check_undisturbed()
        if self.state not in USABLE:
            raise self.not_available()
        if self.streams.open_count >= self.streams.limit:
            return False
        self._busy = True
        streams = self.streams
        stream.id = stream_id = streams.next_id
        streams.next_id = stream_id + 2
        if stream_id + 2 > LAST_STREAM_ID:
            self.retire(USED_UP)
        block = self.encoder.encode(stream.head)
        flags = 0 if stream.head.has_body else frames.END_STREAM
        frame_type = frames.HEADERS
        while len(block) > self.max_frame_size:
            self.outgoing.append(build_frame(frame_type, flags, stream_id, block[: self.max_frame_size]))
            block = block[self.max_frame_size :]
            frame_type, flags = frames.CONTINUATION, 0
        self.outgoing.append(build_frame(frame_type, flags | frames.END_HEADERS, stream_id, block))
        streams.add(stream)
        if self.expects_bulk and not self.grown:
            self.grow_ahead(stream)
        self._busy = False
        return True

    def can_go_on(self, stream: Stream) -> bool:
        """Whether more of the body may be sent, or need not be sent."""
        return (self.send_window > 0 and stream.send_window > 0) or not stream.wants_body()

    def send_data(self, stream: Stream, data: bytes | memoryview, end: bool = False) -> int | None:
        """Send as much of `data` as there is credit for; return how much, or `None` if the server wants no more.

        `end` says that the body ends with `data`. Once all of it is sent, the request has ended without
        `end_request()`. The data is not copied before `bytes_to_send()`.

        Raises `LocalProtocolError` if there is more of it than was declared, or less at the end.
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
        size = max(0, min(length, self.send_window, stream.send_window))
        ends = end and size == length
        if not size:
            if ends:
                self._end_request(stream)
            return 0
        self._busy = True
        most, start = self.max_frame_size, 0
        if size > most:
            data = memoryview(data)
            header = build_frame_header(most, frames.DATA, 0, stream.id)
            for start in range(0, size - most, most):
                self.outgoing.extend((header, data[start : start + most]))
            start += most
        flags = frames.END_STREAM if ends else 0
        header = build_frame_header(size - start, frames.DATA, flags, stream.id)
        self.outgoing.extend((header, data if size - start == length else data[start:size]))
        stream.sent += size
        stream.send_window -= size
        self.send_window -= size
        self._handlers.guard.progress = True
        if ends:
            self._ended(stream)
        self._busy = False
        return size

    def _end_request(self, stream: Stream) -> None:
        if self._busy:
            self._check_undisturbed()
        self._busy = True
        self.outgoing.append(build_frame(frames.DATA, frames.END_STREAM, stream.id))
        self._ended(stream)
        self._busy = False

    def _ended(self, stream: Stream) -> None:
        """Note that END_STREAM is sent."""
        stream.local_end = True
        if stream.remote_end:
            self.streams.close(stream)

    def finish(self, stream: Stream) -> None:
        """Forget the stream, which is no longer needed; reset it unless it has ended.

        When the last request is finished, the connection is idle, or closed if it was retired.
        """
        if self._busy:
            self._check_undisturbed()
        try:
            self._busy = True
            self.streams.touched.pop(stream, None)
            if self.streams.by_id.pop(stream.id, None) is not None:
                hopes = self.bulk_hopes
                self.expects_bulk = hopes > 0 or stream.received > STREAM_WINDOW
                if hopes:
                    self.bulk_hopes: int = hopes - 1
                if stream in self.grown:
                    self.release_growth(stream)
                if stream.is_open:
                    # A server that has answered with an error or a redirection needs nothing more of the request.
                    refused = stream.status is not None and (stream.status >= 300 or stream.declined)
                    enough = stream.remote_end and refused
                    self.reset(stream, Code.NO_ERROR if enough else Code.CANCEL)
                if not stream.remote_end:
                    stream.failure = stream.failure or Failure("The stream was closed", kind=ReadError)
            self._busy = False
        finally:
            self.requests.discard(stream)
        if not self.requests and self.state in _IN_USE:
            self.state = TRANSITIONS[self.state, _COMPLETE]

    def ping(self) -> None:
        """Send a PING, which the server has to answer (RFC 9113 section 6.7), unless the connection has failed."""
        if self.failure is not None:
            return
        self.ping_unanswered = True
        self.outgoing.append(self.control.ping())

    def close(self) -> None:
        """Close the connection, with a GOAWAY unless it has failed."""
        if self.started and self.failure is None:
            self.send_goaway(Code.NO_ERROR)
        self.fail(CLOSED_HERE)
        self.state = TRANSITIONS[self.state, Input.CLOSE]

    # Receiving.

    def receive_data(self, data: bytes, now: float) -> tuple[list[Stream], list[RemoteSettingsChanged]]:
        """Take bytes from the network at the time `now` in seconds, or `b""` when the server has closed it.

        Returns the streams that have something new, and the changes of settings.
        """
        if self._busy:
            self._check_undisturbed()
        self._busy = True
        handlers, touched = self._handlers, self.streams.touched
        touched.clear()
        handlers.settings = []
        if not data:
            text = "Server disconnected"
            if self.goaway is not None:
                text = f"{text} after {goaway_text(*self.goaway)}"
            self.fail(Failure(text), disconnected=True)
        elif self.failure is None:
            self.ping_unanswered = False
            handlers.now = now
            try:
                try:
                    self._reader.receive_data(data)
                finally:
                    if handlers.run:
                        handlers.end_run()
            except RemoteProtocolError as exc:
                self.send_goaway(exc.code if isinstance(exc, ConnectionFault) else Code.PROTOCOL_ERROR)
                self.fail(Failure(str(exc)))
        self._busy = False
        return list(touched), handlers.settings

    def next_event(self, stream: Stream) -> Event:
        """Return the next part of the response, `NEED_DATA`, or `END_OF_STREAM` at its end and from then on.

        Raises the failure of the stream once everything that came before it is read.
        """
        if stream.events:
            event = stream.events.popleft()
            if isinstance(event, (bytes, bytearray)):
                self.give_credit(stream, len(event))
                return bytes(event)
            return event
        if stream.failure is not None and not stream.remote_end:
            raise stream.failure.exception()
        if stream.remote_end:
            return END_OF_STREAM
        if stream.status is not None and (stream.status >= 300 or stream.declined) and not stream.local_end:
            # The rest of the response may come only after the end of the request, and a reset would cut it off.
            self._end_request(stream)
        return NEED_DATA
