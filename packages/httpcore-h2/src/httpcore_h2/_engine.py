"""One HTTP/2 connection without I/O (RFC 9113): requests in, bytes out; bytes in, responses out.

In the order of use:

1. `start()` once, then `open_stream()` for each request, while `can_open` is true, and `send_data()` for its body.
2. `receive_data()` with what the network gave; it returns the streams that have something new.
3. `next_event(stream)` until it says `NEED_DATA` or `END_OF_STREAM`.
4. `finish(stream)` in any case, once nobody wants more of it.

After each of these `bytes_to_send()` may have something. Nothing here is safe to call from two threads at once.

An error of one stream is raised where that stream is asked; an error of the connection, at every stream that it cut
off. Streams whose response is complete by then are not affected.

h2 speaks for the connection as a whole (`_control`), and hpack compresses header fields (`_fields`); nothing of them
shows outside.
"""

import sys
from collections.abc import Callable

from h2.config import H2Configuration
from httpcore_models import LocalProtocolError, ReadError, RemoteProtocolError, Repeatable

from . import _frames as frames
from ._control import MAX_CONCURRENT_STREAMS, Code, ConnectionFault, Control, goaway_text
from ._events import END_OF_STREAM, NEED_DATA, Event, Failure, RemoteSettingsChanged, Trailers
from ._fields import FieldDecoder, FieldEncoder
from ._flow import CONNECTION_WINDOW, MAX_FRAME_SIZE, Credit
from ._frames import FloodGuard, Frame, FrameReader, HeaderBlocks, build_frame, build_frame_header
from ._headers import FieldSection, RequestHead, field_section
from ._streams import Stream

# How many streams are opened before the server has said how many it takes; Go's net/http and nghttp2 assume as many.
_ASSUMED_STREAM_LIMIT = 100

# How many streams are remembered as given up by us while the server may still send on them.
_MAX_ABANDONED = 1000

_DEFAULT_WINDOW = 65535
_MAX_WINDOW = _LAST_STREAM_ID = 2**31 - 1


class Engine:
    """A connection and its streams."""

    def __init__(self, config: H2Configuration) -> None:
        self._control = Control(config)
        self._encoder = FieldEncoder(self._control.encoder)
        self._decoder: FieldDecoder[FieldSection] = FieldDecoder(self._control.decoder, field_section)
        self._frames = FrameReader(MAX_FRAME_SIZE)
        self._guard = FloodGuard()
        # What may be received on all streams together, and how it is given back; what may be sent.
        self._window = CONNECTION_WINDOW
        self._credit = Credit(CONNECTION_WINDOW)
        self._send_window = _DEFAULT_WINDOW
        self._initial_send_window = _DEFAULT_WINDOW
        self._max_frame_size = 16384
        self._blocks = HeaderBlocks()
        self._streams: dict[int, Stream] = {}
        self._abandoned: dict[int, None] = {}
        self._next_id = 1
        self._answered = 0
        self._stream_limit = _ASSUMED_STREAM_LIMIT
        self._goaway: tuple[int, int, bytes] | None = None
        self._failure: Failure | None = None
        self._touched: dict[Stream, None] = {}
        self._settings: list[RemoteSettingsChanged] = []
        self._outgoing: list[bytes | memoryview] = []
        #: Whether the connection will ever take another stream.
        self.usable = True
        #: How many streams count against the server's limit.
        self.open_streams = 0
        self.started = False
        self.settings_received = False
        self.ping_unanswered = False
        self._handlers: dict[int, Callable[[Frame], None]] = {
            frames.DATA: self._data_received,
            frames.HEADERS: self._headers_received,
            frames.CONTINUATION: self._headers_received,
            frames.RST_STREAM: self._reset_received,
            frames.WINDOW_UPDATE: self._window_update_received,
            frames.GOAWAY: self._goaway_received,
            frames.PUSH_PROMISE: self._push_received,
            frames.SETTINGS: self._control_received,
            frames.PING: self._control_received,
        }

    # What the connection can do.

    @property
    def failed(self) -> bool:
        """Whether the connection is over for all streams."""
        return self._failure is not None

    @property
    def can_open(self) -> bool:
        """Whether `open_stream()` may be called now."""
        return self.usable and self.open_streams < self._stream_limit

    @property
    def capacity(self) -> int:
        """How many streams there may be now. To the server, those that have ended but are not finished do not count."""
        return self._stream_limit + len(self._streams) - self.open_streams

    @property
    def supports_extended_connect(self) -> bool:
        """Whether the server takes CONNECT requests with a `protocol` (RFC 8441 section 3)."""
        return self._control.extended_connect

    @property
    def output_pending(self) -> bool:
        """Whether `bytes_to_send()` has something."""
        return bool(self._outgoing)

    # Sending.

    def start(self) -> None:
        """Begin with the preface and the settings (RFC 9113 section 3.4)."""
        self.started = True
        self._outgoing.append(self._control.start())
        self._send_window_update(0, CONNECTION_WINDOW - _DEFAULT_WINDOW)

    def open_stream(self, head: RequestHead) -> Stream:
        """Send the head of a request. Without a body that ends the request; else continue with `send_data()`."""
        assert self.can_open
        stream = Stream(self._next_id, head, self._answered > 0, self._initial_send_window)
        self._next_id += 2
        if self._next_id > _LAST_STREAM_ID:
            self.stop()
        block = self._encoder.encode(head.pseudo_headers, head.headers)
        flags = 0 if head.has_body else frames.END_STREAM
        frame_type = frames.HEADERS
        while len(block) > self._max_frame_size:
            self._outgoing.append(build_frame(frame_type, flags, stream.id, block[: self._max_frame_size]))
            block = block[self._max_frame_size :]
            frame_type, flags = frames.CONTINUATION, 0
        self._outgoing.append(build_frame(frame_type, flags | frames.END_HEADERS, stream.id, block))
        self._streams[stream.id] = stream
        self.open_streams += 1
        return stream

    def send_credit(self, stream: Stream) -> int:
        """How many bytes of the body may be sent now."""
        return max(0, min(self._send_window, stream.send_window)) if self.wants_body(stream) else 0

    def wants_body(self, stream: Stream) -> bool:
        """Whether the rest of the body is still of use to the server.

        It is not once the response is complete, or an error or redirection: such a server does not read on (RFC 9113
        section 8.1). A successful response may well begin before the request has ended.
        """
        return not (
            stream.local_end
            or stream.remote_end
            or stream.was_reset
            or stream.failure is not None
            or (stream.status is not None and stream.status >= 300)
        )

    def send_data(self, stream: Stream, data: memoryview) -> int:
        """Send as much of `data` as there is credit for, and return how much. Raises `LocalProtocolError`.

        The data is not copied before `bytes_to_send()`.
        """
        if not self.wants_body(stream) and not stream.local_end:
            return 0
        declared = stream.declared_length
        if stream.local_end or (declared is not None and stream.sent + len(data) > declared):
            raise LocalProtocolError("Too much data for declared Content-Length")
        size = min(len(data), self.send_credit(stream))
        for start in range(0, size, self._max_frame_size):
            part = data[start : min(start + self._max_frame_size, size)]
            self._outgoing += (build_frame_header(len(part), frames.DATA, 0, stream.id), part)
        if size:
            stream.sent += size
            stream.send_window -= size
            self._send_window -= size
            self._guard.progress()
        return size

    def end_request(self, stream: Stream) -> None:
        """End the body. Raises `LocalProtocolError` when the declared length is not reached."""
        if not self.wants_body(stream):
            return
        if stream.declared_length is not None and stream.sent < stream.declared_length:
            raise LocalProtocolError("Too little data for declared Content-Length")
        stream.local_end = True
        self._outgoing.append(build_frame(frames.DATA, frames.END_STREAM, stream.id))
        self._count_closed(stream)

    def finish(self, stream: Stream) -> None:
        """Nobody wants more of the stream: end it, unless it has ended, and forget it."""
        if self._streams.pop(stream.id, None) is None:
            return
        if not stream.closed:
            self._reset(stream, Code.NO_ERROR if stream.remote_end else Code.CANCEL)
        if not stream.remote_end:
            stream.failure = stream.failure or Failure("The stream was closed", kind=ReadError)

    def _reset(self, stream: Stream, code: int) -> None:
        if not self.failed:
            self._outgoing.append(build_frame(frames.RST_STREAM, 0, stream.id, code.to_bytes(4, "big")))
        stream.was_reset = True
        self.open_streams -= 1
        if not stream.remote_end:
            self._abandoned[stream.id] = None
            if len(self._abandoned) > _MAX_ABANDONED:
                del self._abandoned[next(iter(self._abandoned))]

    def ping(self) -> None:
        """Ask the server for a sign of life (RFC 9113 section 6.7)."""
        self.ping_unanswered = True
        self._outgoing.append(self._control.ping())

    def close(self) -> None:
        """Take leave of the server."""
        if self.started and not self.failed:
            self._send_goaway(Code.NO_ERROR)
        self.fail(Failure("The connection was closed", kind=ReadError))

    def stop(self) -> None:
        """Open no further streams: what is sent does not arrive, though there may be something to receive."""
        self.usable = False

    def bytes_to_send(self) -> bytes:
        """What has to be sent, in this order, before anything that comes later."""
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        return data

    def _send_window_update(self, stream_id: int, size: int) -> None:
        self._outgoing.append(build_frame(frames.WINDOW_UPDATE, 0, stream_id, size.to_bytes(4, "big")))

    def _send_goaway(self, code: int) -> None:
        self._outgoing.append(self._control.goaway(code))

    # Receiving.

    def receive_data(self, data: bytes, now: float) -> tuple[list[Stream], list[RemoteSettingsChanged]]:
        """Take bytes from the network at the time `now` in seconds, or `b""` for the end of stream.

        Returns the streams that have something new, and the changes of settings.
        """
        self._touched.clear()
        self._settings = []
        if not data:
            self.fail(Failure(self._disconnected()), disconnected=True)
        elif not self.failed:
            self.ping_unanswered = False
            try:
                for frame in self._frames.receive_data(data):
                    self._receive_frame(frame, now)
            except RemoteProtocolError as exc:
                self._send_goaway(exc.code if isinstance(exc, ConnectionFault) else Code.PROTOCOL_ERROR)
                self.fail(Failure(str(exc)))
        return list(self._touched), self._settings

    def _disconnected(self) -> str:
        if self._goaway is None:
            return "Server disconnected"
        return f"Server disconnected after {goaway_text(*self._goaway)}"

    def _receive_frame(self, frame: Frame, now: float) -> None:
        self._blocks.check(frame)
        # Whatever transfers something resets the count afterwards.
        self._guard.idle_frame(now)
        # Other types, PRIORITY among them, mean nothing to a client (RFC 9113 sections 4.1 and 5.3.2).
        handler = self._handlers.get(frame.type)
        if handler is not None:
            handler(frame)

    def _stream_of(self, frame: Frame) -> Stream | None:
        """The stream of a frame, or `None` if it is no more."""
        stream_id = frame.stream_id
        stream = self._streams.get(stream_id)
        if stream is not None:
            self._touched[stream] = None
        elif stream_id % 2 == 0 or stream_id >= self._next_id:
            raise ConnectionFault(f"Received a frame of type {frame.type} on stream {stream_id}, which is not open")
        return stream

    def _check_not_ended(self, frame: Frame, stream: Stream | None) -> None:
        # RFC 9113 section 5.1. What was on its way when we gave the stream up is in order.
        ended = frame.stream_id not in self._abandoned if stream is None else stream.remote_end
        if ended and not (stream is None and len(self._abandoned) == _MAX_ABANDONED):
            raise ConnectionFault(f"Received a frame of stream {frame.stream_id} after its end", Code.STREAM_CLOSED)

    def _data_received(self, frame: Frame) -> None:
        size = len(frame.payload)
        self._window -= size
        if self._window < 0:
            raise ConnectionFault("Received more data than the connection's window allows", Code.FLOW_CONTROL_ERROR)
        # The connection's credit comes back at once, so that a slow reader of one stream holds up no other.
        returned = self._credit.consumed(size)
        if returned:
            self._window += returned
            self._send_window_update(0, returned)
        stream = self._stream_of(frame)
        self._check_not_ended(frame, stream)
        data = frames.unpadded(frame)
        if data:
            self._guard.progress()
        if stream is None or stream.was_reset:
            return
        stream.window -= size
        if stream.window < 0:
            self._fault(stream, "Received more data than the stream's window allows", Code.FLOW_CONTROL_ERROR)
            return
        try:
            stream.receive_body(data, bool(frame.flags & frames.END_STREAM))
        except RemoteProtocolError as exc:
            self._fault(stream, str(exc))
            return
        self._count_closed(stream)
        # Padding is consumed on arrival.
        self._give_credit(stream, size - len(data))

    def _give_credit(self, stream: Stream, size: int) -> None:
        returned = stream.credit.consumed(size)
        if returned and not stream.remote_end and not stream.closed and not self.failed:
            stream.window += returned
            self._send_window_update(stream.id, returned)

    def _headers_received(self, frame: Frame) -> None:
        complete = self._blocks.receive(frame)
        if complete is not None:
            self._head_received(*complete)

    def _head_received(self, frame: Frame, block: bytes) -> None:
        try:
            section = self._decoder.decode(block)
        except RemoteProtocolError as exc:
            raise ConnectionFault(str(exc), Code.COMPRESSION_ERROR) from exc
        stream = self._stream_of(frame)
        self._check_not_ended(frame, stream)
        if stream is None or stream.was_reset:
            return
        first = stream.status is None
        try:
            if isinstance(section, RemoteProtocolError):
                raise section
            stream.receive_fields(section, bool(frame.flags & frames.END_STREAM))
        except RemoteProtocolError as exc:
            self._fault(stream, str(exc))
            return
        if first and stream.status is not None:
            self._answered += 1
            self._guard.progress()
        self._count_closed(stream)

    def _count_closed(self, stream: Stream) -> None:
        if stream.local_end and stream.remote_end:
            self.open_streams -= 1

    def _fault(self, stream: Stream, message: str, code: int = Code.PROTOCOL_ERROR) -> None:
        """The server broke the protocol in a way that ends the stream (RFC 9113 section 5.4.2)."""
        stream.answered = True
        stream.failure = stream.failure or Failure(message)
        self._reset(stream, code)

    def _reset_received(self, frame: Frame) -> None:
        if len(frame.payload) != 4:
            raise ConnectionFault("Received a malformed RST_STREAM frame", Code.FRAME_SIZE_ERROR)
        stream = self._stream_of(frame)
        if stream is None or stream.closed:
            return
        stream.was_reset = True
        self.open_streams -= 1
        # RFC 9113 section 8.1: a server may answer and then ask the client not to send the rest, by this very frame.
        if stream.remote_end:
            return
        code = int.from_bytes(frame.payload, "big")
        refused = code == Code.REFUSED_STREAM and not stream.answered
        message = f"<StreamReset stream_id:{stream.id}, error_code:{code}, remote_reset:True>"
        stream.failure = Failure(message, Repeatable.ANY if refused else None)

    def _window_update_received(self, frame: Frame) -> None:
        if len(frame.payload) != 4:
            raise ConnectionFault("Received a malformed WINDOW_UPDATE frame", Code.FRAME_SIZE_ERROR)
        size = int.from_bytes(frame.payload, "big") & _MAX_WINDOW
        if not frame.stream_id:
            self._send_window += size
            if not size or self._send_window > _MAX_WINDOW:
                raise ConnectionFault(f"Received an illegal WINDOW_UPDATE of {size}", Code.FLOW_CONTROL_ERROR)
            self._touch_all()
            return
        stream = self._stream_of(frame)
        if stream is None or stream.closed:
            return
        stream.send_window += size
        if not size or stream.send_window > _MAX_WINDOW:
            self._fault(stream, f"Received an illegal WINDOW_UPDATE of {size}", Code.FLOW_CONTROL_ERROR)

    def _push_received(self, frame: Frame) -> None:
        raise ConnectionFault("Received a PUSH_PROMISE frame although push is disabled")

    def _control_received(self, frame: Frame) -> None:
        answer, changes = self._control.receive(frame)
        if answer:
            self._outgoing.append(answer)
        for change in changes:
            self._settings_changed(change)

    def _settings_changed(self, change: RemoteSettingsChanged) -> None:
        self._settings.append(change)
        limit = change.changed_settings.get(MAX_CONCURRENT_STREAMS)
        if limit is not None:
            self._stream_limit = limit.new_value
        elif not self.settings_received:
            self._stream_limit = sys.maxsize
        self.settings_received = True
        self._max_frame_size = self._control.max_frame_size
        window = self._control.initial_window
        for stream in self._streams.values():
            # May make it negative (RFC 9113 section 6.9.2).
            stream.send_window += window - self._initial_send_window
            if stream.send_window > _MAX_WINDOW:
                raise ConnectionFault("Received settings that make a window too large", Code.FLOW_CONTROL_ERROR)
        self._initial_send_window = window
        # The size of the table for header compression is a setting too.
        self._encoder.forget()
        # Windows may have changed, and with the limit whether more streams may be opened.
        self._touch_all()

    def _touch_all(self) -> None:
        self._touched.update(dict.fromkeys(self._streams.values()))

    # The end of the connection.

    def _goaway_received(self, frame: Frame) -> None:
        if len(frame.payload) < 8 or frame.stream_id:
            raise ConnectionFault("Received a malformed GOAWAY frame", Code.FRAME_SIZE_ERROR)
        last_stream_id = int.from_bytes(frame.payload[:4], "big") & _LAST_STREAM_ID
        code = int.from_bytes(frame.payload[4:8], "big")
        if self._goaway is not None and last_stream_id > self._goaway[1]:
            raise ConnectionFault("Received a GOAWAY frame that takes back an earlier one")
        self.stop()
        self._goaway = (code, last_stream_id, frame.payload[8:])
        message = goaway_text(*self._goaway)
        for stream in self._streams.values():
            if stream.id <= last_stream_id or stream.remote_end:
                continue
            # The server has done nothing for these (RFC 9113 section 6.8). An error at the very first request is
            # another matter: it would most likely be the same on the next connection.
            hopeless = stream.id == 1 and code != Code.NO_ERROR
            self._cut_off(stream, Failure(message, None if hopeless else Repeatable.ANY))

    def _cut_off(self, stream: Stream, failure: Failure) -> None:
        self._touched[stream] = None
        if not stream.closed:
            stream.was_reset = True
            self.open_streams -= 1
        stream.failure = stream.failure or failure

    def fail(self, failure: Failure, disconnected: bool = False) -> list[Stream]:
        """The connection is over; return the streams that this cuts off.

        `disconnected` says that the server went away, rather than that something was wrong.
        """
        self.stop()
        self._failure = self._failure or failure
        streams = [stream for stream in self._streams.values() if not stream.remote_end]
        for stream in streams:
            # The server may have closed the connection just as it was used again.
            stale = disconnected and stream.reused and not stream.answered
            self._cut_off(stream, failure._replace(repeatable=Repeatable.IDEMPOTENT if stale else None))
        return streams

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
        return END_OF_STREAM if stream.remote_end else NEED_DATA

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
