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


def sent_data(talk: Dialogue) -> list[tuple[bytes, bool]]:
    """Return the parts of the body that were sent, and whether the request ended with each."""
    return [(frame.data, "END_STREAM" in frame.flags) for frame in talk.sent() if isinstance(frame, DataFrame)]


@pytest.mark.parametrize("length", [None, 5])
@pytest.mark.parametrize("answered", [True, False])
def test_the_last_part_of_a_body_ends_the_request(length: int | None, answered: bool) -> None:
    talk = Dialogue()
    stream = talk.upload(length)
    if answered:
        talk.receive(frames.headers(1, 200, end_stream=True))
    assert talk.engine.send_data(stream, b"hello", end=True) == 5
    assert sent_data(talk) == [(b"hello", True)]
    assert (stream.local_end, talk.engine.streams.open_count) == (True, 0 if answered else 1)
    talk.engine.end_request(stream)
    assert talk.sent() == []
    with pytest.raises(LocalProtocolError, match=r"^Too much data for declared Content-Length$"):
        talk.engine.send_data(stream, b"a", end=True)


@pytest.mark.parametrize("size", [0, 1, 16_383, 16_384, 16_385, 3 * 16_384])
def test_a_body_is_cut_into_frames_of_which_the_last_ends_the_request(size: int) -> None:
    talk = Dialogue()
    stream = talk.upload()
    content = bytes(range(256)) * 192
    assert talk.engine.send_data(stream, memoryview(content)[:size], end=True) == size
    parts = sent_data(talk)
    assert b"".join(part for part, _ in parts) == content[:size]
    assert [end for _, end in parts] == [False] * (len(parts) - 1) + [True]
    assert len(parts) == max(1, -(-size // 16_384))


def test_a_body_that_waits_for_credit_does_not_end_the_request() -> None:
    talk = Dialogue()
    stream = talk.upload(70_000)
    content = memoryview(bytes(70_000))
    assert talk.engine.send_data(stream, content, end=True) == 65_535
    assert [end for _, end in sent_data(talk)] == [False] * 4
    assert talk.engine.send_data(stream, content[65_535:], end=True) == 0
    assert not stream.local_end
    talk.receive(frames.window_update(0, 10_000), frames.window_update(1, 10_000))
    assert talk.engine.send_data(stream, content[65_535:], end=True) == 4_465
    assert sent_data(talk) == [(bytes(4_465), True)]


def test_a_body_that_is_too_short_or_not_wanted_is_not_sent() -> None:
    talk = Dialogue()
    short, refused = talk.upload(5), talk.upload(5)
    talk.receive(frames.headers(3, 403))
    talk.sent()
    with pytest.raises(LocalProtocolError, match=r"^Too little data for declared Content-Length$"):
        talk.engine.send_data(short, b"four", end=True)
    assert talk.engine.send_data(refused, b"four", end=True) is None
    assert (talk.sent(), short.local_end, refused.local_end) == ([], False, False)


def test_the_head_of_a_request_without_a_body_ends_it() -> None:
    talk = Dialogue()
    stream = talk.request(b"POST", (b"Content-Length", b"0"))
    assert "END_STREAM" in talk.sent()[0].flags
    assert stream.local_end
