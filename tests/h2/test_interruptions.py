"""An exception from a signal handler may come between any two instructions, and has no lasting effect.

Ctrl-C does that, and so do time limits that are built on signals.
"""

import sys
from types import CodeType
from typing import Any

import pytest
from httpcore_h2 import HTTP2Connection
from httpcore_h2._events import END_OF_STREAM, NEED_DATA, Event, Failure
from httpcore_h2._stream import Stream
from httpcore_models import URL, ConnectionNotAvailable, NetworkStream, Origin, ReadError, Request, WriteError
from httpcore_test_support import h2_frames
from httpcore_test_support.h2_dialogue import Dialogue
from httpcore_test_support.interrupting import raised_at
from httpcore_test_support.library_code import is_library_code
from hyperframe.frame import DataFrame, HeadersFrame

pytestmark = [
    pytest.mark.fault("P9"),
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="instructions are those of Python 3.11"),
    # A response that the exception took from its receiver was not closed.
    pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning"),
]


class Peer(NetworkStream):
    """Answers every request as soon as it is complete; a read that would have to wait fails."""

    def __init__(self) -> None:
        self._frames = h2_frames.ClientFrames()
        self._answers = h2_frames.settings({}) + h2_frames.settings_ack()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        assert self._answers, "waits for what does not come"
        data, self._answers = self._answers, b""
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for frame in self._frames.receive(buffer):
            if isinstance(frame, (HeadersFrame, DataFrame)) and "END_STREAM" in frame.flags:
                number = frame.stream_id
                self._answers += h2_frames.headers(number) + h2_frames.data(number, b"hel")
                self._answers += h2_frames.data(number, b"lo", end_stream=True)

    def close(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return None


def is_ours(code: CodeType) -> bool:
    return is_library_code(code, "httpcore_h2", "httpcore_models._multiplexing")


def get(connection: HTTP2Connection, at_once: bool = True) -> bytes:
    request = Request("POST", URL("http://example.com/"), headers={"Host": "example.com"}, content=b"hi")
    request.headers.append((b"Content-Length", b"2"))
    response = connection.handle_request(request)
    try:
        if at_once:
            return response.read()
        return b"".join(response.iter_stream())
    finally:
        response.close()


@pytest.mark.parametrize(("warm", "at_once"), [(True, True), (True, False), (False, True)])
@pytest.mark.timeout(300)
def test_a_request(warm: bool, at_once: bool) -> None:
    step = 1
    while True:
        connection = HTTP2Connection(Origin(b"http", b"example.com", 80), Peer())
        if warm:
            assert get(connection) == b"hello"
        more = raised_at(step, lambda connection=connection: get(connection, at_once), is_ours)  # type: ignore[misc]
        assert_in_order(connection, step)
        if not more:
            break
        step += 1
    assert step > 100


def assert_in_order(connection: HTTP2Connection, step: int) -> None:
    assert not connection._shared.lock.locked(), step
    assert connection._shared.writer.holder is None, step
    assert connection._shared.reader.holder is None, step
    assert not connection._engine.requests, step
    try:
        assert get(connection) == b"hello", step
    except AssertionError:
        raise AssertionError(step) from None
    except (ConnectionNotAvailable, ReadError, WriteError):
        assert not connection.is_available(), step
    assert not connection._engine.requests, step
    if connection.is_available():
        assert not connection._engine.streams.open_count, step
    else:
        # A pool closes it.
        assert connection.is_closed() or not connection.is_idle() or connection.has_expired(), step


@pytest.mark.timeout(300)
def test_closing() -> None:
    step = 1
    while True:
        connection = HTTP2Connection(Origin(b"http", b"example.com", 80), Peer())
        assert get(connection) == b"hello"
        more = raised_at(step, connection.close, is_ours)
        assert not connection._shared.lock.locked(), step
        connection.close()
        assert connection.is_closed()
        if not more:
            break
        step += 1


def test_receiving_the_ends_of_several_responses() -> None:
    bodies = {1: b"a" * 600, 3: b"b" * 2500, 5: b"c" * 20}
    step, more = 1, True
    while more:
        dialogue = Dialogue()
        streams = [dialogue.request() for _ in bodies]
        for stream in streams:
            dialogue.receive(h2_frames.headers(stream.id))
            dialogue.engine.next_event(stream)
        ends = [
            h2_frames.data(number, body[:10]) + h2_frames.data(number, body[10:], end_stream=True)
            for number, body in bodies.items()
        ]
        more = raised_at(step, lambda dialogue=dialogue, ends=ends: dialogue.receive(*ends), is_ours)  # type: ignore[misc]
        if more:
            # The connection does this: what was read may be lost.
            dialogue.engine.fail(Failure("interrupted", kind=ReadError))
        for stream in streams:
            try:
                assert dialogue.events(stream) == [bodies[stream.id], END_OF_STREAM], step
            except ReadError:
                assert more
        step += 1
    assert step > 20


def test_what_is_left_of_a_body_is_its_beginning() -> None:
    """Parts that have arrived may be read after an exception, before the error: none of them twice, none left out."""
    bodies = {1: b"0123456789" * 60, 3: b"abcdefghij" * 250}
    frames = [
        h2_frames.data(1, bodies[1][:10]),
        h2_frames.data(1, bodies[1][10:590]),
        h2_frames.data(3, bodies[3][:600]),
        h2_frames.data(1, bodies[1][590:], end_stream=True),
        h2_frames.data(3, bodies[3][600:], end_stream=True)[:-5],
    ]
    step, more = 1, True
    while more:
        dialogue = Dialogue()
        streams = [dialogue.request() for _ in bodies]
        for stream in streams:
            dialogue.receive(h2_frames.headers(stream.id))
            dialogue.engine.next_event(stream)
        more = raised_at(step, lambda dialogue=dialogue: dialogue.receive(*frames), is_ours)  # type: ignore[misc]
        for stream in streams:
            body = b""
            while isinstance(part := next_part(dialogue, stream), bytes):
                assert part, step
                body += part
            assert bodies[stream.id].startswith(body), step
            assert part is not END_OF_STREAM or body == bodies[stream.id], step
            if not more:
                assert body == bodies[stream.id][: 2495 if stream.id == 3 else None]
        step += 1
    assert step > 20


def next_part(dialogue: Dialogue, stream: Stream) -> Event:
    try:
        return dialogue.engine.next_event(stream)
    except ReadError:
        return NEED_DATA
