"""The engine's receiving side: every kind of response, in any pieces, and the credit that reading it returns."""

import pytest
from httpcore_h2._events import END_OF_STREAM, NEED_DATA, Event, InformationalResponse, ResponseHead, Trailers
from httpcore_h2._flow import CONNECTION_CREDIT, CONNECTION_WINDOW, FIRST_CREDIT, STREAM_WINDOW
from httpcore_h2._stream import Stream
from httpcore_test_support import h2_frames as frames
from httpcore_test_support.h2_dialogue import Dialogue, Feeding, every_feeding
from httpcore_test_support.h2_frames import window_updates

LENGTH_5 = (b"content-length", b"5")
END = END_OF_STREAM

# Name: the method of the request, the response on stream 1, and the events that result.
RESPONSES: dict[str, tuple[bytes, bytes, list[Event]]] = {
    "length": (
        b"GET",
        frames.headers(1, 200, LENGTH_5, (b"server", b"a")) + frames.data(1, b"hello", end_stream=True),
        [ResponseHead(200, [LENGTH_5, (b"server", b"a")]), b"hello", END],
    ),
    "no length": (
        b"GET",
        frames.headers(1) + frames.data(1, b"hel") + frames.data(1) + frames.data(1, b"lo") + frames.data(1, b"", True),
        [ResponseHead(200, []), b"hello", END],
    ),
    "no body": (b"GET", frames.headers(1, 404, end_stream=True), [ResponseHead(404, []), END]),
    "length of zero": (
        b"GET",
        frames.headers(1, 200, (b"content-length", b"0"), end_stream=True),
        [ResponseHead(200, [(b"content-length", b"0")]), END],
    ),
    "padding": (
        b"GET",
        frames.headers(1, 200, LENGTH_5, padding=3) + frames.data(1, b"hello", True, padding=255),
        [ResponseHead(200, [LENGTH_5]), b"hello", END],
    ),
    "length of a body that HEAD does not get": (
        b"HEAD",
        frames.headers(1, 200, LENGTH_5, end_stream=True),
        [ResponseHead(200, [LENGTH_5]), END],
    ),
    "304 with a length": (
        b"GET",
        frames.headers(1, 304, LENGTH_5, end_stream=True),
        [ResponseHead(304, [LENGTH_5]), END],
    ),
    "204 with a length": (
        b"GET",
        frames.headers(1, 204, LENGTH_5, end_stream=True),
        [ResponseHead(204, [LENGTH_5]), END],
    ),
    "interim responses": (
        b"GET",
        frames.headers(1, 100) + frames.headers(1, 103, (b"link", b"</a>")) + frames.headers(1, 200, end_stream=True),
        [
            InformationalResponse(100, []),
            InformationalResponse(103, [(b"link", b"</a>")]),
            ResponseHead(200, []),
            END,
        ],
    ),
    "trailers": (
        b"GET",
        frames.headers(1, 200, LENGTH_5)
        + frames.data(1, b"hello")
        + frames.headers(1, None, (b"x-sum", b"1"), end_stream=True),
        [ResponseHead(200, [LENGTH_5]), b"hello", Trailers([(b"x-sum", b"1")]), END],
    ),
    "trailers without a body": (
        b"GET",
        frames.headers(1, 200) + frames.headers(1, None, (b"grpc-status", b"0"), end_stream=True),
        [ResponseHead(200, []), Trailers([(b"grpc-status", b"0")]), END],
    ),
    "continued head": (
        b"GET",
        frames.frame(1, 0, 1, frames.block([(b":status", b"200")]))
        + frames.continuation(1)
        + frames.continuation(1, frames.block([(b"server", b"a")]), end_headers=True)
        + frames.data(1, b"", True),
        [ResponseHead(200, [(b"server", b"a")]), END],
    ),
    "priorities and unknown frames": (
        b"GET",
        frames.altsvc()
        + frames.priority(1)
        + frames.frame(0xBB, 0xFF, 1, b"?")
        + frames.headers(1)
        + frames.priority(7)
        + frames.data(1, b"a", True),
        [ResponseHead(200, []), b"a", END],
    ),
    "fields with a priority": (
        b"GET",
        frames.frame(1, 0x25, 1, bytes(5) + frames.block([(b":status", b"200")])),
        [ResponseHead(200, []), END],
    ),
    "cookies and blanks around values": (
        b"GET",
        frames.headers(1, 200, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"x", b" y\t"), end_stream=True),
        [ResponseHead(200, [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"x", b"y")]), END],
    ),
    "reset without an error after its end": (
        b"GET",
        frames.headers(1, 200, end_stream=True) + frames.rst_stream(1, 0),
        [ResponseHead(200, []), END],
    ),
}


@every_feeding
@pytest.mark.parametrize("name", RESPONSES)
def test_response(feeding: Feeding, name: str) -> None:
    method, wire, events = RESPONSES[name]
    talk = Dialogue(feeding)
    stream = talk.request(method)
    talk.receive(wire)
    assert talk.touched == {1}
    assert talk.events(stream) == events
    assert talk.engine.next_event(stream) is END
    assert (talk.engine.streams.open_count, stream.response_begun) == (0, True)
    talk.sent()
    talk.engine.finish(stream)
    assert talk.sent() == []


def test_parts_of_a_response_are_available_as_they_arrive() -> None:
    talk = Dialogue()
    stream = talk.request()
    for wire, event in ((frames.headers(1), ResponseHead(200, [])), (frames.data(1, b"a"), b"a")):
        talk.receive(wire[:-1])
        assert not stream.has_event()
        assert talk.engine.next_event(stream) is NEED_DATA
        talk.receive(wire[-1:])
        assert talk.engine.next_event(stream) == event


def test_a_frame_that_has_just_begun_is_no_part() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.receive(frames.headers(1), frames.data(1, bytes(9_000), True)[:9])
    assert talk.events(stream) == [ResponseHead(200, [])]


def test_large_parts_that_arrive_together_are_one_event() -> None:
    talk = Dialogue()
    streams = [talk.request(), talk.request()]
    wire = b"".join(frames.headers(stream.id) for stream in streams)
    wire += b"".join(frames.data(number, bytes([number]) * 9_000) for number in (1, 1, 1, 3, 3, 1))
    talk.receive(wire, frames.headers(1, None, (b"x-sum", b"1"), end_stream=True))
    assert [type(event) for event in streams[0].events] == [ResponseHead, bytes, bytes, Trailers]
    assert [len(event) for event in streams[0].events if isinstance(event, bytes)] == [27_000, 9_000]
    assert talk.events(streams[0]) == [ResponseHead(200, []), b"\1" * 36_000, Trailers([(b"x-sum", b"1")]), END]
    assert talk.events(streams[1]) == [ResponseHead(200, []), b"\3" * 18_000]


def test_unread_small_parts_are_gathered() -> None:
    """An object for each part would take far more memory than the window of the stream."""
    talk = Dialogue()
    stream = talk.request()
    content = [b"%05d" % number for number in range(20_000)]
    talk.receive(frames.headers(1), *(frames.data(1, part) for part in content), frames.data(1, bytes(600), True))
    assert len(stream.events) < 20
    assert talk.events(stream) == [ResponseHead(200, []), b"".join(content) + bytes(600), END]


def test_small_parts_are_not_held_back_from_a_reader() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.receive(frames.headers(1))
    assert talk.engine.next_event(stream) == ResponseHead(200, [])
    for part in (b"a", b"bc", b"d"):
        talk.receive(frames.data(1, part))
        event = talk.engine.next_event(stream)
        assert (type(event), event) == (bytes, part)
        assert talk.engine.next_event(stream) is NEED_DATA
    assert stream.received == 4


@every_feeding
def test_interleaved_responses_are_told_apart(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    streams = [talk.request() for _ in range(5)]
    answers = [frames.headers(stream.id, 200 + stream.id) for stream in reversed(streams)]
    bodies = [frames.data(stream.id, b"%d" % stream.id, True) for stream in streams]
    talk.receive(*answers, *bodies)
    assert talk.touched == {stream.id for stream in streams}
    for stream in streams:
        assert talk.events(stream) == [ResponseHead(200 + stream.id, []), b"%d" % stream.id, END]
    assert talk.engine.streams.open_count == 0


def test_a_list_of_fields_belongs_to_one_response() -> None:
    """Equal heads are translated once, but the user may change the list."""
    talk = Dialogue()
    heads = []
    for _ in range(3):
        stream = talk.request()
        talk.receive(frames.frame(1, 5, stream.id, b"\x88\x80"[:1] + b"\x10\x01x\x01y"))
        head = talk.engine.next_event(stream)
        assert isinstance(head, ResponseHead)
        heads.append(head)
        head.headers.append((b"added", b""))
    assert [len(head.headers) for head in heads] == [2, 2, 2]


@pytest.mark.parametrize("status", [200, 299])
def test_a_tunnel_ignores_content_length(status: int) -> None:
    talk = Dialogue()
    stream = talk.request(b"CONNECT")
    talk.receive(frames.headers(1, status, LENGTH_5), frames.data(1, b"0123456789"))
    assert talk.events(stream)[1] == b"0123456789"
    assert talk.send(stream, b"abc") == 3


def test_the_body_of_a_refused_tunnel_has_its_declared_length() -> None:
    talk = Dialogue()
    stream = talk.request(b"CONNECT")
    talk.receive(frames.headers(1, 403, LENGTH_5), frames.data(1, b"0123456789"))
    assert str(talk.failure(stream)) == "InvalidBodyLengthError: Expected 5 bytes, received 10"


def parts(stream_id: int, size: int, padding: int | None = None) -> bytes:
    step = 60_000
    sizes = [step] * (size // step) + [size % step]
    return b"".join(frames.data(stream_id, bytes(each), padding=padding) for each in sizes if each)


def test_reading_a_body_returns_credit_for_its_stream() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.sent()
    talk.receive(frames.headers(1), parts(1, STREAM_WINDOW - 1))
    assert window_updates(talk.sent()) == {}
    returned = 0
    while talk.engine.next_event(stream) is not NEED_DATA:
        returned += window_updates(talk.sent()).get(1, 0)
    assert stream.receive_window == 1 + returned > STREAM_WINDOW


@pytest.mark.field(54)
def test_credit_for_the_connection_is_returned_without_a_reader() -> None:
    """A slow reader of one stream delays no other. The window is never exhausted."""
    talk = Dialogue()
    streams = [talk.request() for _ in range(100)]
    for stream in streams:
        talk.receive(frames.headers(stream.id), parts(stream.id, STREAM_WINDOW))
        assert talk.engine._handlers._window > CONNECTION_WINDOW - CONNECTION_CREDIT
    returned = window_updates(talk.sent())
    assert set(returned) == {0}
    assert returned[0] >= 100 * STREAM_WINDOW - CONNECTION_CREDIT


def test_a_download_larger_than_the_windows_completes() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.receive(frames.headers(1))
    received = 0
    for _ in range(160):
        talk.receive(parts(1, 2**18, padding=9))
        received += sum(len(event) for event in talk.events(stream) if isinstance(event, bytes))
    assert received == 40 * 2**20
    talk.receive(frames.data(1, b"", True))
    assert talk.events(stream) == [END]


def test_padding_is_credited_on_arrival() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.sent()
    talk.receive(frames.headers(1))
    frame = frames.data(1, b"", padding=255)
    for _ in range(FIRST_CREDIT // 256):
        talk.receive(frame)
    assert window_updates(talk.sent()) == {1: FIRST_CREDIT}
    assert stream.receive_window == STREAM_WINDOW
    assert talk.engine.next_event(stream) == ResponseHead(200, [])
    assert talk.engine.next_event(stream) is NEED_DATA


def test_no_credit_is_given_for_a_response_that_has_ended() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.sent()
    talk.receive(frames.headers(1), parts(1, STREAM_WINDOW - 100), frames.data(1, b"", True))
    assert len(talk.events(stream)) == 3
    assert window_updates(talk.sent()) == {}


@pytest.mark.field(33)
@every_feeding
def test_credit_used_by_an_abandoned_stream_is_returned(feeding: Feeding) -> None:
    """This holds for unread data, and for data that arrives after the reset."""
    talk = Dialogue(feeding)
    returned, used = 0, CONNECTION_CREDIT - STREAM_WINDOW
    talk.engine._handlers._window = CONNECTION_WINDOW - used
    for _ in range(3):
        stream = talk.request()
        talk.sent()
        unread, late = parts(stream.id, STREAM_WINDOW - 100_000), parts(stream.id, 100_000)
        talk.receive(frames.headers(stream.id), unread)
        returned += window_updates(talk.sent()).get(0, 0)
        talk.engine.finish(stream)
        assert [(frame.stream_id, frame.error_code) for frame in talk.sent()] == [(stream.id, 8)]
        talk.receive(late, frames.data(stream.id, b"", True))
        returned += window_updates(talk.sent()).get(0, 0)
        used += STREAM_WINDOW
    assert talk.engine.failure is None
    assert 0 <= used - returned < CONNECTION_CREDIT <= returned
    assert talk.engine._handlers._window == CONNECTION_WINDOW - (used - returned)


@every_feeding
def test_late_frames_of_a_finished_stream_are_ignored(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    dropped, kept = talk.request(), talk.request()
    talk.engine.finish(dropped)
    late = [frames.headers(1, 103), frames.headers(1), frames.data(1, b"a"), frames.window_update(1, 5)]
    talk.receive(*late, frames.rst_stream(1, 8), frames.headers(3, 200, end_stream=True))
    assert talk.touched == {3}
    assert talk.events(kept) == [ResponseHead(200, []), END]
    assert talk.engine.streams.open_count == 0


def test_whoever_sees_the_end_of_a_response_finds_all_of_its_body(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[bytes | None] = []
    receive_end = Stream.receive_end

    def ends(stream: Stream) -> None:
        receive_end(stream)
        # Another thread may take the body at this point.
        found.append(stream.take_body())

    monkeypatch.setattr(Stream, "receive_end", ends)
    dialogue = Dialogue()
    first, second = dialogue.request(), dialogue.request()
    dialogue.receive(frames.headers(first.id), frames.headers(second.id))
    for stream in (first, second):
        assert isinstance(dialogue.engine.next_event(stream), ResponseHead)
    dialogue.receive(
        frames.data(first.id, b"a") + frames.data(first.id, b"b", end_stream=True),
        frames.data(second.id, b"c" * 5000) + frames.data(second.id) + frames.data(second.id, b"", end_stream=True),
    )
    assert found == [b"ab", b"c" * 5000]
