"""The streams of a connection: identifiers, the server's limit, and which of them still count against it."""

from ._control import Code, ConnectionFault
from ._events import Failure
from ._flow import DEFAULT_WINDOW, MAX_WINDOW
from ._frames import DATA, HEADERS
from ._stream import Stream

# How many streams are opened before the server has said how many it allows. It would refuse those beyond its limit.
_ASSUMED_LIMIT = 10

# How many streams are remembered that were reset here while the server may still send on them.
MAX_ABANDONED = 1000

LAST_STREAM_ID = 2**31 - 1


class StreamTable:
    """The streams that have been opened and not yet finished, by their identifier."""

    def __init__(self) -> None:
        self.by_id: dict[int, Stream] = {}
        #: How many streams count against the server's limit, and that limit.
        self.open_count: int = 0
        self.limit: int = _ASSUMED_LIMIT
        #: Whether the server has said how many streams it allows, or has said so on an earlier connection.
        self.limit_known: bool = False
        #: Streams that have something new.
        self.touched: dict[Stream, None] = {}
        #: Whether a stream on this connection has carried a response.
        self.any_response: bool = False
        self.next_id: int = 1
        # Streams that were reset here, and how many bytes the server may still send on each.
        self._abandoned: dict[int, int] = {}
        self._send_window = DEFAULT_WINDOW

    def add(self, stream: Stream) -> None:
        """Add a stream that is opened now, and count it."""
        self.by_id[stream.id] = stream
        stream.reused = self.any_response
        stream.send_window = self._send_window
        stream.is_open = True
        self.open_count += 1

    def close(self, stream: Stream) -> None:
        """Stop counting a stream, which has ended on both sides or was reset. Repeating this changes nothing."""
        if stream.is_open:
            stream.is_open = False
            self.open_count -= 1

    def abandon(self, stream: Stream) -> None:
        """Remember that the server may still send what its window allows on a stream that we have reset."""
        self._abandoned[stream.id] = max(0, stream.receive_window)
        if len(self._abandoned) > MAX_ABANDONED:
            del self._abandoned[next(iter(self._abandoned))]

    def find(self, frame_type: int, stream_id: int) -> Stream | None:
        """Return the stream of a frame, or `None` if it is finished. Raises `ConnectionFault`.

        A stream on which the server has ended its side takes no more of a response (RFC 9113 section 5.1). But frames
        that were on their way when the stream was reset here are allowed.
        """
        stream = self.by_id.get(stream_id)
        if stream is not None:
            self.touched[stream] = None
            ended = stream.remote_end
        elif stream_id % 2 == 0 or stream_id >= self.next_id:
            raise ConnectionFault(f"Received a frame of type {frame_type} on stream {stream_id}, which is not open")
        else:
            ended = stream_id not in self._abandoned and len(self._abandoned) < MAX_ABANDONED
        if ended and frame_type in _RESPONSE_FRAMES:
            raise ConnectionFault(f"Received a frame of stream {stream_id} after its end", Code.STREAM_CLOSED)
        return stream

    def receive_late_data(self, stream_id: int, size: int) -> None:
        """Take data of a stream that is finished. Raises `ConnectionFault` if it exceeds the stream's window.

        The server gets no more credit for the stream, so this comes to an end.
        """
        left = self._abandoned.get(stream_id)
        if left is not None:
            self._abandoned[stream_id] = left - size
            if size > left:
                raise ConnectionFault("Received more data than the stream's window allows", Code.FLOW_CONTROL_ERROR)

    def set_send_window(self, size: int) -> None:
        """Apply the server's initial window, which changes those of all streams. Raises `ConnectionFault`."""
        for stream in self.by_id.values():
            # The result may be negative (RFC 9113 section 6.9.2).
            stream.send_window += size - self._send_window
            if stream.send_window > MAX_WINDOW and stream.is_open:
                raise ConnectionFault("Received settings that make a window too large", Code.FLOW_CONTROL_ERROR)
        self._send_window = size

    def touch_all(self) -> None:
        """Note that all streams have something new."""
        self.touched.update(dict.fromkeys(self.by_id.values()))

    def cut_off(self, stream: Stream, failure: Failure) -> None:
        """End a stream with `failure`, unless its response is complete."""
        if stream.remote_end and not stream.is_open:
            return
        self.touched[stream] = None
        stream.was_reset = stream.was_reset or stream.is_open
        self.close(stream)
        if not stream.remote_end:
            stream.failure = stream.failure or failure


# CONTINUATION frames are looked up as the HEADERS frame that they continue.
_RESPONSE_FRAMES = (DATA, HEADERS)
