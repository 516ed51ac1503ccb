"""The engine's sending side: preface, heads, bodies within their lengths and the server's windows."""

from typing import Any

import pytest
from httpcore_h2._events import END_OF_STREAM, NEED_DATA
from httpcore_h2._flow import CONNECTION_WINDOW, MAX_FRAME_SIZE, STREAM_WINDOW
from httpcore_models import LocalProtocolError
from httpcore_test_support import h2_frames as frames
from httpcore_test_support.h2_dialogue import Dialogue, Feeding, every_feeding
from httpcore_test_support.h2_frames import ClientFrames, window_updates
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, RstStreamFrame, SettingsFrame

MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, SERVER_MAX_FRAME_SIZE = 3, 4, 5


def body(sent: list[Any]) -> bytes:
    assert all(isinstance(frame, DataFrame) for frame in sent)
    return b"".join(frame.data for frame in sent)


@pytest.mark.field(54)
def test_the_preface_announces_large_windows() -> None:
    settings, update = Dialogue(first=b"").preface
    assert isinstance(settings, SettingsFrame)
    assert settings.settings == {1: 4096, 2: 0, 4: STREAM_WINDOW, 5: MAX_FRAME_SIZE, 6: 100 * 1024}
    assert window_updates([update]) == {0: CONNECTION_WINDOW - 65535}


def test_a_request_without_a_body_is_one_frame() -> None:
    talk = Dialogue()
    assert not talk.engine.outgoing
    stream = talk.request(b"GET", (b"X-One", b"1"))
    assert talk.engine.outgoing
    [sent] = talk.sent()
    assert not talk.engine.outgoing
    assert isinstance(sent, HeadersFrame)
    assert (sent.stream_id, sorted(sent.flags)) == (1, ["END_HEADERS", "END_STREAM"])
    assert talk.client.fields(sent)[-1] == (b"x-one", b"1")
    assert (stream.local_end, stream.wants_body(), talk.credit(stream)) == (True, False, 0)


def test_stream_ids_are_odd_and_ascending() -> None:
    talk = Dialogue()
    assert [talk.request().id for _ in range(5)] == [1, 3, 5, 7, 9]
    assert [frame.stream_id for frame in talk.sent()] == [1, 3, 5, 7, 9]
    assert talk.engine.streams.open_count == 5


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_head_larger_than_a_frame_is_continued(method: bytes) -> None:
    talk = Dialogue()
    large = [(b"x-%d" % number, b"~" * 9000) for number in range(5)]
    framing = [(b"Transfer-Encoding", b"chunked")] if method == b"POST" else []
    talk.request(method, *framing, *large)
    first, *rest = talk.sent()
    assert isinstance(first, HeadersFrame)
    assert sorted(first.flags) == (["END_STREAM"] if method == b"GET" else [])
    assert len(rest) > 1
    assert all(isinstance(frame, ContinuationFrame) and len(frame.data) <= 16384 for frame in rest)
    assert [sorted(frame.flags) for frame in rest] == [*[[]] * (len(rest) - 1), ["END_HEADERS"]]
    first.data += b"".join(frame.data for frame in rest)
    assert talk.client.fields(first)[4:] == large


def test_a_body_is_sent_in_frames_of_the_size_that_the_server_allows() -> None:
    talk = Dialogue(first=frames.settings({SERVER_MAX_FRAME_SIZE: 20_000}))
    stream = talk.upload()
    talk.sent()
    assert talk.send(stream, b"x" * 50_000) == 50_000
    assert [len(frame.data) for frame in talk.sent()] == [20_000, 20_000, 10_000]
    assert talk.send(stream, b"") == 0
    talk.engine.end_request(stream)
    [end] = talk.sent()
    assert (end.data, end.flags) == (b"", {"END_STREAM"})
    assert (stream.sent, stream.local_end, talk.engine.streams.open_count) == (50_000, True, 1)


@pytest.mark.field(50)
def test_a_body_is_not_copied_before_it_is_written() -> None:
    talk = Dialogue(first=frames.settings({INITIAL_WINDOW_SIZE: 2**30}) + frames.window_update(0, 2**30))
    stream = talk.upload()
    content = memoryview(bytearray(2**20))
    talk.engine.send_data(stream, content)
    views = [part for part in talk.engine.outgoing if isinstance(part, memoryview)]
    assert sum(map(len, views)) == len(content)
    assert all(view.obj is content.obj for view in views)


def test_a_body_must_have_its_declared_length() -> None:
    talk = Dialogue()
    stream = talk.upload(5)
    assert talk.send(stream, b"abc") == 3
    with pytest.raises(LocalProtocolError, match=r"^Too much data for declared Content-Length$"):
        talk.send(stream, b"def")
    with pytest.raises(LocalProtocolError, match=r"^Too little data for declared Content-Length$"):
        talk.engine.end_request(stream)
    assert not stream.local_end
    assert talk.send(stream, b"de") == 2
    talk.engine.end_request(stream)
    assert body(talk.sent()[1:]) == b"abcde"


def test_data_after_the_end_of_a_body_is_an_error() -> None:
    talk = Dialogue()
    with pytest.raises(LocalProtocolError, match=r"^Too much data for declared Content-Length$"):
        talk.send(talk.request(), b"a")
    empty = talk.upload(0)
    with pytest.raises(LocalProtocolError, match=r"^Too much data for declared Content-Length$"):
        talk.send(empty, b"a")


@every_feeding
def test_the_window_of_a_stream_bounds_its_body(feeding: Feeding) -> None:
    talk = Dialogue(feeding, frames.settings({INITIAL_WINDOW_SIZE: 10}))
    stream, other = talk.upload(), talk.upload()
    talk.sent()
    assert (talk.send(stream, b"0123456789ab"), talk.send(stream, b"ab")) == (10, 0)
    assert talk.credit(other) == 10
    talk.receive(frames.window_update(stream.id, 5))
    assert talk.touched == {stream.id}
    assert (talk.credit(stream), talk.credit(other)) == (5, 10)
    assert talk.send(stream, b"abcdefgh") == 5
    assert body(talk.sent()) == b"0123456789abcde"


@every_feeding
def test_the_window_of_the_connection_bounds_all_bodies_together(feeding: Feeding) -> None:
    talk = Dialogue(feeding, frames.settings({INITIAL_WINDOW_SIZE: 2**20}))
    stream, other = talk.upload(), talk.upload()
    assert (talk.send(stream, bytes(60_000)), talk.send(other, bytes(60_000))) == (60_000, 5_535)
    assert (talk.credit(stream), talk.credit(other)) == (0, 0)
    talk.receive(frames.window_update(0, 1000))
    assert talk.touched == {stream.id, other.id}
    assert talk.send(stream, bytes(2_000)) == 1000
    assert talk.credit(other) == 0


@pytest.mark.field(43)
@every_feeding
def test_nothing_is_sent_while_a_window_is_negative(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    stream = talk.upload()
    assert talk.send(stream, bytes(50_000)) == 50_000
    talk.receive(frames.settings({INITIAL_WINDOW_SIZE: 1_000}))
    assert stream.send_window == 1_000 - 50_000
    for increment, credit in ((48_000, 0), (1_000, 0), (7, 7)):
        talk.receive(frames.window_update(stream.id, increment))
        assert talk.credit(stream) == credit
    assert talk.send(stream, b"0123456789") == 7
    assert talk.upload().send_window == 1_000


@pytest.mark.field(42)
@every_feeding
def test_credit_for_many_uploads_in_one_read_reaches_all_of_them(feeding: Feeding) -> None:
    talk = Dialogue(feeding, frames.settings({INITIAL_WINDOW_SIZE: 16_383}))
    uploads = [talk.upload() for _ in range(4)]
    assert [talk.send(stream, bytes(100_000)) for stream in uploads] == [16_383] * 4
    talk.receive(frames.window_update(0, 2**20), *(frames.window_update(stream.id, 2**20) for stream in uploads))
    assert talk.touched == {stream.id for stream in uploads}
    assert [talk.send(stream, bytes(100_000)) for stream in uploads] == [100_000] * 4


@pytest.mark.field(44)
@every_feeding
def test_an_error_response_during_an_upload_ends_the_upload(feeding: Feeding) -> None:
    """The response is complete, and NO_ERROR asks for no more: neither is a failure."""
    talk = Dialogue(feeding)
    stream = talk.upload(1_000_000)
    assert talk.send(stream, bytes(100_000)) == 65_535
    talk.sent()
    reset = frames.rst_stream(1, 0)
    talk.receive(frames.headers(1, 413), frames.data(1, b"too large", end_stream=True), reset)
    assert (stream.wants_body(), talk.send(stream, b"more")) == (False, None)
    talk.engine.end_request(stream)
    head, *rest = talk.events(stream)
    assert head == (413, [])
    assert rest == [b"too large", END_OF_STREAM]
    talk.engine.finish(stream)
    assert talk.sent() == []
    assert talk.engine.streams.open_count == 0


@every_feeding
def test_an_upload_that_is_no_longer_wanted_is_reset_without_an_error(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    stream = talk.upload()
    talk.receive(frames.headers(1, 413, end_stream=True))
    assert not stream.wants_body()
    assert talk.engine.streams.open_count == 1
    talk.engine.finish(stream)
    reset = talk.sent()[-1]
    assert isinstance(reset, RstStreamFrame)
    assert (reset.stream_id, reset.error_code) == (1, 0)
    assert talk.engine.streams.open_count == 0


@every_feeding
def test_a_successful_response_may_begin_before_the_request_ends(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    stream = talk.upload()
    talk.receive(frames.headers(1, 200), frames.data(1, b"echo"))
    assert stream.wants_body()
    assert talk.send(stream, b"more") == 4
    talk.engine.end_request(stream)
    assert talk.engine.streams.open_count == 1
    talk.receive(frames.data(1, b"", end_stream=True))
    assert talk.engine.streams.open_count == 0
    talk.engine.finish(stream)
    assert [type(frame) for frame in talk.sent()] == [HeadersFrame, DataFrame, DataFrame]


@pytest.mark.parametrize("status", [199, 299, 300, 599])
def test_errors_and_redirections_end_an_upload(status: int) -> None:
    talk = Dialogue()
    stream = talk.upload()
    talk.receive(frames.headers(1, status))
    assert stream.wants_body() == (status < 300)


@pytest.mark.field(32)
@every_feeding
def test_an_abandoned_request_is_reset_and_no_longer_counted(feeding: Feeding) -> None:
    talk = Dialogue(feeding, frames.settings({MAX_CONCURRENT_STREAMS: 1}))
    for number in range(150):
        assert talk.engine.can_open
        stream = talk.request()
        assert not talk.engine.can_open
        talk.sent()
        talk.engine.finish(stream)
        talk.engine.finish(stream)
        assert [(frame.stream_id, frame.error_code) for frame in talk.sent()] == [(2 * number + 1, 8)]
    assert talk.engine.streams.open_count == 0
    stream = talk.request()
    talk.receive(frames.headers(stream.id, 200, end_stream=True))
    assert talk.events(stream)[-1] is END_OF_STREAM


@pytest.mark.field(48)
def test_a_connection_without_further_stream_ids_is_not_usable() -> None:
    talk = Dialogue()
    talk.engine.streams.next_id = 2**31 - 3
    assert talk.request().id == 2**31 - 3
    last = talk.request()
    assert last.id == 2**31 - 1
    assert (talk.engine.usable, talk.engine.can_open, talk.engine.streams.open_count) == (False, False, 2)
    talk.receive(frames.headers(last.id, 200, end_stream=True))
    assert talk.events(last)[-1] is END_OF_STREAM
    talk.engine.finish(last)
    assert talk.engine.streams.open_count == 1


def test_any_frame_answers_a_ping() -> None:
    talk = Dialogue()
    talk.engine.ping()
    [ping] = talk.sent()
    assert (type(ping).__name__, len(ping.opaque_data), ping.flags) == ("PingFrame", 8, set())
    assert talk.engine.ping_unanswered
    talk.receive(frames.window_update(0, 1))
    assert not talk.engine.ping_unanswered


def test_a_connection_that_is_closed_sends_no_ping() -> None:
    """A response may be closed just after its connection, while another thread still reads."""
    talk = Dialogue()
    talk.request()
    talk.engine.close()
    talk.sent()
    talk.engine.ping()
    assert talk.sent() == []
    assert not talk.engine.ping_unanswered


@pytest.mark.field(55)
def test_closing_twice_sends_one_goaway() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.sent()
    talk.engine.close()
    talk.engine.close()
    [leave] = talk.sent()
    assert (type(leave).__name__, leave.error_code) == ("GoAwayFrame", 0)
    assert str(talk.failure(stream)) == "The connection was closed"
    assert type(talk.failure(stream)).__name__ == "ReadError"
    assert (talk.engine.failure is not None, talk.engine.usable, talk.engine.streams.open_count) == (True, False, 0)
    talk.engine.finish(stream)
    assert talk.sent() == []


def test_closing_an_unused_connection_sends_nothing() -> None:
    fresh = type(Dialogue().engine)(Dialogue().engine.control._h2.config)
    assert not fresh.started
    fresh.close()
    assert fresh.bytes_to_send() == b""
    assert ClientFrames().receive(b"") == []


def test_there_is_no_event_before_the_server_answers() -> None:
    talk = Dialogue(first=b"")
    stream = talk.request()
    assert talk.engine.next_event(stream) is NEED_DATA
    assert not stream.has_event()
