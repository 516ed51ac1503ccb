"""What both directions of a connection share: its state, its streams, and the bytes that are to be sent."""

from collections.abc import Iterable

from h2.config import H2Configuration
from httpcore_models import ConnectionNotAvailable
from httpcore_models.lowlevel import Retryable, mark_retryable
from httpcore_models.multiplexing import Failure, MessageEngine

from . import _frames as frames
from ._control import Code, Control
from ._flow import (
    AHEAD,
    BULK_HOPES,
    CREDIT_PART,
    DEFAULT_WINDOW,
    DISTANT,
    FIRST_CREDIT,
    GROWTH_FACTOR,
    MAX_STREAM_WINDOW,
    RUN_AHEAD,
    STREAM_WINDOW,
    TOTAL_GROWTH,
)
from ._frames import build_frame
from ._hpack import FieldEncoder
from ._stream import Stream
from ._stream_table import StreamTable

#: Why a connection takes no further request that has carried too many.
USED_UP = "All stream identifiers of the connection are used up"


class ConnectionState(MessageEngine):
    """The state of a connection, and how it ends."""

    expected_reasons: tuple[str, ...] = (*MessageEngine.expected_reasons, USED_UP)

    def __init__(self, config: H2Configuration) -> None:
        super().__init__()
        self.control: Control = Control(config)
        self.encoder: FieldEncoder = FieldEncoder(self.control.encoder)
        self.streams: StreamTable = StreamTable()
        #: The GOAWAY frame that was received: its code, last stream identifier and additional data.
        self.goaway: tuple[int, int, bytes] | None = None
        #: How many bytes may be sent on all streams together, and in one frame.
        self.send_window: int = DEFAULT_WINDOW
        self.max_frame_size: int = 16384
        #: What `bytes_to_send()` returns, in parts; always the same list.
        self.outgoing: list[bytes | memoryview] = []
        #: How many of these are answers to SETTINGS and PING.
        self.unsent_answers: int = 0
        self.settings_received: bool = False
        #: The streams whose windows have grown.
        self.grown: set[Stream] = set()
        #: Whether the window of the next stream is enlarged at once. See `grow_ahead()`.
        self.expects_bulk: bool = False
        #: After how many small responses more the window of the next stream is still enlarged.
        self.bulk_hopes: int = 0
        # When the round trip began by which this is measured, in seconds.
        self._started_at: float | None = None

    def not_available(self) -> ConnectionNotAvailable:
        """Return the exception for a request that the connection cannot take."""
        exc = ConnectionNotAvailable(self.reason)
        if self.goaway is not None and self.goaway[1]:
            mark_retryable(exc, Retryable.AFTER_SHUTDOWN)
        return exc

    def has_opened(self, stream: Stream) -> bool:
        """See `MessageEngine`."""
        return self.streams.by_id.get(stream.id) is stream

    def open_streams(self) -> Iterable[Stream]:
        """See `MessageEngine`."""
        return self.streams.by_id.values()

    def cut_off(self, stream: Stream, failure: Failure) -> None:
        """See `MessageEngine`."""
        self.streams.cut_off(stream, failure)

    def reset(self, stream: Stream, code: int) -> None:
        """End a stream by RST_STREAM."""
        if self.failure is None:
            self.outgoing.append(build_frame(frames.RST_STREAM, 0, stream.id, code.to_bytes(4, "big")))
        stream.was_reset = True
        self.streams.close(stream)
        if not stream.remote_end:
            self.streams.abandon(stream)

    def give_credit(self, stream: Stream, size: int) -> None:
        """Return credit for `size` bytes of the stream that its consumer has read. This is done in batches.

        The window grows if little is left unread.
        """
        stream.consumed += size
        if stream.consumed >= stream.credit_due:
            self._return_credit(stream, may_grow=True)

    def skip_padding(self, stream: Stream, size: int) -> None:
        """Return credit for `size` bytes of the stream that nobody has to read. This is done in batches."""
        stream.consumed += size
        if stream.consumed >= stream.credit_due:
            self._return_credit(stream, may_grow=False)

    def _return_credit(self, stream: Stream, may_grow: bool) -> None:
        missing = stream.missing_credit()
        if not missing or not stream.is_open or stream.remote_end or self.failure is not None:
            return
        consumed, stream.consumed = stream.consumed, 0
        unread = stream.window - stream.receive_window - consumed
        growth = 0
        if may_grow and unread <= stream.window // CREDIT_PART:
            wanted = min(stream.window * GROWTH_FACTOR, MAX_STREAM_WINDOW) - stream.window
            # No stream grows by more than what is left for all others.
            share = (self._growth_left() - (stream.window - STREAM_WINDOW)) // 2
            growth = self._grow(stream, min(wanted, missing - consumed, share))
        stream.credit_due = FIRST_CREDIT if growth else stream.window // CREDIT_PART
        stream.receive_window += consumed
        self.send_window_update(stream.id, consumed + growth)

    def let_run_ahead(self, stream: Stream) -> None:
        """Enlarge the window of a stream whose request is still being sent while its response waits to be read."""
        growth = self._grow(stream, min(RUN_AHEAD - stream.window, self._growth_left()))
        if growth:
            self.send_window_update(stream.id, growth)

    def measure_from(self, now: float) -> None:
        """Measure the round trip until `settings_acknowledged()`; it may be long until then. `now` is in seconds."""
        self._started_at = now
        self.expects_bulk = True

    def settings_acknowledged(self, now: float) -> None:
        """Note at the time `now`, in seconds, that the server has received the settings."""
        if self._started_at is not None:
            self.bulk_hopes = BULK_HOPES if now - self._started_at >= DISTANT else 0
            self.expects_bulk = self.bulk_hopes > 0
            self._started_at = None

    def grow_ahead(self, stream: Stream) -> None:
        """Enlarge the window of a new stream, because its response may be large or the path long.

        This takes no further write. No other window is large: one stream at a time gets it.
        """
        growth = self._grow(stream, AHEAD - stream.window)
        self.send_window_update(stream.id, growth)

    def _grow(self, stream: Stream, size: int) -> int:
        """Enlarge the window of a stream by `size` bytes, unless that is not worth it; return by how much."""
        if size < FIRST_CREDIT:
            return 0
        self.grown.add(stream)
        stream.window += size
        stream.receive_window += size
        return size

    def _growth_left(self) -> int:
        # Added up when needed, which is rare: a count could be wrong after an interrupted step.
        return TOTAL_GROWTH - sum(stream.window - STREAM_WINDOW for stream in self.grown)

    def release_growth(self, stream: Stream) -> None:
        """Let other streams grow instead of one that has grown, and is finished."""
        self.grown.discard(stream)
        for other in self.streams.by_id.values():
            if other.should_run_ahead():
                self.let_run_ahead(other)

    def send_window_update(self, stream_id: int, size: int) -> None:
        """Send WINDOW_UPDATE for a stream, or with 0 for the connection."""
        self.outgoing.append(build_frame(frames.WINDOW_UPDATE, 0, stream_id, size.to_bytes(4, "big")))

    def send_goaway(self, code: Code | int) -> None:
        """Tell the server that the connection ends."""
        self.outgoing.append(self.control.goaway(code))

    def bytes_to_send(self) -> bytes:
        """Return what has to be sent, in this order, before anything that comes later."""
        data = b"".join(self.outgoing)
        self.outgoing.clear()
        self.unsent_answers = 0
        return data
