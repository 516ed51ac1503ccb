"""Responses that break the protocol: what ends with them, and what does not."""

import pytest
from httpcore_h2._events import END_OF_STREAM, ResponseHead
from httpcore_h2._flow import STREAM_WINDOW
from httpcore_models import RemoteProtocolError
from httpcore_test_support import h2_frames as frames
from httpcore_test_support.h2_dialogue import Dialogue, Feeding, every_feeding

LENGTH_5 = (b"content-length", b"5")
END = END_OF_STREAM


def parts(stream_id: int, size: int, padding: int | None = None) -> bytes:
    step = 60_000
    sizes = [step] * (size // step) + [size % step]
    return b"".join(frames.data(stream_id, bytes(each), padding=padding) for each in sizes if each)


# Name: what makes a response on stream 1 malformed, and the text of the error.
BROKEN: dict[str, tuple[bytes, str]] = {
    "longer than its length": (
        frames.headers(1, 200, LENGTH_5) + frames.data(1, b"hello") + frames.data(1, b"!"),
        "InvalidBodyLengthError: Expected 5 bytes, received 6",
    ),
    "shorter than its length": (
        frames.headers(1, 200, LENGTH_5) + frames.data(1, b"hell", True),
        "InvalidBodyLengthError: Expected 5 bytes, received 4",
    ),
    "ends with its head before its length": (
        frames.headers(1, 200, LENGTH_5, end_stream=True),
        "InvalidBodyLengthError: Expected 5 bytes, received 0",
    ),
    "ends with trailers before its length": (
        frames.headers(1, 200, LENGTH_5) + frames.headers(1, None, end_stream=True),
        "InvalidBodyLengthError: Expected 5 bytes, received 0",
    ),
    "two heads": (
        frames.headers(1) + frames.headers(1, end_stream=True),
        "Received ':status' in the middle of a response",
    ),
    "trailers that end nothing": (
        frames.headers(1) + frames.headers(1, None, (b"x", b"y")),
        "Trailers must have END_STREAM set",
    ),
    "interim response after the head": (
        frames.headers(1) + frames.headers(1, 103),
        "Trailers must have END_STREAM set",
    ),
    "no status": (frames.headers(1, None, (b"server", b"a")), "Received a response without ':status'"),
    "no status, complete": (frames.headers(1, None, end_stream=True), "Received a response without ':status'"),
    "interim response at the end": (
        frames.headers(1, 103, end_stream=True),
        "Cannot set END_STREAM on informational responses (status 103)",
    ),
    "too many interim responses": (
        frames.headers(1, 103) * 65,
        "Received more than 64 interim responses in a row",
    ),
    "body before the head": (frames.data(1, b"a"), "cannot receive data before headers"),
    "body after an interim response": (
        frames.headers(1, 100) + frames.data(1, b"a"),
        "cannot receive data before headers",
    ),
    "bad status": (frames.headers(1, b"abc"), "Received a response with an invalid ':status': b'abc'"),
    "upper case": (frames.headers(1, 200, (b"Server", b"a")), "Received an invalid header name b'Server'"),
    "connection-specific": (
        frames.headers(1, 200, (b"connection", b"close")),
        "Received the connection-specific header b'connection'",
    ),
    "line break in a value": (
        frames.headers(1, 200, (b"x", b"a\r\nb")),
        "Received an invalid value of header b'x'",
    ),
    "pseudo-header of a request": (
        frames.headers(1, 200, (b":path", b"/")),
        "Received an invalid pseudo-header field b':path'",
    ),
    "pseudo-header in the trailers": (
        frames.headers(1) + frames.headers(1, None, (b":path", b"/"), end_stream=True),
        "Received an invalid pseudo-header field b':path'",
    ),
    "two lengths": (
        frames.headers(1, 200, LENGTH_5, (b"content-length", b"6")),
        "Conflicting content-length headers: 5 and 6",
    ),
    "body of 204": (
        frames.headers(1, 204) + frames.data(1, b"a"),
        "Received a body of a response that has none (status 204)",
    ),
    "body of 304": (
        frames.headers(1, 304, (b"content-length", b"1")) + frames.data(1, b"a"),
        "Received a body of a response that has none (status 304)",
    ),
    "increment of zero": (frames.window_update(1, 0), "Received frame with non-compliant data: a WINDOW_UPDATE of 0"),
    "window too large": (
        frames.window_update(1, 2**31 - 1),
        "May not increment flow control window past 2147483647: received a WINDOW_UPDATE of 2147483647",
    ),
}


@pytest.mark.field(55)
@every_feeding
@pytest.mark.parametrize("name", BROKEN)
def test_a_malformed_response_ends_only_its_stream(feeding: Feeding, name: str) -> None:
    """It is reset once, the error says what was wrong and allows no retry, and the other stream continues."""
    wire, text = BROKEN[name]
    talk = Dialogue(feeding)
    broken, neighbour = talk.upload(), talk.request()
    talk.sent()
    late = frames.data(1, b"late") + frames.rst_stream(1, 0)
    talk.receive(wire, frames.headers(3), late, frames.data(3, b"a", True))
    failure = talk.failure(broken)
    assert (type(failure), str(failure)) == (RemoteProtocolError, text)
    assert str(talk.failure(broken)) == text
    assert talk.failure(broken) is not failure
    assert talk.credit(broken) == 0
    codes = [frame.error_code for frame in talk.sent() if frame.stream_id == 1]
    assert codes == [3 if "WINDOW" in text else 1]
    assert talk.events(neighbour) == [ResponseHead(200, []), b"a", END]
    assert talk.engine.streams.open_count == 0
    talk.engine.finish(broken)
    assert talk.sent() == []
    assert talk.engine.usable


@every_feeding
def test_exceeding_the_stream_window_ends_the_stream(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    stream, neighbour = talk.request(), talk.request()
    talk.sent()
    talk.receive(frames.headers(1), parts(1, STREAM_WINDOW), frames.data(1, b"x"), frames.headers(3, end_stream=True))
    assert str(talk.failure(stream)) == "Received more data than the stream's window allows"
    assert [(f.stream_id, f.error_code) for f in talk.sent() if type(f).__name__ == "RstStreamFrame"] == [(1, 3)]
    assert talk.events(neighbour)[-1] is END


def test_data_before_a_failure_is_read_first() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.receive(frames.headers(1), frames.data(1, b"abc"), frames.rst_stream(1, 2))
    assert talk.engine.next_event(stream) == ResponseHead(200, [])
    assert talk.engine.next_event(stream) == b"abc"
    assert str(talk.failure(stream)) == "<StreamReset stream_id:1, error_code:2, remote_reset:True>"


@every_feeding
def test_a_window_overflow_after_the_response_keeps_it(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    stream = talk.upload()
    talk.receive(frames.headers(1, 200, end_stream=True), frames.window_update(1, 2**31 - 1))
    assert talk.events(stream) == [ResponseHead(200, []), END]
    assert talk.engine.streams.open_count == 0
