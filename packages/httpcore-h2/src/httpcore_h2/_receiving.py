"""What the frames of the server do to a connection and to its streams."""

import sys
from collections.abc import Callable

from httpcore_models import RemoteProtocolError
from httpcore_models.lowlevel import Retryable
from httpcore_models.multiplexing import FieldSection, SectionTranslator

from . import _frames as frames
from ._connection_state import ConnectionState
from ._control import MAX_CONCURRENT_STREAMS, Code, ConnectionFault, goaway_text
from ._events import Failure, RemoteSettingsChanged
from ._flow import CONNECTION_CREDIT, CONNECTION_WINDOW, MAX_WINDOW
from ._frames import Frame, HeaderBlocks
from ._hpack import FieldDecoder
from ._stream import Stream
from ._stream_table import LAST_STREAM_ID

# How many answers to SETTINGS and PING may wait to be sent, while the server does not read them.
_MAX_ANSWERS = 10_000

# Frames that transfer nothing, such as PING, SETTINGS or empty DATA, cost work all the same. This many may come at
# once, as in Go's net/http, and this many a second ever after.
_IDLE_FRAMES = 10_000
_IDLE_FRAMES_PER_SECOND = 100.0

# A larger frame counts once for each part of its payload of this size, in bytes.
_IDLE_FRAME_SIZE = 64

# The connection's credit is returned as soon as its window is no larger than this.
_CREDIT_IS_DUE = CONNECTION_WINDOW - CONNECTION_CREDIT

# Frames that may transfer something; their handlers tell the guard against floods whether they have.
_MAY_TRANSFER = (frames.DATA, frames.HEADERS, frames.CONTINUATION)


class FloodGuard:
    """Tells floods from traffic: counts frames that transfer nothing."""

    def __init__(self) -> None:
        #: Set this when something was transferred, in either direction: the count starts again.
        self.progress = False
        self._budget = float(_IDLE_FRAMES)
        self._since: float | None = None

    def idle_frame(self, now: float, size: int) -> None:
        """Count a frame of `size` bytes that transfers nothing and arrived at the time `now`, in seconds.

        Raises `RemoteProtocolError` if there are too many.
        """
        if self.progress:
            self.progress = False
            self._budget = float(_IDLE_FRAMES)
        if self._since is not None:
            self._budget = min(_IDLE_FRAMES, self._budget + (now - self._since) * _IDLE_FRAMES_PER_SECOND)
        self._since = now
        self._budget -= 1 + size // _IDLE_FRAME_SIZE
        if self._budget < 0:
            limit = f"{_IDLE_FRAMES} frames, or {_IDLE_FRAMES * _IDLE_FRAME_SIZE} bytes,"
            raise RemoteProtocolError(f"Received more than {limit} in a row that transfer nothing")


class FrameHandlers:
    """Handles frames in the order in which they arrive. If `run` is not empty after a read, call `end_run()`."""

    def __init__(self, connection: ConnectionState) -> None:
        self._connection = connection
        self._streams = connection.streams
        self._decoder: FieldDecoder[FieldSection] = FieldDecoder(
            connection.control.decoder, SectionTranslator().field_section
        )
        self._blocks = HeaderBlocks()
        self.guard: FloodGuard = FloodGuard()
        # How many bytes the server may send on all streams together.
        self._window = CONNECTION_WINDOW
        #: When the bytes arrived that are being handled, in seconds.
        self.now: float = 0.0
        #: Parts of one body that have not been added to their stream yet.
        self.run: list[bytes | memoryview] = []
        self._run_of: Stream | None = None  # theirs
        #: The settings that have changed.
        self.settings: list[RemoteSettingsChanged] = []
        # Other types, PRIORITY among them, mean nothing to a client (RFC 9113 sections 4.1 and 5.3.2).
        self._by_type: dict[int, Callable[[Frame], None]] = {
            frames.DATA: self._padded_data_received,
            frames.HEADERS: self._fragment_received,
            frames.CONTINUATION: self._fragment_received,
            frames.RST_STREAM: self._reset_received,
            frames.WINDOW_UPDATE: self._window_update_received,
            frames.GOAWAY: self._goaway_received,
            frames.PUSH_PROMISE: self._push_received,
            frames.SETTINGS: self._control_received,
            frames.PING: self._control_received,
        }

    # Each of these raises `RemoteProtocolError`, or `ConnectionFault` with a code, if the server broke the protocol in
    # a way that ends the connection.

    def frame_received(self, frame: Frame) -> None:
        """Handle a frame of any kind."""
        if self._blocks.is_open or frame.type == frames.CONTINUATION:
            self._blocks.check(frame.type, frame.stream_id)
        if frame.type not in _MAY_TRANSFER:
            self.guard.idle_frame(self.now, len(frame.payload))
        handler = self._by_type.get(frame.type)
        if handler is not None:
            handler(frame)

    # Responses.

    def data_received(
        self, stream_id: int, end: bool, size: int, data: bytes | memoryview, padding: int | None = None
    ) -> None:
        """Handle a DATA frame of `size` bytes, `padding` included, or its beginning."""
        if self._blocks.is_open:
            self._blocks.check(frames.DATA, stream_id)
        self._window -= size
        if self._window <= _CREDIT_IS_DUE:
            self._return_credit()
        stream = self._streams.by_id.get(stream_id)
        if stream is None or stream.remote_end:
            stream = self._streams.find(frames.DATA, stream_id)
        else:
            self._streams.touched[stream] = None
        body_size = size - padding if padding else size
        if body_size:
            self.guard.progress = True
        else:
            self.guard.idle_frame(self.now, 0)
        if stream is None:
            self._streams.receive_late_data(stream_id, size)
            return
        stream.receive_window -= size
        if stream.was_reset:
            return
        if stream.receive_window < 0:
            self._fault(stream, "Received more data than the stream's window allows", Code.FLOW_CONTROL_ERROR)
            return
        try:
            stream.expect_body(body_size)
        except RemoteProtocolError as exc:
            self._fault(stream, str(exc))
            return
        self._add_data(stream, end, data)
        if padding:
            # Padding is consumed on arrival.
            self._connection.skip_padding(stream, padding)
        if not stream.local_end and stream.should_run_ahead():
            self._connection.let_run_ahead(stream)

    def _return_credit(self) -> None:
        """Return the connection's credit for what has arrived, so that a slow reader of one stream delays no other."""
        if self._window < 0:
            raise ConnectionFault("Received more data than the connection's window allows", Code.FLOW_CONTROL_ERROR)
        self._connection.send_window_update(0, CONNECTION_WINDOW - self._window)
        self._window = CONNECTION_WINDOW

    def more_data_received(self, stream_id: int, end: bool, data: bytes | memoryview) -> None:
        """Handle another part of the last DATA frame, which was counted as a whole when it began."""
        stream = self._streams.by_id.get(stream_id)
        if stream is not None and not stream.was_reset:
            self._streams.touched[stream] = None
            self._add_data(stream, end, data)

    def _add_data(self, stream: Stream, end: bool, data: bytes | memoryview) -> None:
        if self.run and self._run_of is not stream:
            self.end_run()
        if end and not self.run:
            # There is nothing to join it with.
            if data:
                stream.add_body(bytes(data))
        elif data:
            self._run_of = stream
            self.run.append(data)
        if end:
            # Whoever sees the end, in any thread and after any exception, must find all parts before it.
            if self.run:
                self.end_run()
            try:
                stream.receive_end()
            except RemoteProtocolError as exc:
                self._fault(stream, str(exc))
                return
            if stream.local_end:
                self._streams.close(stream)

    def end_run(self) -> None:
        """Join adjacent parts of a body: their reader gets all that one read has brought, and it is copied once."""
        stream, run = self._run_of, self.run
        if run and stream is not None:
            # After an exception from a signal handler in here this is called again, and must not add the parts twice.
            self._run_of = None
            body = b"".join(run)
            run.clear()
            stream.add_body(body)

    def _padded_data_received(self, frame: Frame) -> None:
        data = frames.unpadded(frame)
        size, end = len(frame.payload), frame.flags & frames.END_STREAM != 0
        self.data_received(frame.stream_id, end, size, data, size - len(data))

    def head_received(self, stream_id: int, flags: int, block: bytes) -> None:
        """Handle a whole header block."""
        if self._blocks.is_open:
            self._blocks.check(frames.HEADERS, stream_id)
        if not self._section_received(stream_id, flags & frames.END_STREAM != 0, block):
            self.guard.idle_frame(self.now, len(block))

    def _fragment_received(self, frame: Frame) -> None:
        complete = self._blocks.receive(frame)
        if complete is not None:
            head, block = complete
            if self._section_received(head.stream_id, head.flags & frames.END_STREAM != 0, block):
                return
        self.guard.idle_frame(self.now, len(frame.payload))

    def _section_received(self, stream_id: int, end: bool, block: bytes) -> bool:
        """Take the fields of a response; return whether they are the head of a final one."""
        try:
            section = self._decoder.decode(block)
        except RemoteProtocolError as exc:
            raise ConnectionFault(str(exc), Code.COMPRESSION_ERROR) from exc
        stream = self._streams.by_id.get(stream_id)
        if stream is None or stream.remote_end:
            stream = self._streams.find(frames.HEADERS, stream_id)
        else:
            self._streams.touched[stream] = None
        if stream is None or stream.was_reset:
            return False
        if self._run_of is stream:
            self.end_run()
        before = stream.status
        try:
            if isinstance(section, RemoteProtocolError):
                raise section
            stream.receive_fields(section, end)
        except RemoteProtocolError as exc:
            self._fault(stream, str(exc))
            return False
        if end and stream.local_end:
            self._streams.close(stream)
        if before is not None or stream.status is None:
            return False
        self._streams.any_response = self.guard.progress = True
        return True

    def _fault(self, stream: Stream, message: str, code: int = Code.PROTOCOL_ERROR) -> None:
        """End a stream on which the server broke the protocol (RFC 9113 section 5.4.2)."""
        stream.response_begun = True
        stream.failure = stream.failure or Failure(message)
        self._connection.reset(stream, code)

    def _reset_received(self, frame: Frame) -> None:
        if len(frame.payload) != 4:
            raise _malformed("RST_STREAM")
        stream = self._streams.find(frame.type, frame.stream_id)
        if stream is None or not stream.is_open:
            return
        stream.was_reset = True
        self._streams.close(stream)
        # RFC 9113 section 8.1: a server may answer and then ask the client by this frame not to send the rest.
        if stream.remote_end:
            return
        code = int.from_bytes(frame.payload, "big")
        refused = code == Code.REFUSED_STREAM and not stream.response_begun
        message = f"<StreamReset stream_id:{stream.id}, error_code:{code}, remote_reset:True>"
        if refused:
            message = "the server refused the stream (REFUSED_STREAM)"
        stream.failure = Failure(message, Retryable.ANY if refused else None)

    # Flow control and settings.

    def _window_update_received(self, frame: Frame) -> None:
        if len(frame.payload) != 4:
            raise _malformed("WINDOW_UPDATE")
        size = int.from_bytes(frame.payload, "big") & MAX_WINDOW
        if not frame.stream_id:
            self._connection.send_window += size
            if not size or self._connection.send_window > MAX_WINDOW:
                raise ConnectionFault(_illegal_window_update(size), Code.FLOW_CONTROL_ERROR)
            self._streams.touch_all()
            return
        stream = self._streams.find(frame.type, frame.stream_id)
        if stream is None or not stream.is_open:
            return
        stream.send_window += size
        if not size or stream.send_window > MAX_WINDOW:
            self._fault(stream, _illegal_window_update(size), Code.FLOW_CONTROL_ERROR)

    def _push_received(self, frame: Frame) -> None:
        raise ConnectionFault("Received pushed stream although push is disabled")

    def _control_received(self, frame: Frame) -> None:
        connection = self._connection
        answer, changes = connection.control.receive(frame)
        if frame.type == frames.SETTINGS and frame.flags & frames.ACK:
            connection.settings_acknowledged(self.now)
        if answer:
            connection.outgoing.append(answer)
            connection.unsent_answers += 1
            if connection.unsent_answers > _MAX_ANSWERS:
                text = f"More than {_MAX_ANSWERS} answers to SETTINGS and PING frames are waiting to be sent"
                raise ConnectionFault(text, Code.ENHANCE_YOUR_CALM)
        for change in changes:
            self._settings_changed(change)

    def _settings_changed(self, change: RemoteSettingsChanged) -> None:
        connection, streams = self._connection, self._streams
        self.settings.append(change)
        limit = change.changed_settings.get(MAX_CONCURRENT_STREAMS)
        if limit is not None:
            streams.limit = limit.new_value
        elif not connection.settings_received:
            streams.limit = sys.maxsize
        connection.settings_received = streams.limit_known = True
        connection.max_frame_size = connection.control.max_frame_size
        streams.set_send_window(connection.control.initial_window)
        # The size of the table for header compression is a setting too.
        connection.encoder.resize(connection.control.header_table_size)
        # Windows may have changed, and with the limit whether more streams may be opened.
        streams.touch_all()

    # The end of the connection.

    def _goaway_received(self, frame: Frame) -> None:
        if len(frame.payload) < 8 or frame.stream_id:
            raise _malformed("GOAWAY")
        connection = self._connection
        last_stream_id = int.from_bytes(frame.payload[:4], "big") & LAST_STREAM_ID
        code = int.from_bytes(frame.payload[4:8], "big")
        if connection.goaway is not None and last_stream_id > connection.goaway[1]:
            raise ConnectionFault("Received a GOAWAY frame that takes back an earlier one")
        connection.goaway = (code, last_stream_id, frame.payload[8:])
        message = goaway_text(*connection.goaway)
        connection.retire(message)
        for stream in self._streams.by_id.values():
            if stream.id <= last_stream_id:
                continue
            # The server has done nothing for these (RFC 9113 section 6.8). An error at the very first request is
            # different: the next connection would most likely meet the same.
            hopeless = stream.id == 1 and code != Code.NO_ERROR
            unprocessed = Retryable.AFTER_SHUTDOWN if last_stream_id else Retryable.ANY
            self._streams.cut_off(stream, Failure(message, None if hopeless else unprocessed))


def _malformed(frame: str) -> ConnectionFault:
    return ConnectionFault(f"Frame data missing or invalid: a malformed {frame} frame", Code.FRAME_SIZE_ERROR)


def _illegal_window_update(size: int) -> str:
    if not size:
        return "Received frame with non-compliant data: a WINDOW_UPDATE of 0"
    return f"May not increment flow control window past {MAX_WINDOW}: received a WINDOW_UPDATE of {size}"
