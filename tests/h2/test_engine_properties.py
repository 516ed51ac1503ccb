"""Properties for any input, cut in any way: only the documented exceptions, exact counts, bounded memory."""

from typing import Any

import pytest
from httpcore_h2._engine import Engine
from httpcore_h2._events import END_OF_STREAM, NEED_DATA, Event
from httpcore_h2._flow import CONNECTION_WINDOW
from httpcore_h2._stream import Stream
from httpcore_models import ReadError, RemoteProtocolError
from httpcore_test_support import h2_frames as frames
from httpcore_test_support.exchanges import cut_at
from httpcore_test_support.h2_dialogue import Dialogue
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

STREAM_ID = st.sampled_from([0, 1, 1, 1, 2, 3, 3, 3, 5, 7, 9, 11, 2**31 - 1])
FIELD = st.sampled_from(
    [
        (b"content-length", b"5"),
        (b"content-length", b"x"),
        (b"connection", b"close"),
        (b"X-Upper", b"1"),
        (b"x", b"a\r\nb"),
        (b":path", b"/"),
        (b"server", b"a"),
        (b"cookie", b"b" * 100),
    ]
)
STATUS = st.sampled_from([200, 200, 100, 103, 204, 304, 413, b"20", None, None])
LEGAL_FIELD = st.sampled_from([(b"server", b"a"), (b"set-cookie", b"a=1"), (b"x", b"y" * 300)])
BODY = st.sampled_from([b"", b"a", b"hello", b"x" * 1000])
PADDING = st.none() | st.integers(0, 255)
INCREMENT = st.sampled_from([0, 1, 1000, 2**30, 2**31 - 1])
SETTING = st.dictionaries(st.integers(0, 9), st.sampled_from([0, 1, 100, 16384, 2**20, 2**31 - 1, 2**31]), max_size=3)
CODE = st.sampled_from([0, 1, 7, 8, 999])

ANY_FRAME = st.one_of(
    st.builds(
        lambda stream, status, fields, end, complete, padding: frames.headers(
            stream, status, *fields, end_stream=end, end_headers=complete, padding=padding
        ),
        STREAM_ID.filter(bool),
        STATUS,
        st.lists(FIELD, max_size=2),
        st.booleans(),
        st.sampled_from([True, True, True, False]),
        PADDING,
    ),
    st.builds(frames.data, STREAM_ID.filter(bool), BODY, st.booleans(), PADDING),
    st.builds(lambda stream, code: frames.frame(3, 0, stream, code.to_bytes(4, "big")), STREAM_ID, CODE),
    st.builds(frames.window_update, STREAM_ID, INCREMENT),
    st.builds(frames.settings, SETTING),
    st.builds(frames.goaway, STREAM_ID, CODE, BODY),
    st.builds(frames.continuation, STREAM_ID.filter(bool), st.just(frames.block([(b"x", b"y")])), st.booleans()),
    st.sampled_from([frames.settings_ack(), frames.ping(), frames.ping(ack=True), frames.priority(1), frames.altsvc()]),
    st.builds(frames.push_promise, st.just(1), st.just(2)),
    st.builds(frames.frame, st.integers(0, 11), st.integers(0, 255), STREAM_ID, st.binary(max_size=30)),
    st.binary(max_size=30),
)


def read(engine: Engine, stream: Stream) -> list[Event]:
    """Read what has arrived; only protocol and network errors are raised."""
    found: list[Event] = []
    for _ in range(10_000):
        try:
            event = engine.next_event(stream)
        except (RemoteProtocolError, ReadError):
            assert stream.has_event()
            return found
        if event is NEED_DATA:
            return found
        found.append(event)
        if event is END_OF_STREAM:
            return found
    pytest.fail("the engine goes round in circles")


def check_counts(engine: Engine, streams: list[Stream]) -> None:
    """`streams` are all streams that were opened and not finished."""
    assert engine.streams.open_count == sum(stream.is_open for stream in streams)
    assert set(engine.streams.by_id.values()) == set(streams)
    if engine.failure is not None:
        assert engine.streams.open_count == 0 or all(stream.remote_end for stream in streams if stream.is_open)
        assert not engine.can_open
    assert 0 <= engine._handlers._window <= CONNECTION_WINDOW or engine.failure is not None
    for stream in streams:
        unread = sum(len(event) for event in stream.events if isinstance(event, (bytes, bytearray)))
        assert stream.receive_window + unread <= stream.window


@settings(database=None)
@given(st.lists(ANY_FRAME, max_size=12), st.sets(st.integers(0, 2000), max_size=8), st.booleans())
def test_arbitrary_frames_raise_only_documented_errors(parts: list[bytes], cuts: set[int], orderly: bool) -> None:
    talk = Dialogue(first=b"")
    streams = [talk.request(), talk.upload(), talk.request(b"HEAD")]
    wire = (frames.settings() if orderly else b"") + b"".join(parts)
    for piece in cut_at(wire, {min(cut, len(wire)) for cut in cuts}):
        talk.receive(piece)
        for stream in streams:
            read(talk.engine, stream)
            talk.send(stream, b"part") if stream.wants_body() else None
        check_counts(talk.engine, streams)
        talk.engine.bytes_to_send()
    talk.disconnect()
    for stream in streams:
        read(talk.engine, stream)
        assert stream.remote_end or stream.failure is not None
        talk.engine.finish(stream)
    check_counts(talk.engine, [stream for stream in streams if stream.id in talk.engine.streams.by_id])


@settings(database=None)
@given(st.lists(ANY_FRAME, max_size=10), st.sets(st.integers(0, 2000), max_size=8))
def test_cutting_the_input_differently_changes_nothing(parts: list[bytes], cuts: set[int]) -> None:
    wire = frames.settings() + b"".join(parts)

    def outcome(pieces: list[bytes]) -> Any:
        talk = Dialogue(first=b"")
        streams = [talk.request(), talk.upload(), talk.request(b"HEAD")]
        talk.engine.bytes_to_send()
        for piece in pieces:
            talk.receive(piece)
        seen = [(read(talk.engine, stream), stream.failure, stream.remote_end) for stream in streams]
        changes = [change.changed_settings for change in talk.settings]
        has_failed = talk.engine.failure is not None
        return seen, changes, talk.engine.bytes_to_send(), talk.engine.streams.open_count, has_failed

    assert outcome(cut_at(wire, {min(cut, len(wire)) for cut in cuts})) == outcome([wire])


class Conversation(RuleBasedStateMachine):
    """A correct server, and a client that opens, sends, reads and abandons requests in any order.

    The server reads what the client sends: so its view of the streams is compared with that of the engine, and it
    never sends what it may not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.talk = Dialogue(first=b"")
        self.engine = self.talk.engine
        self.streams: list[Stream] = []
        # The server's view: streams that the client has not ended, that it has not ended itself, and its windows.
        self.client_open: set[int] = set()
        self.server_open: dict[int, bool] = {}
        self.limit: int | None = 100
        self.initial_window = 65535
        self.windows = {0: 65535}
        self.last_id = 2**31 - 1

    @initialize(limit=st.none() | st.integers(0, 4))
    def begin(self, limit: int | None) -> None:
        self.limit = limit
        self.talk.receive(frames.settings({} if limit is None else {3: limit}))

    def exchange(self) -> None:
        """Let the server read what was sent."""
        for frame in self.talk.sent():
            name, stream_id = type(frame).__name__, frame.stream_id
            if name == "HeadersFrame":
                self.talk.client.fields(frame)
                self.windows[stream_id] = self.initial_window
                self.server_open[stream_id] = False
                self.client_open.add(stream_id)
            if name == "DataFrame":
                assert stream_id in self.client_open
                self.windows[0] -= len(frame.data)
                self.windows[stream_id] -= len(frame.data)
                assert not frame.data or min(self.windows[0], self.windows[stream_id]) >= 0
            if name == "RstStreamFrame" or "END_STREAM" in frame.flags:
                self.client_open.discard(stream_id)
            if name == "RstStreamFrame":
                self.server_open.pop(stream_id, None)

    @precondition(lambda self: self.engine.can_open)
    @rule(upload=st.booleans())
    def open(self, upload: bool) -> None:
        self.streams.append(self.talk.upload() if upload else self.talk.request())
        self.exchange()

    @precondition(lambda self: self.streams)
    @rule(data=st.data(), size=st.integers(0, 40_000))
    def send(self, data: st.DataObject, size: int) -> None:
        stream = data.draw(st.sampled_from(self.streams))
        if stream.wants_body():
            credit = self.talk.credit(stream)
            assert self.talk.send(stream, bytes(size)) == min(size, credit)
        self.exchange()

    @precondition(lambda self: self.streams)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        self.engine.end_request(data.draw(st.sampled_from(self.streams)))
        self.exchange()

    @precondition(lambda self: self.streams)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        stream = data.draw(st.sampled_from(self.streams))
        read(self.engine, stream)
        self.engine.finish(stream)
        self.streams.remove(stream)
        self.exchange()

    @precondition(lambda self: self.server_open)
    @rule(data=st.data(), size=st.integers(0, 60_000), end=st.booleans())
    def answer(self, data: st.DataObject, size: int, end: bool) -> None:
        stream_id = data.draw(st.sampled_from(sorted(self.server_open)))
        head = b"" if self.server_open[stream_id] else frames.headers(stream_id)
        self.server_open[stream_id] = True
        self.talk.receive(head, frames.data(stream_id, bytes(size), end))
        if end:
            del self.server_open[stream_id]
        for stream in self.streams:
            if stream.id == stream_id:
                read(self.engine, stream)
        self.exchange()

    @precondition(lambda self: self.server_open)
    @rule(data=st.data(), code=CODE)
    def reset(self, data: st.DataObject, code: int) -> None:
        stream_id = data.draw(st.sampled_from(sorted(self.server_open)))
        self.talk.receive(frames.rst_stream(stream_id, code))
        self.server_open.pop(stream_id)
        self.client_open.discard(stream_id)
        self.exchange()

    @rule(data=st.data(), increment=st.integers(1, 50_000))
    def grant(self, data: st.DataObject, increment: int) -> None:
        stream_id = data.draw(st.sampled_from([0, *sorted(self.windows)]))
        self.windows[stream_id] += increment
        self.talk.receive(frames.window_update(stream_id, increment))
        self.exchange()

    @rule(limit=st.integers(0, 4), window=st.integers(0, 100_000))
    def configure(self, limit: int, window: int) -> None:
        self.talk.receive(frames.settings({3: limit, 4: window}))
        for stream_id in self.windows.keys() - {0}:
            self.windows[stream_id] += window - self.initial_window
        self.limit, self.initial_window = limit, window
        self.exchange()

    @precondition(lambda self: self.last_id == 2**31 - 1 and self.windows)
    @rule(data=st.data())
    def go_away(self, data: st.DataObject) -> None:
        self.last_id = data.draw(st.sampled_from(sorted(self.windows)))
        self.talk.receive(frames.goaway(self.last_id))
        for stream_id in [each for each in self.server_open if each > self.last_id]:
            del self.server_open[stream_id]
        self.exchange()

    @invariant()
    def both_sides_agree(self) -> None:
        assert self.engine.failure is None
        check_counts(self.engine, self.streams)
        given_up = self.engine.streams.open_count
        assert given_up == len({stream.id for stream in self.streams if stream.is_open})
        if self.last_id == 2**31 - 1:
            assert self.engine.streams.open_count == len(self.client_open | set(self.server_open))
            assert self.engine.can_open == (self.limit is None or self.engine.streams.open_count < self.limit)
        else:
            assert not self.engine.can_open
        for stream in self.streams:
            if stream.wants_body():
                assert self.talk.credit(stream) == max(0, min(self.windows[0], self.windows[stream.id]))


TestConversation = Conversation.TestCase
TestConversation.settings = settings(database=None, stateful_step_count=40)
