"""Responses that arrive while the request body is still being sent (RFC 9113 section 8.1)."""

import pytest
from httpcore_h2._events import END_OF_STREAM, NEED_DATA, ResponseHead
from httpcore_models import LocalProtocolError
from httpcore_test_support import h2_frames as frames
from httpcore_test_support.h2_dialogue import Dialogue, Feeding, every_feeding
from hyperframe.frame import DataFrame, RstStreamFrame

NO_ERROR, CANCEL = 0, 8


@pytest.mark.fault("S6")
@every_feeding
@pytest.mark.parametrize("content", [b"", b"done"])
def test_a_complete_success_does_not_end_an_upload(feeding: Feeding, content: bytes) -> None:
    talk = Dialogue(feeding)
    stream = talk.upload(10)
    talk.sent()
    talk.receive(frames.headers(1, 200), frames.data(1, content, end_stream=True))
    assert stream.wants_body()
    assert talk.send(stream, b"01234") == 5
    talk.receive(frames.window_update(1, 100))
    assert talk.send(stream, b"56789") == 5
    assert talk.engine.streams.open_count == 1
    talk.engine.end_request(stream)
    assert [(frame.data, sorted(frame.flags)) for frame in talk.sent()] == [
        (b"01234", []),
        (b"56789", []),
        (b"", ["END_STREAM"]),
    ]
    assert talk.engine.streams.open_count == 0
    assert talk.events(stream) == [ResponseHead(200, []), *([content] if content else []), END_OF_STREAM]
    talk.engine.finish(stream)
    assert talk.sent() == []


@pytest.mark.fault("S6")
@pytest.mark.parametrize("code", [NO_ERROR, CANCEL])
@every_feeding
def test_a_reset_after_a_complete_response_ends_an_upload(feeding: Feeding, code: int) -> None:
    talk = Dialogue(feeding)
    stream = talk.upload()
    talk.receive(frames.headers(1, 200, end_stream=True), frames.rst_stream(1, code))
    assert (stream.wants_body(), talk.engine.streams.open_count) == (False, 0)
    assert talk.events(stream) == [ResponseHead(200, []), END_OF_STREAM]


@pytest.mark.fault("S6")
@every_feeding
def test_a_goaway_below_its_stream_ends_an_upload_with_a_complete_response(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    first, second = talk.upload(), talk.upload()
    talk.receive(frames.headers(1, 200, end_stream=True), frames.headers(3, 200, end_stream=True), frames.goaway(1))
    assert [stream.wants_body() for stream in (first, second)] == [True, False]
    assert talk.events(second) == [ResponseHead(200, []), END_OF_STREAM]
    assert talk.engine.streams.open_count == 1


@pytest.mark.fault("S6")
def test_a_disconnect_ends_an_upload_with_a_complete_response() -> None:
    talk = Dialogue()
    stream = talk.upload()
    talk.receive(frames.headers(1, 200, end_stream=True))
    talk.disconnect()
    assert (stream.wants_body(), talk.credit(stream), talk.send(stream, b"a")) == (False, 0, None)
    assert talk.engine.streams.open_count == 0
    assert talk.events(stream) == [ResponseHead(200, []), END_OF_STREAM]


@pytest.mark.fault("S6")
def test_an_upload_abandoned_after_a_success_is_reset_with_cancel() -> None:
    """Without an error the server might consider the body complete."""
    talk = Dialogue()
    stream = talk.upload()
    talk.receive(frames.headers(1, 200, end_stream=True))
    talk.sent()
    talk.engine.finish(stream)
    [reset] = talk.sent()
    assert isinstance(reset, RstStreamFrame)
    assert reset.error_code == CANCEL


@pytest.mark.fault("P25")
@pytest.mark.parametrize("complete", [True, False])
def test_a_short_body_is_an_error_even_after_a_response(complete: bool) -> None:
    talk = Dialogue()
    stream = talk.upload(10)
    talk.send(stream, b"short")
    talk.receive(frames.headers(1, 200, end_stream=complete))
    with pytest.raises(LocalProtocolError, match=r"^Too little data for declared Content-Length$"):
        talk.engine.end_request(stream)


@pytest.mark.fault("T16")
@every_feeding
@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_upload_refused_early_is_ended_to_receive_the_rest_of_the_response(feeding: Feeding, status: int) -> None:
    talk = Dialogue(feeding)
    stream = talk.upload(1000)
    talk.send(stream, b"a part")
    talk.receive(frames.headers(1, status))
    talk.sent()
    assert talk.engine.next_event(stream) == ResponseHead(status, [])
    assert talk.sent() == []
    assert talk.engine.next_event(stream) is NEED_DATA
    [end] = talk.sent()
    assert isinstance(end, DataFrame)
    assert (end.data, set(end.flags)) == (b"", {"END_STREAM"})
    assert talk.engine.next_event(stream) is NEED_DATA
    talk.receive(frames.data(1, b"sorry", end_stream=True))
    assert talk.events(stream) == [b"sorry", END_OF_STREAM]
    talk.engine.finish(stream)
    assert (talk.sent(), talk.engine.streams.open_count) == ([], 0)


@pytest.mark.fault("T16")
def test_an_upload_with_a_complete_error_response_is_reset() -> None:
    """Ending it normally would make it look complete."""
    talk = Dialogue()
    stream = talk.upload(1000)
    talk.receive(frames.headers(1, 404), frames.data(1, b"sorry", end_stream=True))
    talk.sent()
    assert talk.events(stream) == [ResponseHead(404, []), b"sorry", END_OF_STREAM]
    talk.engine.finish(stream)
    [reset] = talk.sent()
    assert isinstance(reset, RstStreamFrame)
    assert reset.error_code == NO_ERROR


@pytest.mark.fault("S8")
@every_feeding
@pytest.mark.parametrize("length", [0, 400])
def test_a_response_to_head_may_end_with_an_empty_frame(feeding: Feeding, length: int) -> None:
    talk = Dialogue(feeding)
    fine, broken = talk.request(b"HEAD"), talk.request(b"HEAD")
    talk.sent()
    for stream in (fine, broken):
        talk.receive(frames.headers(stream.id, 200, (b"content-length", b"%d" % length)))
    talk.receive(frames.data(1, b"", end_stream=True), frames.data(3, b"null", end_stream=True))
    assert talk.events(fine)[1:] == [END_OF_STREAM]
    assert str(talk.failure(broken)) == "Received a body of a response to HEAD that has none (status 200)"
    assert [(frame.stream_id, frame.error_code) for frame in talk.sent()] == [(3, 1)]
    assert talk.engine.usable
