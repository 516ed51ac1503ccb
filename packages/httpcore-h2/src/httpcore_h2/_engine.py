"""One HTTP/2 connection without I/O (RFC 9113): requests in, bytes out; bytes in, responses out.

h2 does framing, header compression, settings and the states of streams; nothing of it shows outside. In the order of
use:

1. `start()` once, then `open_stream()` for each request, while `can_open` is true, and `send_data()` for its body.
2. `receive_data()` with what the network gave; it returns the streams that have something new.
3. `next_event(stream)` until it says `NEED_DATA` or `END_OF_STREAM`.
4. `finish(stream)` in any case, once nobody wants more of it.

After each of these `bytes_to_send()` may have something. Nothing here is safe to call from two threads at a time.

An error of one stream is raised where that stream is asked; an error of the connection, at every stream that it cut
off. Streams whose response is complete by then are not affected.
"""

import collections
from collections.abc import Callable
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from httpcore_models import LocalProtocolError, ReadError, RemoteProtocolError, Repeatable

from ._events import (
    END_OF_STREAM,
    NEED_DATA,
    ChangedSetting,
    Event,
    Failure,
    InformationalResponse,
    RemoteSettingsChanged,
    ResponseHead,
    Trailers,
)
from ._flow import CONNECTION_WINDOW, MAX_FRAME_SIZE, STREAM_WINDOW, Credit
from ._frames import DATA, GOAWAY, HEADERS, FloodGuard, Frame, FrameReader
from ._headers import RequestHead, response_head

# As for HTTP/1.1: the head of a response in bytes, as RFC 9113 section 6.5.2 counts them.
_MAX_HEADER_LIST_SIZE = 100 * 1024

# How many streams are opened before the server has said how many it takes; Go's net/http and nghttp2 assume as many.
_ASSUMED_STREAM_LIMIT = 100

_LAST_STREAM_ID = 2**31 - 1

_Code = h2.errors.ErrorCodes
_Setting = h2.settings.SettingCodes


class Stream:
    """One request and its response. `sent` counts the bytes of the request body, `received` those of the response."""

    __slots__ = (
        "_credit",
        "_events",
        "_failure",
        "_reused",
        "_was_reset",
        "answered",
        "declared_length",
        "id",
        "is_connect",
        "local_end",
        "received",
        "remote_end",
        "sent",
        "status",
    )

    def __init__(self, stream_id: int, head: RequestHead, reused: bool) -> None:
        self.id: int = stream_id
        self.is_connect: bool = head.is_connect
        self.declared_length: int | None = head.declared_length
        self.sent: int = 0
        self.received: int = 0
        self.local_end: bool = False
        self.remote_end: bool = False
        # Whether anything of a response has come, and the status of the final one.
        self.answered: bool = False
        self.status: int | None = None
        self._events: collections.deque[Event] = collections.deque()
        self._failure: Failure | None = None
        self._was_reset = False
        # Whether other requests have been answered on this connection before this one was sent.
        self._reused = reused
        self._credit = Credit(STREAM_WINDOW)

    @property
    def closed(self) -> bool:
        """Whether the stream counts no more against the server's limit."""
        return self._was_reset or (self.local_end and self.remote_end)


class Engine:
    """A connection and its streams."""

    def __init__(self, config: h2.config.H2Configuration) -> None:
        self._h2 = h2.connection.H2Connection(config)
        self._h2.local_settings = h2.settings.Settings(
            client=True,
            initial_values={
                _Setting.ENABLE_PUSH: 0,
                _Setting.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                _Setting.MAX_FRAME_SIZE: MAX_FRAME_SIZE,
                _Setting.MAX_HEADER_LIST_SIZE: _MAX_HEADER_LIST_SIZE,
            },
        )
        # A setting of servers, which h2 would send for us (RFC 8441 section 3).
        del self._h2.local_settings[_Setting.ENABLE_CONNECT_PROTOCOL]
        self._h2.max_inbound_frame_size = MAX_FRAME_SIZE
        self._h2.decoder.max_header_list_size = _MAX_HEADER_LIST_SIZE
        self._frames = FrameReader(MAX_FRAME_SIZE)
        self._guard = FloodGuard()
        self._credit = Credit(CONNECTION_WINDOW)
        self._streams: dict[int, Stream] = {}
        self._open = 0
        self._next_id = 1
        self._answered = 0
        self._stream_limit: int | None = _ASSUMED_STREAM_LIMIT
        self._stopped = False
        self._goaway: tuple[int, int, bytes] | None = None
        self._failure: Failure | None = None
        self._touched: dict[Stream, None] = {}
        self._settings: list[RemoteSettingsChanged] = []
        self.started = False
        self.settings_received = False
        self.ping_unanswered = False
        # Whether reading a response or finishing a stream has left something to send.
        self.output_pending = False
        self._handlers: dict[type, Callable[[Any, float], None]] = {
            h2.events.ResponseReceived: self._response_received,
            h2.events.InformationalResponseReceived: self._informational_response_received,
            h2.events.DataReceived: self._data_received,
            h2.events.TrailersReceived: self._trailers_received,
            h2.events.StreamEnded: self._stream_ended,
            h2.events.StreamReset: self._stream_reset,
            h2.events.WindowUpdated: self._window_updated,
            h2.events.RemoteSettingsChanged: self._settings_changed,
        }

    # What the connection can do.

    @property
    def usable(self) -> bool:
        """Whether the connection will ever take another stream."""
        return not self._stopped and self._next_id <= _LAST_STREAM_ID

    @property
    def failed(self) -> bool:
        """Whether the connection is over for all streams."""
        return self._failure is not None

    @property
    def can_open(self) -> bool:
        """Whether `open_stream()` may be called now."""
        return self.usable and (self._stream_limit is None or self._open < self._stream_limit)

    @property
    def open_streams(self) -> int:
        """How many streams count against the server's limit."""
        return self._open

    @property
    def supports_extended_connect(self) -> bool:
        """Whether the server takes CONNECT requests with a `protocol` (RFC 8441 section 3)."""
        return bool(self._h2.remote_settings.get(_Setting.ENABLE_CONNECT_PROTOCOL))

    # Sending.

    def start(self) -> None:
        """Begin with the preface and the settings (RFC 9113 section 3.4)."""
        self.started = True
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(CONNECTION_WINDOW - 65535)

    def open_stream(self, head: RequestHead) -> Stream:
        """Send the head of a request. Without a body that ends the request; else continue with `send_data()`."""
        assert self.can_open
        stream = Stream(self._next_id, head, reused=self._answered > 0)
        self._next_id += 2
        self._h2.send_headers(stream.id, head.headers, end_stream=not head.has_body)
        stream.local_end = not head.has_body
        self._streams[stream.id] = stream
        self._open += 1
        return stream

    def send_credit(self, stream: Stream) -> int:
        """How many bytes of the body may be sent now."""
        return max(0, self._h2.local_flow_control_window(stream.id)) if self.wants_body(stream) else 0

    def wants_body(self, stream: Stream) -> bool:
        """Whether the rest of the body is still of use to the server.

        It is not once the response is complete, or an error or redirection: such a server does not read on (RFC 9113
        section 8.1). A successful response may well begin before the request has ended.
        """
        return not (
            stream.local_end
            or stream.remote_end
            or stream._was_reset
            or stream._failure is not None
            or (stream.status is not None and stream.status >= 300)
        )

    def send_data(self, stream: Stream, data: memoryview) -> int:
        """Send as much of `data` as there is credit for, and return how much. Raises `LocalProtocolError`."""
        if not self.wants_body(stream):
            if not stream.local_end:
                return 0
            raise LocalProtocolError("Too much data for declared Content-Length")
        if stream.declared_length is not None and stream.sent + len(data) > stream.declared_length:
            raise LocalProtocolError("Too much data for declared Content-Length")
        size = min(len(data), self.send_credit(stream))
        step = self._h2.max_outbound_frame_size
        for start in range(0, size, step):
            self._h2.send_data(stream.id, data[start : min(start + step, size)])
        if size:
            stream.sent += size
            self._guard.progress()
        return size

    def end_request(self, stream: Stream) -> None:
        """End the body. Raises `LocalProtocolError` when the declared length is not reached."""
        if not self.wants_body(stream):
            return
        if stream.declared_length is not None and stream.sent < stream.declared_length:
            raise LocalProtocolError("Too little data for declared Content-Length")
        stream.local_end = True
        self._h2.end_stream(stream.id)
        self.output_pending = True
        self._count_closed(stream)

    def finish(self, stream: Stream) -> None:
        """Nobody wants more of the stream: end it, unless it has ended, and forget it."""
        if self._streams.pop(stream.id, None) is None:
            return
        if not stream.closed and not self.failed:
            # Whatever comes for it from now on is dropped by h2, which gives its credit back.
            complete = stream.remote_end
            self._h2.reset_stream(stream.id, _Code.NO_ERROR if complete else _Code.CANCEL)
            stream._was_reset = True
            self._open -= 1
            self.output_pending = True

    def ping(self) -> None:
        """Ask the server for a sign of life (RFC 9113 section 6.7)."""
        self.ping_unanswered = True
        self._h2.ping(b"httpcore")

    def close(self) -> None:
        """Take leave of the server."""
        if self.started and not self.failed:
            self._h2.close_connection()
        self.fail(Failure("The connection was closed", kind=ReadError))

    def stop(self) -> None:
        """Open no further streams: what is sent does not arrive, though there may be something to receive."""
        self._stopped = True

    def bytes_to_send(self) -> bytes:
        """What has to be sent, in this order, before anything that comes later."""
        self.output_pending = False
        return self._h2.data_to_send() or b""

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
                self._terminate(str(exc))
            except h2.exceptions.ProtocolError as exc:
                self.fail(Failure(str(exc) or type(exc).__name__))
        return list(self._touched), self._settings

    def _disconnected(self) -> str:
        if self._goaway is None:
            return "Server disconnected"
        return f"Server disconnected after {_goaway_text(*self._goaway)}"

    def _terminate(self, message: str) -> None:
        self._h2.close_connection(_Code.PROTOCOL_ERROR)
        self.fail(Failure(message))

    def _receive_frame(self, frame: Frame, now: float) -> None:
        if frame.type not in (HEADERS, DATA) or frame.stream_id not in self._streams:
            self._guard.idle_frame(now)
        if frame.type == GOAWAY:
            self._goaway_received(frame)
            return
        for event in self._h2.receive_data(frame.raw):
            handler = self._handlers.get(type(event))
            if handler is not None:
                handler(event, now)

    def _stream(self, stream_id: int | None) -> Stream | None:
        stream = self._streams.get(stream_id or 0)
        if stream is not None:
            self._touched[stream] = None
        return stream

    def _response_received(self, event: Any, now: float) -> None:
        self._guard.progress()
        self._answered += 1
        stream = self._stream(event.stream_id)
        if stream is None:
            return
        stream.answered = True
        try:
            status, headers = response_head(event.headers)
        except RemoteProtocolError as exc:
            self._reset(stream, Failure(str(exc)))
            return
        stream.status = status
        stream._events.append(ResponseHead(status, headers))

    def _informational_response_received(self, event: Any, now: float) -> None:
        self._guard.idle_frame(now)
        stream = self._stream(event.stream_id)
        if stream is not None:
            stream.answered = True
            stream._events.append(InformationalResponse(*response_head(event.headers)))

    def _data_received(self, event: Any, now: float) -> None:
        if event.data:
            self._guard.progress()
        elif event.stream_ended is None:
            self._guard.idle_frame(now)
        # The connection's credit comes back at once, so that a slow reader of one stream holds up no other. Padding
        # is consumed on arrival.
        returned = self._credit.consumed(event.flow_controlled_length)
        if returned:
            self._h2.increment_flow_control_window(returned)
        stream = self._stream(event.stream_id)
        if stream is None:
            return
        stream.received += len(event.data)
        if event.data:
            stream._events.append(event.data)
        self._give_credit(stream, event.flow_controlled_length - len(event.data))

    def _give_credit(self, stream: Stream, size: int) -> None:
        returned = stream._credit.consumed(size)
        if returned and not stream.remote_end and not stream.closed and not self.failed:
            self._h2.increment_flow_control_window(returned, stream.id)
            self.output_pending = True

    def _trailers_received(self, event: Any, now: float) -> None:
        stream = self._stream(event.stream_id)
        if stream is not None:
            stream._events.append(Trailers([(name, value) for name, value in event.headers]))

    def _stream_ended(self, event: Any, now: float) -> None:
        stream = self._stream(event.stream_id)
        if stream is not None and not stream.remote_end:
            stream.remote_end = True
            self._count_closed(stream)

    def _count_closed(self, stream: Stream) -> None:
        if stream.closed:
            self._open -= 1

    def _stream_reset(self, event: Any, now: float) -> None:
        stream = self._stream(event.stream_id)
        if stream is None or stream.closed:
            return
        stream._was_reset = True
        self._open -= 1
        # RFC 9113 section 8.1: a server may answer and then ask the client not to send the rest, by this very code.
        if stream.remote_end:
            return
        code = int(event.error_code)
        refused = code == _Code.REFUSED_STREAM and not stream.answered
        message = f"<StreamReset stream_id:{stream.id}, error_code:{code}, remote_reset:True>"
        stream._failure = Failure(message, Repeatable.ANY if refused else None)

    def _reset(self, stream: Stream, failure: Failure) -> None:
        if not stream.closed:
            self._h2.reset_stream(stream.id, _Code.PROTOCOL_ERROR)
            stream._was_reset = True
            self._open -= 1
        stream._failure = failure

    def _window_updated(self, event: Any, now: float) -> None:
        if event.stream_id:
            self._stream(event.stream_id)
        else:
            self._touch_all()

    def _settings_changed(self, event: Any, now: float) -> None:
        changes = {
            int(code): ChangedSetting(int(code), change.original_value, change.new_value)
            for code, change in event.changed_settings.items()
        }
        self._settings.append(RemoteSettingsChanged(changes))
        limit = changes.get(_Setting.MAX_CONCURRENT_STREAMS)
        if limit is not None:
            self._stream_limit = limit.new_value
        elif not self.settings_received:
            self._stream_limit = None
        self.settings_received = True
        # Windows may have changed, and with the limit whether more streams may be opened.
        self._touch_all()

    def _touch_all(self) -> None:
        self._touched.update(dict.fromkeys(self._streams.values()))

    # The end of the connection.

    def _goaway_received(self, frame: Frame) -> None:
        if len(frame.raw) < 17 or frame.stream_id:
            raise RemoteProtocolError("Received a malformed GOAWAY frame")
        last_stream_id = int.from_bytes(frame.raw[9:13], "big") & _LAST_STREAM_ID
        code = int.from_bytes(frame.raw[13:17], "big")
        if self._goaway is not None and last_stream_id > self._goaway[1]:
            raise RemoteProtocolError("Received a GOAWAY frame that takes back an earlier one")
        self.stop()
        self._goaway = (code, last_stream_id, frame.raw[17:])
        message = _goaway_text(*self._goaway)
        for stream in self._streams.values():
            if stream.id <= last_stream_id or stream.remote_end:
                continue
            self._touched[stream] = None
            # The server has done nothing for these (RFC 9113 section 6.8). An error at the very first request is
            # another matter: it would most likely be the same on the next connection.
            hopeless = stream.id == 1 and code != _Code.NO_ERROR
            self._cut_off(stream, Failure(message, None if hopeless else Repeatable.ANY))

    def _cut_off(self, stream: Stream, failure: Failure) -> None:
        if not stream.closed:
            stream._was_reset = True
            self._open -= 1
        stream._failure = stream._failure or failure

    def fail(self, failure: Failure, disconnected: bool = False) -> list[Stream]:
        """The connection is over; return the streams that this cuts off.

        `disconnected` says that the server went away, rather than that something was wrong.
        """
        self.stop()
        self._failure = self._failure or failure
        streams = [stream for stream in self._streams.values() if not stream.remote_end]
        for stream in streams:
            # The server may have closed the connection just as it was used again.
            stale = disconnected and stream._reused and not stream.answered
            self._cut_off(stream, failure._replace(repeatable=Repeatable.IDEMPOTENT if stale else None))
            self._touched[stream] = None
        return streams

    # Reading a response.

    def next_event(self, stream: Stream) -> Event:
        """Return the next part of the response, `NEED_DATA`, or `END_OF_STREAM` at its end and from then on.

        Raises what has gone wrong with the stream, once all that came before is read.
        """
        if stream._events:
            event = stream._events.popleft()
            if isinstance(event, bytes):
                self._give_credit(stream, len(event))
            return event
        if stream.remote_end:
            return END_OF_STREAM
        if stream._failure is not None:
            raise stream._failure.exception()
        return NEED_DATA

    def has_event(self, stream: Stream) -> bool:
        """Whether `next_event()` has anything but `NEED_DATA`."""
        return bool(stream._events) or stream.remote_end or stream._failure is not None


def _goaway_text(code: int, last_stream_id: int, additional_data: bytes) -> str:
    data = additional_data[:20].hex() if additional_data else None
    return f"<ConnectionTerminated error_code:{code}, last_stream_id:{last_stream_id}, additional_data:{data}>"
