"""Servers that break the protocol of the connection, or try to exhaust the client, always cause one clear error."""

import pytest
from httpcore_h2._events import END_OF_STREAM, InformationalResponse
from httpcore_h2._flow import CONNECTION_WINDOW, STREAM_WINDOW
from httpcore_h2._receiving import _MAX_ANSWERS
from httpcore_h2._stream_table import MAX_ABANDONED
from httpcore_models import RemoteProtocolError
from httpcore_test_support import h2_frames as frames
from httpcore_test_support.exchanges import cut_at
from httpcore_test_support.h2_dialogue import Dialogue, Feeding, every_feeding, repeatable
from hyperframe.frame import GoAwayFrame

PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, COMPRESSION_ERROR = 1, 3, 5, 6, 9
ENHANCE_YOUR_CALM = 11
TOO_MANY = "Received more than 10000 frames, or 640000 bytes, in a row that transfer nothing"

# Name: what the server sends while streams 1 and 3 are open, the text of the error, and the code of the GOAWAY.
ILLEGAL: dict[str, tuple[bytes, str, int]] = {
    "frame too large": (
        frames.frame(0, 0, 1, bytes(65_537)),
        "Received overlong frame: length 65537, max 65536",
        PROTOCOL_ERROR,
    ),
    "push": (
        frames.push_promise(1, 2),
        "Received pushed stream although push is disabled",
        PROTOCOL_ERROR,
    ),
    "data on stream 0": (
        frames.frame(0, 0, 0, b"a"),
        "Received a frame of type 0 on stream 0, which is not open",
        PROTOCOL_ERROR,
    ),
    "head on stream 0": (
        frames.frame(1, 4, 0, b"\x88"),
        "Received a frame of type 1 on stream 0, which is not open",
        PROTOCOL_ERROR,
    ),
    "data on an idle stream": (
        frames.data(5, b"a"),
        "Received a frame of type 0 on stream 5, which is not open",
        PROTOCOL_ERROR,
    ),
    "head on an idle stream": (
        frames.headers(5),
        "Received a frame of type 1 on stream 5, which is not open",
        PROTOCOL_ERROR,
    ),
    "head on a stream of the server": (
        frames.headers(2),
        "Received a frame of type 1 on stream 2, which is not open",
        PROTOCOL_ERROR,
    ),
    "reset of an idle stream": (
        frames.rst_stream(5, 8),
        "Received a frame of type 3 on stream 5, which is not open",
        PROTOCOL_ERROR,
    ),
    "reset of stream 0": (
        frames.frame(3, 0, 0, bytes(4)),
        "Received a frame of type 3 on stream 0, which is not open",
        PROTOCOL_ERROR,
    ),
    "credit for an idle stream": (
        frames.window_update(5, 1),
        "Received a frame of type 8 on stream 5, which is not open",
        PROTOCOL_ERROR,
    ),
    "data after the end": (
        frames.headers(1, end_stream=True) + frames.data(1, b"a"),
        "Received a frame of stream 1 after its end",
        STREAM_CLOSED,
    ),
    "trailers after the end": (
        frames.headers(1, end_stream=True) + frames.headers(1, None, end_stream=True),
        "Received a frame of stream 1 after its end",
        STREAM_CLOSED,
    ),
    "credit of zero": (
        frames.window_update(0, 0),
        "Received frame with non-compliant data: a WINDOW_UPDATE of 0",
        FLOW_CONTROL_ERROR,
    ),
    "credit beyond the largest window": (
        frames.window_update(0, 2**31 - 1),
        "May not increment flow control window past 2147483647: received a WINDOW_UPDATE of 2147483647",
        FLOW_CONTROL_ERROR,
    ),
    "settings that make a window too large": (
        frames.window_update(1, 2**30) + frames.settings({4: 2**31 - 1}),
        "Received settings that make a window too large",
        FLOW_CONTROL_ERROR,
    ),
    "malformed RST_STREAM": (
        frames.frame(3, 0, 1, b"abc"),
        "Frame data missing or invalid: a malformed RST_STREAM frame",
        FRAME_SIZE_ERROR,
    ),
    "malformed WINDOW_UPDATE": (
        frames.frame(8, 0, 0, b"abc"),
        "Frame data missing or invalid: a malformed WINDOW_UPDATE frame",
        FRAME_SIZE_ERROR,
    ),
    "malformed GOAWAY": (
        frames.frame(7, 0, 0, b"abc"),
        "Frame data missing or invalid: a malformed GOAWAY frame",
        FRAME_SIZE_ERROR,
    ),
    "GOAWAY of a stream": (
        frames.frame(7, 0, 1, bytes(8)),
        "Frame data missing or invalid: a malformed GOAWAY frame",
        FRAME_SIZE_ERROR,
    ),
    "padding": (
        frames.headers(1) + frames.frame(0, 8, 1, b"\x09abc"),
        "Received frame with invalid padding. (stream 1)",
        PROTOCOL_ERROR,
    ),
    "stray CONTINUATION": (
        frames.continuation(1, end_headers=True),
        "Received a CONTINUATION frame without a HEADERS frame before it",
        PROTOCOL_ERROR,
    ),
    "interrupted header block": (
        frames.headers(1, end_headers=False) + frames.ping(),
        "Invalid frame during header block.",
        PROTOCOL_ERROR,
    ),
    "endless header block": (
        frames.headers(1, end_headers=False) + frames.continuation(1, b"\0") * 10_000,
        "Received at least 65 bytes of a header block in 65 frames; 102400 bytes in 64 frames are allowed",
        PROTOCOL_ERROR,
    ),
    "empty CONTINUATION flood": (
        frames.headers(1, end_headers=False) + frames.continuation(1) * 10_000,
        "Received at least 1 bytes of a header block in 65 frames; 102400 bytes in 64 frames are allowed",
        PROTOCOL_ERROR,
    ),
    "large header block": (
        frames.headers(1, end_headers=False) + frames.continuation(1, bytes(60_000)) * 2,
        "Received at least 120001 bytes of a header block in 3 frames; 102400 bytes in 64 frames are allowed",
        PROTOCOL_ERROR,
    ),
    "broken compression": (
        frames.frame(1, 4, 1, b"\x80"),
        "Error decoding header block: Invalid table index 0",
        COMPRESSION_ERROR,
    ),
    "compression bomb": (
        frames.frame(1, 4, 1, b"\x40\x01x\x7f\xa1\x1e" + b"y" * 4000 + b"\xbe" * 60_000),
        "Oversized header block: A header list larger than 102400 has been received",
        COMPRESSION_ERROR,
    ),
    "unreadable settings": (frames.frame(4, 0, 0, b"abc"), "Frame data missing or invalid", FRAME_SIZE_ERROR),
    "settings of a stream": (frames.frame(4, 0, 1, b""), "Received frame", PROTOCOL_ERROR),
    "illegal setting": (frames.settings({4: 2**31}), "Setting", FLOW_CONTROL_ERROR),
    "malformed PING": (frames.frame(6, 0, 0, b"abc"), "Frame data missing or invalid", FRAME_SIZE_ERROR),
    "PING of a stream": (frames.frame(6, 0, 1, bytes(8)), "Received frame", PROTOCOL_ERROR),
}

# One frame of each kind is allowed, and so are ten thousand.
FLOODS: dict[str, bytes] = {
    "PING": frames.ping(),
    "answers to PING": frames.ping(ack=True),
    "SETTINGS": frames.settings(),
    "empty DATA": frames.data(1),
    "padding": frames.data(1, padding=0),
    "RST_STREAM": frames.rst_stream(1, 8),
    "WINDOW_UPDATE": frames.window_update(0, 1),
    "PRIORITY": frames.priority(1),
    "unknown frames": frames.frame(0xBB, 0, 0, b""),
    "GOAWAY": frames.goaway(7),
}


@pytest.mark.parametrize("name", ILLEGAL)
@every_feeding
def test_an_error_of_the_connection_ends_it(feeding: Feeding, name: str) -> None:
    """Waiting requests and the server are told what was wrong; nothing else is answered."""
    wire, text, code = ILLEGAL[name]
    talk = Dialogue(feeding)
    streams = talk.request(), talk.upload()
    talk.sent()
    talk.receive(wire, frames.ping())
    failure = talk.failure(streams[1])
    assert type(failure) is RemoteProtocolError
    assert str(failure).startswith(text)
    assert repeatable(failure) is None
    assert [frame.error_code for frame in talk.sent() if isinstance(frame, GoAwayFrame)] == [code]
    assert (talk.engine.failure is not None, talk.engine.usable, talk.engine.streams.open_count) == (True, False, 0)
    for stream in streams:
        talk.engine.finish(stream)
    talk.engine.close()
    assert talk.sent() == []


@pytest.mark.parametrize("name", FLOODS)
@pytest.mark.parametrize("read_size", [100_000_000, 65_536])
def test_a_flood_ends_the_connection(name: str, read_size: int) -> None:
    talk = Dialogue(lambda data: cut_at(data, range(read_size, len(data), read_size)))
    talk.request()
    stream = talk.request()
    talk.receive(frames.headers(1), FLOODS[name] * 10_000)
    assert talk.engine.failure is None
    talk.sent()
    talk.receive(FLOODS[name])
    assert str(talk.failure(stream)) == TOO_MANY
    assert [type(frame) for frame in talk.sent()] == [GoAwayFrame]


@pytest.mark.parametrize(
    ("first", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "Server answered with HTTP/1 instead of HTTP/2: 'HTTP/1.1 "),
        (frames.ping(), "Server did not begin with a SETTINGS frame: b"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "Server did not begin with a SETTINGS frame: b'SSH-2.0-O'"),
    ],
)
@every_feeding
def test_the_server_must_begin_with_settings(feeding: Feeding, first: bytes, text: str) -> None:
    talk = Dialogue(feeding, first=b"")
    stream = talk.request()
    talk.receive(first)
    assert str(talk.failure(stream)).startswith(text)


@every_feeding
def test_exceeding_the_connection_window_ends_the_connection(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    stream = talk.request()
    talk.receive(frames.headers(1))
    talk.engine._handlers._window = 10
    talk.receive(frames.data(1, b"0123456789a"))
    assert talk.engine.failure is not None
    assert str(talk.failure(stream)) == "Received more data than the connection's window allows"


def test_data_of_finished_streams_counts_against_the_connection_window() -> None:
    talk = Dialogue()
    talk.engine.finish(talk.request())
    size = 60_000
    talk.receive(frames.data(1, bytes(size)))
    assert talk.engine._handlers._window == CONNECTION_WINDOW - size


def test_pings_at_a_moderate_rate_are_answered_for_hours() -> None:
    talk = Dialogue()
    stream = talk.request()
    for second in range(11_000):
        talk.now = float(second)
        talk.receive(frames.ping())
        assert len(talk.sent()) <= 2
    talk.receive(frames.headers(1, end_stream=True))
    assert talk.events(stream)[-1] is END_OF_STREAM


def test_credit_for_a_long_upload_may_come_in_tiny_steps() -> None:
    talk = Dialogue()
    stream = talk.upload()
    talk.send(stream, bytes(65_535))
    for _ in range(12_000):
        talk.receive(frames.window_update(0, 1), frames.window_update(1, 1))
        assert talk.send(stream, b"a") == 1
        talk.engine.bytes_to_send()
    assert talk.engine.failure is None


def test_the_number_of_interim_responses_is_limited() -> None:
    talk = Dialogue()
    stream = talk.request()
    interim = frames.headers(1, 103)
    for _ in range(10_001):
        talk.receive(interim)
        if talk.engine.failure is not None:
            break
        assert talk.engine.next_event(stream).status == 103  # type: ignore[union-attr]
    assert str(talk.failure(stream)) == TOO_MANY


@pytest.mark.parametrize("finished", [True, False])
def test_empty_frames_for_an_abandoned_stream_are_a_flood(finished: bool) -> None:
    talk = Dialogue()
    stream, neighbour = talk.request(), talk.request()
    if finished:
        talk.engine.finish(stream)
    else:
        talk.receive(frames.data(1, b"no head"))
    talk.receive(frames.data(1, b"", end_stream=True) * 10_001)
    assert str(talk.failure(neighbour)) == TOO_MANY


def test_few_abandoned_streams_are_remembered_and_frames_of_others_are_tolerated() -> None:
    talk = Dialogue()
    for _ in range(MAX_ABANDONED + 10):
        talk.engine.finish(talk.request())
    talk.sent()
    assert len(talk.engine.streams._abandoned) == MAX_ABANDONED
    talk.receive(frames.headers(1), frames.data(1, b"a", True), frames.data(2 * MAX_ABANDONED + 1, b"a"))
    assert talk.engine.failure is None


def test_memory_for_an_unread_stream_is_bounded() -> None:
    """Fields that take one byte each on the wire take much more memory."""
    talk = Dialogue()
    stream = talk.request()
    many_fields = frames.frame(1, 4, 1, b"\x08\x03103" + b"\x40\x01x\x01y" + b"\xbe" * 300)
    for number in range(200):
        talk.receive(frames.ping(), many_fields, frames.frame(0xCC, 0, number, bytes(1000)))
        talk.engine.bytes_to_send()
    assert talk.engine.failure is None
    assert sum(len(event.headers) for event in stream.events if isinstance(event, InformationalResponse)) < 20_000
    assert talk.engine._reader._size == 0


@pytest.mark.fault("T14")
def test_a_frame_of_too_many_settings_is_refused() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.receive(frames.raw_settings({0x100 + number: 1 for number in range(31)} | {3: 7}))
    assert (talk.engine.failure is not None, talk.engine.stream_limit) == (False, 7)
    talk.sent()
    talk.receive(frames.raw_settings({0x100 + number: 1 for number in range(33)}))
    assert str(talk.failure(stream)) == "Received 33 settings in a frame; 32 are allowed"
    [leave] = talk.sent()
    assert (type(leave), leave.error_code) == (GoAwayFrame, ENHANCE_YOUR_CALM)


@pytest.mark.fault("T14")
@pytest.mark.parametrize(
    "idle",
    [frames.frame(0xFE, 0, 0, bytes(60_000)), frames.altsvc(b"x" * 60_000), frames.goaway(7, 0, bytes(60_000))],
    ids=["unknown", "ALTSVC", "GOAWAY"],
)
def test_many_bytes_that_transfer_nothing_end_the_connection(idle: bytes) -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.receive(frames.headers(1))
    for _ in range(10):
        talk.receive(idle)
    assert talk.engine.failure is None
    talk.receive(frames.data(1, b"a"))
    for _ in range(10):
        talk.receive(idle)
    assert talk.engine.failure is None, "something was transferred in between"
    talk.receive(idle)
    assert str(talk.failure(stream)) == TOO_MANY


@pytest.mark.fault("P15")
@pytest.mark.parametrize("question", [frames.ping(), frames.settings()], ids=["PING", "SETTINGS"])
def test_unread_answers_to_the_server_are_bounded(question: bytes) -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.receive(frames.headers(1))
    for number in range(_MAX_ANSWERS):
        talk.receive(question)
        if number % 1000 == 0:
            talk.receive(frames.data(1, b"a"))
    assert talk.engine.failure is None
    talk.receive(frames.data(1, b"a"), question)
    assert "More than 10000 answers to SETTINGS and PING frames are waiting" in str(talk.failure(stream))


@pytest.mark.fault("P15")
def test_an_abandoned_stream_may_not_exceed_its_window() -> None:
    talk = Dialogue()
    stream, neighbour = talk.request(), talk.request()
    talk.receive(frames.headers(1))
    talk.engine.finish(stream)
    part = frames.data(1, bytes(64 * 1024))
    for _ in range(STREAM_WINDOW // (64 * 1024)):
        talk.receive(part)
    assert talk.engine.failure is None
    talk.receive(frames.data(1, b"a"))
    assert str(talk.failure(neighbour)) == "Received more data than the stream's window allows"
