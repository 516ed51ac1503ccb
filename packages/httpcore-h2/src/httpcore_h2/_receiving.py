"""The receiving side of a connection: what the frames of the server do to it and to its streams."""

import sys
from collections.abc import Callable

from h2.config import H2Configuration
from httpcore_models import ReadError, RemoteProtocolError
from httpcore_models.lowlevel import Retryable

from . import _frames as frames
from ._control import MAX_CONCURRENT_STREAMS, Code, ConnectionFault, Control, goaway_text
from ._events import Failure, RemoteSettingsChanged
from ._flow import CONNECTION_WINDOW, MAX_FRAME_SIZE, Credit
from ._frames import FloodGuard, Frame, FrameReader, HeaderBlocks, build_frame
from ._hpack import FieldDecoder, FieldEncoder
from ._streams import Stream
from ._translate import FieldSection, field_section

# How many streams are opened before the server has said how many it takes. Those beyond its limit it would refuse.
_ASSUMED_STREAM_LIMIT = 10

# How many streams are remembered as given up by us while the server may still send on them.
_MAX_ABANDONED = 1000

# How many answers to SETTINGS and PING may wait to be sent, while the server does not read them.
_MAX_ANSWERS = 10_000

DEFAULT_WINDOW = 65535
_MAX_WINDOW = LAST_STREAM_ID = 2**31 - 1


class ReceivingSide:
    """The state of a connection and of its streams, as far as frames of the server change it."""

    def __init__(self, config: H2Configuration) -> None:
        self._control = Control(config)
        self._encoder = FieldEncoder(self._control.encoder)
        self._decoder: FieldDecoder[FieldSection] = FieldDecoder(self._control.decoder, field_section)
        self._frames = FrameReader(MAX_FRAME_SIZE)
        self._guard = FloodGuard()
        # What may be received on all streams together, and how it is given back; what may be sent.
        self._window = CONNECTION_WINDOW
        self._credit = Credit(CONNECTION_WINDOW)
        self._send_window = DEFAULT_WINDOW
        self._initial_send_window = DEFAULT_WINDOW
        self._max_frame_size = 16384
        self._blocks = HeaderBlocks()
        self._streams: dict[int, Stream] = {}
        # Streams that we gave up, and how much the server may still send on each.
        self._abandoned: dict[int, int] = {}
        self._next_id = 1
        self._answered = 0
        self._stream_limit = _ASSUMED_STREAM_LIMIT
        self._goaway: tuple[int, int, bytes] | None = None
        #: Whether the connection is over for all streams.
        self.failed = False
        #: Whether that is because it was closed here, and for no other reason.
        self.closed = False
        self._touched: dict[Stream, None] = {}
        self._settings: list[RemoteSettingsChanged] = []
        #: What `bytes_to_send()` has, in parts; always the same list.
        self.outgoing: list[bytes | memoryview] = []
        self._unsent_answers = 0
        # Whether something is being done. An exception of a signal handler may end that at any point.
        self._busy = False
        #: Whether the connection will ever take another stream.
        self.usable = True
        #: Why it will not, for the text of an error.
        self.retired_because = ""
        #: How many streams count against the server's limit.
        self.open_streams = 0
        self.started = False
        self.settings_received = False
        #: Whether the server has said how many streams it allows, or has said so on an earlier connection.
        self.limit_known = False
        self.ping_unanswered = False
        self._handlers = self._handlers_by_type()

    def _handlers_by_type(self) -> dict[int, Callable[[Frame], None]]:
        return {
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

    def check_whole(self) -> None:
        """Fail if something was interrupted halfway: what the two sides know of each other may differ since."""
        if self._busy:
            self._busy = False
            self.fail(Failure("The connection was left in the middle of an operation", kind=ReadError))

    def stop(self, reason: str) -> None:
        """Open no further streams, for a `reason` that is told to whoever wants one; those that are open go on."""
        if self.usable:
            self.usable = False
            self.retired_because = reason

    # Receiving.

    def receive_data(self, data: bytes, now: float) -> tuple[list[Stream], list[RemoteSettingsChanged]]:
        """Take bytes from the network at the time `now` in seconds, or `b""` for the end of stream.

        Returns the streams that have something new, and the changes of settings.
        """
        if self._busy:
            self.check_whole()
        self._busy = True
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
        self._busy = False
        return list(self._touched), self._settings

    def _disconnected(self) -> str:
        if self._goaway is None:
            return "Server disconnected"
        return f"Server disconnected after {goaway_text(*self._goaway)}"

    def _receive_frame(self, frame: Frame, now: float) -> None:
        self._blocks.check(frame)
        # Whatever transfers something resets the count afterwards.
        self._guard.idle_frame(now, 0 if frame.type == frames.DATA else len(frame.payload))
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
        if stream is None:
            self._late_data_received(frame.stream_id, size)
            return
        stream.window -= size
        if stream.was_reset:
            return
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

    def _late_data_received(self, stream_id: int, size: int) -> None:
        # No credit is given to a stream that we gave up: what was on its way comes to an end.
        left = self._abandoned.get(stream_id)
        if left is not None:
            self._abandoned[stream_id] = left - size
            if size > left:
                raise ConnectionFault("Received more data than the stream's window allows", Code.FLOW_CONTROL_ERROR)

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
        stream.response_begun = True
        stream.failure = stream.failure or Failure(message)
        self._reset(stream, code)

    def _reset_received(self, frame: Frame) -> None:
        if len(frame.payload) != 4:
            raise _malformed("RST_STREAM")
        stream = self._stream_of(frame)
        if stream is None or stream.closed:
            return
        stream.was_reset = True
        self.open_streams -= 1
        # RFC 9113 section 8.1: a server may answer and then ask the client not to send the rest, by this very frame.
        if stream.remote_end:
            return
        code = int.from_bytes(frame.payload, "big")
        refused = code == Code.REFUSED_STREAM and not stream.response_begun
        message = f"<StreamReset stream_id:{stream.id}, error_code:{code}, remote_reset:True>"
        stream.failure = Failure(message, Retryable.ANY if refused else None)

    def _window_update_received(self, frame: Frame) -> None:
        if len(frame.payload) != 4:
            raise _malformed("WINDOW_UPDATE")
        size = int.from_bytes(frame.payload, "big") & _MAX_WINDOW
        if not frame.stream_id:
            self._send_window += size
            if not size or self._send_window > _MAX_WINDOW:
                raise ConnectionFault(_illegal_window_update(size), Code.FLOW_CONTROL_ERROR)
            self._touch_all()
            return
        stream = self._stream_of(frame)
        if stream is None or stream.closed:
            return
        stream.send_window += size
        if not size or stream.send_window > _MAX_WINDOW:
            self._fault(stream, _illegal_window_update(size), Code.FLOW_CONTROL_ERROR)

    def _push_received(self, frame: Frame) -> None:
        raise ConnectionFault("Received pushed stream although push is disabled")

    def _control_received(self, frame: Frame) -> None:
        answer, changes = self._control.receive(frame)
        if answer:
            self.outgoing.append(answer)
            self._unsent_answers += 1
            if self._unsent_answers > _MAX_ANSWERS:
                text = f"Received SETTINGS and PING frames, and could not send more than {_MAX_ANSWERS} answers"
                raise ConnectionFault(text, Code.ENHANCE_YOUR_CALM)
        for change in changes:
            self._settings_changed(change)

    def _settings_changed(self, change: RemoteSettingsChanged) -> None:
        self._settings.append(change)
        limit = change.changed_settings.get(MAX_CONCURRENT_STREAMS)
        if limit is not None:
            self._stream_limit = limit.new_value
        elif not self.settings_received:
            self._stream_limit = sys.maxsize
        self.settings_received = self.limit_known = True
        self._max_frame_size = self._control.max_frame_size
        window = self._control.initial_window
        for stream in self._streams.values():
            # May make it negative (RFC 9113 section 6.9.2).
            stream.send_window += window - self._initial_send_window
            if stream.send_window > _MAX_WINDOW:
                raise ConnectionFault("Received settings that make a window too large", Code.FLOW_CONTROL_ERROR)
        self._initial_send_window = window
        # The size of the table for header compression is a setting too.
        self._encoder.resize(self._control.header_table_size)
        # Windows may have changed, and with the limit whether more streams may be opened.
        self._touch_all()

    def _touch_all(self) -> None:
        self._touched.update(dict.fromkeys(self._streams.values()))

    # The end of the connection.

    def _goaway_received(self, frame: Frame) -> None:
        if len(frame.payload) < 8 or frame.stream_id:
            raise _malformed("GOAWAY")
        last_stream_id = int.from_bytes(frame.payload[:4], "big") & LAST_STREAM_ID
        code = int.from_bytes(frame.payload[4:8], "big")
        if self._goaway is not None and last_stream_id > self._goaway[1]:
            raise ConnectionFault("Received a GOAWAY frame that takes back an earlier one")
        self._goaway = (code, last_stream_id, frame.payload[8:])
        message = goaway_text(*self._goaway)
        self.stop(message)
        for stream in self._streams.values():
            if stream.id <= last_stream_id or (stream.remote_end and stream.closed):
                continue
            # The server has done nothing for these (RFC 9113 section 6.8). An error at the very first request is
            # another matter: it would most likely be the same on the next connection.
            hopeless = stream.id == 1 and code != Code.NO_ERROR
            unprocessed = Retryable.AFTER_SHUTDOWN if last_stream_id else Retryable.ANY
            self._cut_off(stream, Failure(message, None if hopeless else unprocessed))

    def _cut_off(self, stream: Stream, failure: Failure) -> None:
        self._touched[stream] = None
        if not stream.closed:
            stream.was_reset = True
            self.open_streams -= 1
        if not stream.remote_end:
            stream.failure = stream.failure or failure

    def fail(self, failure: Failure, disconnected: bool = False) -> None:
        """The connection is over, and so are its streams, but for responses that are complete.

        `disconnected` says that the server went away, rather than that something was wrong.
        """
        self.stop(failure.message)
        self.failed = True
        for stream in self._streams.values():
            if stream.remote_end and stream.closed:
                continue
            # The server may have closed the connection just as it was used again.
            stale = disconnected and stream.reused and not stream.response_begun
            self._cut_off(stream, failure._replace(retryable=Retryable.IDEMPOTENT if stale else None))

    # What is sent in return.

    def _reset(self, stream: Stream, code: int) -> None:
        if not self.failed:
            self.outgoing.append(build_frame(frames.RST_STREAM, 0, stream.id, code.to_bytes(4, "big")))
        stream.was_reset = True
        self.open_streams -= 1
        if not stream.remote_end:
            self._abandoned[stream.id] = max(0, stream.window)
            if len(self._abandoned) > _MAX_ABANDONED:
                del self._abandoned[next(iter(self._abandoned))]

    def _send_window_update(self, stream_id: int, size: int) -> None:
        self.outgoing.append(build_frame(frames.WINDOW_UPDATE, 0, stream_id, size.to_bytes(4, "big")))

    def _send_goaway(self, code: int) -> None:
        self.outgoing.append(self._control.goaway(code))


def _malformed(frame: str) -> ConnectionFault:
    return ConnectionFault(f"Frame data missing or invalid: a malformed {frame} frame", Code.FRAME_SIZE_ERROR)


def _illegal_window_update(size: int) -> str:
    if not size:
        return "Received frame with non-compliant data: a WINDOW_UPDATE of 0"
    return f"May not increment flow control window past {_MAX_WINDOW}: received a WINDOW_UPDATE of {size}"
