"""One HTTP/2 connection without I/O (RFC 9113): requests in, bytes out; bytes in, responses out.

In the order of use:

1. `start()` once, then `open_stream()` for each request, while `can_open` is true, and `send_data()` for its body.
2. `receive_data()` with what the network gave; it returns the streams that have something new.
3. `next_event(stream)` until it says `NEED_DATA` or `END_OF_STREAM`.
4. `finish(stream)` in any case, once nobody wants more of it.

After each of these `bytes_to_send()` may have something. Nothing here is safe to call from two threads at once.

An error of one stream is raised where that stream is asked; an error of the connection, at every stream that it cut
off. Streams whose response is complete by then are not affected.

h2 speaks for the connection as a whole (`_control`), and hpack compresses header fields (`_hpack`); nothing of them
shows outside.
"""

import sys
from collections.abc import Callable

from httpcore_models import ConnectionNotAvailable, LocalProtocolError, ReadError
from httpcore_models.lowlevel import Retryable, mark_retryable

from . import _frames as frames
from ._control import Code
from ._events import END_OF_STREAM, NEED_DATA, Event, Failure, Trailers
from ._flow import CONNECTION_WINDOW
from ._frames import build_frame, build_frame_header
from ._receiving import DEFAULT_WINDOW, LAST_STREAM_ID, ReceivingSide
from ._streams import Stream
from ._translate import RequestHead


class Engine(ReceivingSide):
    """A connection and its streams."""

    # What the connection can do.

    @property
    def can_open(self) -> bool:
        """Whether `open_stream()` may be called now."""
        return self.usable and self.open_streams < self._stream_limit

    def can_open_after(self, others: int) -> bool:
        """Whether there would still be a stream if `others` got theirs first."""
        return self.usable and self.open_streams + others < self._stream_limit

    @property
    def capacity(self) -> int:
        """How many streams there may be now, `sys.maxsize` until the server has said so.

        To the server, those that have ended but are not finished do not count.
        """
        if not self.limit_known:
            return sys.maxsize
        return self._stream_limit + len(self._streams) - self.open_streams

    @property
    def stream_limit(self) -> int | None:
        """How many streams at a time the server allows, `sys.maxsize` for any number; `None` until it says so."""
        return self._stream_limit if self.settings_received else None

    def assume_stream_limit(self, limit: int) -> None:
        """Until the server says how many streams it allows, open up to `limit`, as it has allowed before."""
        if not self.settings_received:
            self._stream_limit = limit
            self.limit_known = True

    @property
    def supports_extended_connect(self) -> bool:
        """Whether the server takes CONNECT requests with a `protocol` (RFC 8441 section 3)."""
        return self._control.extended_connect

    def disowns(self, stream: Stream) -> bool:
        """Whether the stream has failed by a GOAWAY: the server will not process it (RFC 9113 section 6.8)."""
        failure, goaway = stream.failure, self._goaway
        retryable = failure is not None and failure.retryable is not None
        return retryable and goaway is not None and stream.id > goaway[1] and not stream.response_begun

    def not_available(self) -> ConnectionNotAvailable:
        """The exception for a request that comes, or is still waiting, when no more streams can be opened."""
        exc = ConnectionNotAvailable(self.retired_because)
        if self._goaway is not None and self._goaway[1]:
            mark_retryable(exc, Retryable.AFTER_SHUTDOWN)
        return exc

    # Sending.

    def start(self) -> None:
        """Begin with the preface and the settings (RFC 9113 section 3.4)."""
        self._busy = True
        self.started = True
        self.outgoing.append(self._control.start())
        self._send_window_update(0, CONNECTION_WINDOW - DEFAULT_WINDOW)
        self._busy = False

    def open_stream(self, head: RequestHead, opened: Callable[[Stream], object]) -> None:
        """Send the head of a request. Without a body that ends the request; else continue with `send_data()`.

        `opened` is called with the stream, which from then on has to be finished.
        """
        assert self.usable
        if self._busy:
            self.check_whole()
        self._busy = True
        stream = Stream(self._next_id, head, self._answered > 0, self._initial_send_window)
        self._next_id += 2
        if self._next_id > LAST_STREAM_ID:
            self.stop("All stream identifiers of the connection are used up")
        block = self._encoder.encode(head.pseudo_headers, head.headers)
        flags = 0 if head.has_body else frames.END_STREAM
        frame_type = frames.HEADERS
        while len(block) > self._max_frame_size:
            self.outgoing.append(build_frame(frame_type, flags, stream.id, block[: self._max_frame_size]))
            block = block[self._max_frame_size :]
            frame_type, flags = frames.CONTINUATION, 0
        self.outgoing.append(build_frame(frame_type, flags | frames.END_HEADERS, stream.id, block))
        self._streams[stream.id] = stream
        self.open_streams += 1
        opened(stream)
        self._busy = False

    def send_credit(self, stream: Stream) -> int:
        """How many bytes of the body may be sent now."""
        return max(0, min(self._send_window, stream.send_window)) if self.wants_body(stream) else 0

    def wants_body(self, stream: Stream) -> bool:
        """Whether the rest of the body is still of use to the server.

        It is not once the stream or the connection has ended, or when the response is an error or a redirection. A
        successful response may well be complete before the request is: a server that wants no more of it says so by
        RST_STREAM (RFC 9113 section 8.1). A tunnel whose other end is closed takes nothing more.
        """
        return not (
            stream.local_end
            or (stream.is_connect and stream.remote_end)
            or stream.was_reset
            or stream.failure is not None
            or (stream.status is not None and stream.status >= 300)
        )

    def is_half_sent(self, stream: Stream) -> bool:
        """Whether a part of the body is missing which, by what it has response_begun, the server wanted."""
        return not (stream.local_end or stream.is_connect or (stream.status is not None and stream.status >= 300))

    def send_data(self, stream: Stream, data: memoryview) -> int:
        """Send as much of `data` as there is credit for, and return how much. Raises `LocalProtocolError`.

        The data is not copied before `bytes_to_send()`.
        """
        if self._busy:
            self.check_whole()
        if not self.wants_body(stream) and not stream.local_end:
            return 0
        declared = stream.declared_length
        if stream.local_end or (declared is not None and stream.sent + len(data) > declared):
            raise LocalProtocolError("Too much data for declared Content-Length")
        size = min(len(data), self.send_credit(stream))
        self._busy = True
        for start in range(0, size, self._max_frame_size):
            part = data[start : min(start + self._max_frame_size, size)]
            self.outgoing += (build_frame_header(len(part), frames.DATA, 0, stream.id), part)
        if size:
            stream.sent += size
            stream.send_window -= size
            self._send_window -= size
            self._guard.progress()
        self._busy = False
        return size

    def end_request(self, stream: Stream) -> None:
        """End the body. Raises `LocalProtocolError` when the declared length is not reached."""
        if not self.wants_body(stream):
            return
        if stream.declared_length is not None and stream.sent < stream.declared_length:
            raise LocalProtocolError("Too little data for declared Content-Length")
        self._end_request(stream)

    def _end_request(self, stream: Stream) -> None:
        if self._busy:
            self.check_whole()
        self._busy = True
        stream.local_end = True
        self.outgoing.append(build_frame(frames.DATA, frames.END_STREAM, stream.id))
        self._count_closed(stream)
        self._busy = False

    def finish(self, stream: Stream) -> None:
        """Nobody wants more of the stream: end it, unless it has ended, and forget it."""
        if self._busy:
            self.check_whole()
        self._busy = True
        if self._streams.pop(stream.id, None) is not None:
            if not stream.closed:
                # Whoever has response_begun with an error or a redirection does not wait for the rest of the request.
                response_begun = stream.remote_end and stream.status is not None and stream.status >= 300
                self._reset(stream, Code.NO_ERROR if response_begun else Code.CANCEL)
            if not stream.remote_end:
                stream.failure = stream.failure or Failure("The stream was closed", kind=ReadError)
        self._busy = False

    def ping(self) -> None:
        """Ask the server for a sign of life (RFC 9113 section 6.7)."""
        self.ping_unanswered = True
        self.outgoing.append(self._control.ping())

    def close(self) -> None:
        """Take leave of the server."""
        self.closed = not self.failed
        if self.started and self.closed:
            self._send_goaway(Code.NO_ERROR)
        self.fail(Failure("The connection was closed", kind=ReadError))

    def bytes_to_send(self) -> bytes:
        """What has to be sent, in this order, before anything that comes later."""
        data = b"".join(self.outgoing)
        self.outgoing.clear()
        self._unsent_answers = 0
        return data

    # Reading a response.

    def next_event(self, stream: Stream) -> Event:
        """Return the next part of the response, `NEED_DATA`, or `END_OF_STREAM` at its end and from then on.

        Raises what has gone wrong with the stream, once all that came before is read.
        """
        if stream.events:
            event = stream.events.popleft()
            if isinstance(event, (bytes, bytearray)):
                self._give_credit(stream, len(event))
                return bytes(event)
            return event
        if stream.failure is not None and not stream.remote_end:
            raise stream.failure.exception()
        if stream.remote_end:
            return END_OF_STREAM
        if stream.status is not None and stream.status >= 300 and not stream.local_end:
            # The rest of the response may come only after the end of the request, and a reset would cut it off.
            self._end_request(stream)
        return NEED_DATA

    def take_body(self, stream: Stream) -> bytes | None:
        """Return all that is left of a body that has arrived whole, or `None` if `next_event()` has to tell."""
        events = stream.events
        if not stream.remote_end or (events and type(events[-1]) is Trailers):
            return None
        body = b"".join(events)  # type: ignore[arg-type]
        events.clear()
        return body

    def has_event(self, stream: Stream) -> bool:
        """Whether `next_event()` has anything but `NEED_DATA`."""
        return bool(stream.events) or stream.remote_end or stream.failure is not None
