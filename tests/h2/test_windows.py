"""Windows of streams: they start small, grow while their consumers keep up, and together stay within bounds."""

import pytest
from httpcore_h2._events import END_OF_STREAM, NEED_DATA
from httpcore_h2._flow import (
    AHEAD,
    BULK_HOPES,
    DISTANT,
    FIRST_CREDIT,
    MAX_STREAM_WINDOW,
    RUN_AHEAD,
    STREAM_WINDOW,
    TOTAL_GROWTH,
)
from httpcore_h2._stream import Stream
from httpcore_models import RemoteProtocolError
from httpcore_test_support import h2_frames as frames
from httpcore_test_support.h2_dialogue import Dialogue, Field
from httpcore_test_support.h2_frames import window_updates
from hypothesis import given, settings
from hypothesis import strategies as st

_FRAME = 2**16
_MIB = 2**20


class Server(Dialogue):
    """A server that sends as much as it may, and counts. `updates` counts the WINDOW_UPDATE frames for streams."""

    def __init__(self, at: float | None = None) -> None:
        """`at` is the time when the connection begins, if the client measures the round trip."""
        super().__init__(started_at=at)
        self.windows: dict[int, int] = {}
        self.connection_window = 65535 + window_updates(self.preface).get(0, 0)
        self.updates = 0

    def get(self, *fields: Field) -> Stream:
        """Let the client send a GET request, and the server begin its answer with `fields`."""
        return self._answered(self.request(), *fields)

    def post(self) -> Stream:
        """Let the client begin a POST request, and the server begin its answer."""
        return self._answered(self.upload())

    def connect(self) -> Stream:
        """Open a tunnel."""
        return self._answered(self.request(b"CONNECT"))

    def _answered(self, stream: Stream, *fields: Field) -> Stream:
        self.windows.setdefault(stream.id, STREAM_WINDOW)
        self.receive(frames.headers(stream.id, 200, *fields))
        self.engine.next_event(stream)
        return stream

    def allowed(self, stream: Stream) -> int:
        """Return how many bytes the server may send on a stream now."""
        sent = self.sent()
        for stream_id, size in window_updates(sent).items():
            if stream_id:
                self.windows[stream_id] = self.windows.get(stream_id, STREAM_WINDOW) + size
            else:
                self.connection_window += size
        self.updates += len([each for each in sent if type(each).__name__ == "WindowUpdateFrame" and each.stream_id])
        assert self.windows[stream.id] == stream.receive_window
        assert self.connection_window > MAX_STREAM_WINDOW
        return self.windows[stream.id]

    def fill(self, stream: Stream, size: int | None = None) -> int:
        """Send `size` bytes, by default as much as is allowed now; return how much that was."""
        size = self.allowed(stream) if size is None else size
        whole = frames.data(stream.id, bytes(_FRAME))
        for _ in range(size // _FRAME):
            self.receive(whole)
        if size % _FRAME:
            self.receive(frames.data(stream.id, bytes(size % _FRAME)))
        self.windows[stream.id] -= size
        self.connection_window -= size
        assert stream.failure is None
        return size

    def read(self, stream: Stream, size: int | None = None) -> int:
        """Let the client read at least `size` bytes, by default everything that has arrived; return how many."""
        count = 0
        while size is None or count < size:
            event = self.engine.next_event(stream)
            if event is NEED_DATA or event is END_OF_STREAM:
                break
            assert isinstance(event, bytes)
            count += len(event)
        return count

    def round_trips(self, stream: Stream, number: int) -> list[int]:
        """Return how much the server sends in each of several round trips to a client that reads everything."""
        sent = []
        for _ in range(number):
            sent.append(self.fill(stream))
            assert self.read(stream) == sent[-1]
        return sent

    def unread(self, stream: Stream) -> int:
        return sum(len(event) for event in stream.events if isinstance(event, (bytes, bytearray)))


# Growth.


@pytest.mark.field(54)
def test_the_window_of_a_reader_that_keeps_up_grows_within_two_round_trips() -> None:
    talk = Server()
    first, second, *others = talk.round_trips(talk.get(), 8)
    assert first == STREAM_WINDOW
    assert second >= 8 * _MIB
    assert all(MAX_STREAM_WINDOW * 3 // 4 <= each <= MAX_STREAM_WINDOW for each in others)
    assert talk.updates <= 8 * 4


def test_the_window_grows_although_the_reader_is_some_reads_behind() -> None:
    talk = Server()
    stream = talk.get()
    talk.fill(stream, FIRST_CREDIT)
    while talk.allowed(stream) < 16 * _MIB:
        talk.fill(stream, _FRAME)
        assert talk.read(stream, _FRAME) == _FRAME
        assert talk.unread(stream) == FIRST_CREDIT
    assert stream.received < 2 * STREAM_WINDOW


def test_the_window_of_a_slow_reader_does_not_grow() -> None:
    talk = Server()
    stream = talk.get()
    talk.fill(stream)
    for _ in range(100):
        talk.read(stream, _FRAME)
        talk.fill(stream)
        assert talk.unread(stream) <= STREAM_WINDOW
    assert stream.window == STREAM_WINDOW
    assert talk.updates >= 40


def test_padding_does_not_make_a_window_grow() -> None:
    talk = Server()
    stream = talk.get()
    for _ in range(4 * STREAM_WINDOW // 256):
        talk.receive(frames.data(1, b"", padding=255))
    assert talk.engine.next_event(stream) is NEED_DATA
    assert stream.window == STREAM_WINDOW
    assert 0 <= STREAM_WINDOW - stream.receive_window < FIRST_CREDIT


def test_a_small_response_causes_no_window_update() -> None:
    talk = Server()
    stream = talk.get()
    talk.fill(stream, FIRST_CREDIT - 1)
    assert talk.read(stream) == FIRST_CREDIT - 1
    assert window_updates(talk.sent()) == {}


@pytest.mark.parametrize("excess", [0, 1])
def test_a_response_of_known_length_gets_only_the_credit_that_it_needs(excess: int) -> None:
    talk = Server()
    stream = talk.get((b"content-length", b"%d" % (STREAM_WINDOW + excess)))
    talk.fill(stream)
    talk.read(stream)
    assert talk.allowed(stream) == excess * FIRST_CREDIT
    assert stream.window == STREAM_WINDOW


def test_a_window_grows_no_further_than_a_known_length() -> None:
    talk = Server()
    stream = talk.get((b"content-length", b"%d" % (4 * _MIB)))
    talk.fill(stream)
    talk.read(stream)
    assert 4 * _MIB - STREAM_WINDOW <= talk.allowed(stream) <= 4 * _MIB


def test_padding_does_not_use_up_the_credit_of_a_response_of_known_length() -> None:
    talk = Server()
    length = STREAM_WINDOW + 1000
    stream = talk.get((b"content-length", b"%d" % length))
    sent = 0
    while sent < length:
        part = min(1000, length - sent)
        assert part + 256 <= stream.receive_window
        talk.receive(frames.data(1, bytes(part), padding=255))
        assert talk.read(stream) == part
        sent += part
    assert stream.received == length


# Bounds.


@pytest.mark.field(54)
def test_a_hundred_unread_responses_take_less_than_a_hundred_mebibytes() -> None:
    talk = Server()
    streams = [talk.get() for _ in range(100)]
    assert sum(talk.fill(stream) for stream in streams) == 100 * STREAM_WINDOW < 60 * _MIB
    assert sum(talk.fill(stream) for stream in streams) == 0


def test_what_readers_that_stall_can_hold_is_bounded() -> None:
    """However much they read first. Each growth leaves something for others."""
    talk = Server()
    streams = [talk.get() for _ in range(100)]
    for stream in streams[:50]:
        talk.round_trips(stream, 3)
    for stream in streams:
        talk.fill(stream)
    assert sum(map(talk.unread, streams)) <= 100 * STREAM_WINDOW + TOTAL_GROWTH
    assert [stream.window >= _MIB for stream in streams[:5]] == [True] * 5
    assert streams[0].window == MAX_STREAM_WINDOW


def test_a_stream_that_ends_lets_others_grow() -> None:
    talk = Server()
    greedy = [talk.get() for _ in range(20)]
    for stream in greedy:
        talk.round_trips(stream, 3)
    late = talk.get()
    assert max(talk.round_trips(late, 3)) < _MIB
    for stream in greedy:
        talk.engine.finish(stream)
    assert max(talk.round_trips(late, 3)) >= 16 * _MIB


def test_a_server_that_exceeds_a_grown_window_ends_the_stream() -> None:
    talk = Server()
    stream = talk.get()
    talk.round_trips(stream, 3)
    talk.fill(stream)
    talk.receive(frames.data(1, b"x"))
    with pytest.raises(RemoteProtocolError):
        talk.read(stream)
    assert str(talk.failure(stream)) == "Received more data than the stream's window allows"
    assert [frame.error_code for frame in talk.sent() if type(frame).__name__ == "RstStreamFrame"] == [3]


@pytest.mark.parametrize("excess", [0, 1])
def test_a_grown_window_bounds_what_comes_after_a_reset(excess: int) -> None:
    talk = Server()
    stream = talk.get()
    talk.round_trips(stream, 3)
    size = talk.allowed(stream)
    talk.engine.finish(stream)
    talk.receive(*[frames.data(1, bytes(_FRAME))] * (size // _FRAME), frames.data(1, bytes(size % _FRAME + excess)))
    assert (talk.engine.failure is not None) is bool(excess)


# The next response is likely to be as large as the last one.


def test_after_a_large_response_the_next_one_starts_with_a_large_window() -> None:
    talk = Server()
    talk.round_trips(stream := talk.get(), 3)
    talk.engine.finish(stream)
    windows = [talk.allowed(talk.get()) for _ in range(3)]
    assert windows == [AHEAD, STREAM_WINDOW, STREAM_WINDOW]


def test_a_window_that_is_large_from_the_start_grows_further_at_once() -> None:
    talk = Server()
    talk.round_trips(large := talk.get(), 3)
    talk.engine.finish(large)
    next_one = talk.get()
    assert talk.allowed(next_one) == AHEAD
    talk.fill(next_one, FIRST_CREDIT)
    talk.read(next_one)
    assert talk.allowed(next_one) == MAX_STREAM_WINDOW
    talk.fill(next_one, FIRST_CREDIT)
    talk.windows[next_one.id] += FIRST_CREDIT
    talk.read(next_one)
    assert window_updates(talk.sent()) == {next_one.id: FIRST_CREDIT}
    talk.fill(next_one, MAX_STREAM_WINDOW // 4 - 1)
    talk.read(next_one)
    assert window_updates(talk.sent()) == {}


def test_after_a_small_response_windows_start_small_again() -> None:
    talk = Server()
    talk.round_trips(large := talk.get(), 3)
    talk.engine.finish(large)
    talk.engine.finish(talk.get())
    assert talk.allowed(talk.get()) == STREAM_WINDOW


# What the length of the path tells.


def test_the_first_response_of_a_connection_starts_with_a_large_window() -> None:
    talk = Server(at=0.0)
    windows = [talk.allowed(talk.get()) for _ in range(3)]
    assert windows == [AHEAD, STREAM_WINDOW, STREAM_WINDOW]


@pytest.mark.parametrize(("round_trip", "window"), [(DISTANT, AHEAD), (DISTANT * 0.9, STREAM_WINDOW)])
@pytest.mark.parametrize("late", [False, True])
def test_over_a_long_path_one_response_at_a_time_starts_with_a_large_window(
    round_trip: float, window: int, late: bool
) -> None:
    talk = Server(at=0.0)
    first = talk.get()
    talk.now = round_trip
    talk.receive(frames.settings_ack())
    if late:
        # Only the first acknowledgement counts.
        talk.now = 1.0
        talk.receive(frames.settings_ack())
    assert talk.allowed(talk.get()) == STREAM_WINDOW
    talk.engine.finish(first)
    assert [talk.allowed(talk.get()) for _ in range(2)] == [window, STREAM_WINDOW]


def test_after_some_small_responses_a_long_path_counts_no_more() -> None:
    talk = Server(at=0.0)
    first = talk.get()
    talk.now = DISTANT
    talk.receive(frames.settings_ack())
    talk.engine.finish(first)
    windows = []
    for _ in range(BULK_HOPES + 1):
        windows.append(talk.allowed(stream := talk.get()))
        talk.engine.finish(stream)
    assert windows == [*[AHEAD] * BULK_HOPES, STREAM_WINDOW]


def test_a_hundred_unread_responses_over_a_long_path_take_less_than_a_hundred_mebibytes() -> None:
    talk = Server(at=0.0)
    talk.now = 0.1
    talk.receive(frames.settings_ack())
    streams = [talk.get() for _ in range(100)]
    assert sum(talk.fill(stream) for stream in streams) == 99 * STREAM_WINDOW + AHEAD < 90 * _MIB
    assert sum(talk.fill(stream) for stream in streams) == 0


# Servers that answer while they receive.


def test_a_response_may_run_ahead_of_a_request_that_is_being_sent() -> None:
    talk = Server()
    stream = talk.post()
    total = 0
    while size := talk.fill(stream, min(_FRAME, talk.allowed(stream))):
        total += size
    assert total == RUN_AHEAD
    assert talk.updates == 1
    talk.engine.end_request(stream)
    assert talk.read(stream) == total
    assert talk.allowed(stream) >= RUN_AHEAD


def test_a_response_to_a_request_that_is_complete_does_not_run_ahead() -> None:
    talk = Server()
    stream = talk.post()
    talk.fill(stream, STREAM_WINDOW - FIRST_CREDIT)
    assert window_updates(talk.sent()) == {}
    talk.engine.end_request(stream)
    talk.fill(stream)
    assert talk.allowed(stream) == 0


def test_a_tunnel_does_not_run_ahead() -> None:
    talk = Server()
    stream = talk.connect()
    talk.fill(stream)
    assert talk.allowed(stream) == 0


def test_a_response_runs_ahead_as_soon_as_other_streams_let_it() -> None:
    talk = Server()
    uploads = [talk.post() for _ in range(9)]
    total = 0
    for stream in uploads:
        while size := talk.fill(stream):
            total += size
    assert total <= 9 * STREAM_WINDOW + TOTAL_GROWTH
    assert uploads[8].window < RUN_AHEAD
    talk.engine.finish(uploads[0])
    assert talk.allowed(uploads[8]) > 0
    assert uploads[8].window == RUN_AHEAD


# Anything at all.


@settings(database=None, max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("GPFfrRe"), st.integers(0, 9), st.integers(1, 2**21)), max_size=30))
def test_both_sides_agree_on_every_window(steps: list[tuple[str, int, int]]) -> None:
    talk = Server()
    streams: list[Stream] = [talk.get()]
    for step, index, size in steps:
        if step in "GP":
            streams.append(talk.post() if step == "P" else talk.get())
            continue
        stream = streams[index % len(streams)]
        if step == "F":
            talk.fill(stream)
        elif step == "f":
            talk.fill(stream, min(size, talk.allowed(stream)))
        elif step in "rR":
            talk.read(stream, size if step == "r" else None)
        elif len(streams) > 1:
            streams.remove(stream)
            talk.engine.finish(stream)
        for each in streams:
            talk.allowed(each)
            assert each.window == each.receive_window + talk.unread(each) + each.consumed
            assert STREAM_WINDOW <= each.window <= MAX_STREAM_WINDOW
        assert sum(each.window - STREAM_WINDOW for each in streams) <= TOTAL_GROWTH
