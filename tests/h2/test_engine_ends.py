"""How streams end: GOAWAY, resets by the server, and the end of the connection. What may be retried, what is lost."""

import gc
import weakref

import pytest
from httpcore_h2._events import END_OF_STREAM, Failure, ResponseHead
from httpcore_h2._stream import Stream
from httpcore_models import ReadError, RemoteProtocolError
from httpcore_models.lowlevel import Retryable
from httpcore_test_support import h2_frames as frames
from httpcore_test_support.h2_dialogue import Dialogue, Feeding, every_feeding, repeatable

NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 0, 1, 7, 8, 11


def answer(stream: Stream, content: bytes = b"a") -> bytes:
    return frames.headers(stream.id) + frames.data(stream.id, content, True)


def assert_answered(talk: Dialogue, stream: Stream, content: bytes = b"a") -> None:
    assert talk.events(stream) == [ResponseHead(200, []), content, END_OF_STREAM]


@pytest.mark.field(34, 36)
@every_feeding
def test_accepted_streams_outlive_goaway(feeding: Feeding) -> None:
    """Whether in the same read or not. No stream is opened any more."""
    talk = Dialogue(feeding)
    first, second = talk.request(), talk.upload()
    talk.receive(frames.goaway(3), answer(first))
    assert (talk.engine.usable, talk.engine.can_open, talk.engine.failure is not None) == (False, False, False)
    assert_answered(talk, first)
    assert talk.send(second, b"more") == 4
    talk.engine.end_request(second)
    talk.receive(frames.settings({3: 1000}), answer(second, b"done"))
    assert_answered(talk, second, b"done")
    assert talk.engine.streams.open_count == 0


@pytest.mark.field(37)
@every_feeding
def test_streams_above_the_last_one_may_be_retried(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    served, *others = talk.request(), talk.request(), talk.upload()
    talk.sent()
    talk.receive(frames.goaway(1, additional_data=b"enough"))
    assert talk.touched == {3, 5}
    text = f"<ConnectionTerminated error_code:0, last_stream_id:1, additional_data:{b'enough'.hex()}>"
    for stream in others:
        failure = talk.failure(stream)
        assert (type(failure), str(failure), repeatable(failure)) == (RemoteProtocolError, text, Retryable.ANY)
        assert stream.wants_body() is False
        talk.engine.finish(stream)
    assert talk.engine.streams.open_count == 1
    talk.disconnect()
    failure = talk.failure(served)
    assert str(failure) == f"Server disconnected after {text}"
    assert repeatable(failure) is None
    assert talk.sent() == []


@pytest.mark.field(35)
@every_feeding
def test_a_last_stream_id_of_zero_accepts_no_stream(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    stream = talk.request()
    talk.receive(frames.goaway(0))
    assert repeatable(talk.failure(stream)) is Retryable.ANY
    assert talk.engine.streams.open_count == 0


@pytest.mark.parametrize("code", [PROTOCOL_ERROR, ENHANCE_YOUR_CALM])
@every_feeding
def test_an_error_at_the_first_request_is_not_retried(feeding: Feeding, code: int) -> None:
    talk = Dialogue(feeding)
    first, second = talk.request(), talk.request()
    talk.receive(frames.goaway(0, code))
    text = f"<ConnectionTerminated error_code:{code}, last_stream_id:0, additional_data:None>"
    assert [str(talk.failure(stream)) for stream in (first, second)] == [text, text]
    assert [repeatable(talk.failure(stream)) for stream in (first, second)] == [None, Retryable.ANY]


@every_feeding
def test_a_second_goaway_may_accept_fewer_streams_but_not_more(feeding: Feeding) -> None:
    """In a graceful shutdown the first one announces it, with the largest possible stream id."""
    talk = Dialogue(feeding)
    first, second = talk.request(), talk.request()
    talk.receive(frames.goaway(2**31 - 1))
    assert (talk.engine.usable, talk.touched, talk.engine.streams.open_count) == (False, set(), 2)
    talk.receive(frames.goaway(1))
    assert repeatable(talk.failure(second)) is Retryable.ANY
    talk.receive(frames.goaway(1, CANCEL), answer(first))
    assert_answered(talk, first)
    third = Dialogue(feeding)
    stream = third.request()
    third.receive(frames.goaway(1), frames.goaway(3))
    assert str(third.failure(stream)) == "Received a GOAWAY frame that takes back an earlier one"
    assert repeatable(third.failure(stream)) is None


@every_feeding
def test_goaway_keeps_a_complete_response(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    stream = talk.request()
    talk.receive(answer(stream), frames.goaway(0))
    assert_answered(talk, stream)


@pytest.mark.field(39)
@every_feeding
def test_a_refused_stream_may_be_retried(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    stream, neighbour = talk.upload(), talk.request()
    talk.sent()
    talk.receive(frames.rst_stream(1, REFUSED_STREAM), answer(neighbour))
    failure = talk.failure(stream)
    assert str(failure) == "the server refused the stream (REFUSED_STREAM)"
    assert repeatable(failure) is Retryable.ANY
    assert_answered(talk, neighbour)
    talk.engine.finish(stream)
    assert (talk.sent(), talk.engine.streams.open_count, talk.engine.can_open) == ([], 0, True)


@pytest.mark.parametrize(
    ("before", "code"),
    [
        (b"", CANCEL),
        (b"", NO_ERROR),
        (frames.headers(1, 103), REFUSED_STREAM),
        (frames.headers(1), REFUSED_STREAM),
        (frames.headers(1), NO_ERROR),
    ],
)
@every_feeding
def test_other_resets_may_not_be_retried(feeding: Feeding, before: bytes, code: int) -> None:
    talk = Dialogue(feeding)
    stream = talk.request()
    talk.receive(before, frames.rst_stream(1, code), frames.rst_stream(1, REFUSED_STREAM))
    failure = talk.failure(stream)
    assert str(failure) == f"<StreamReset stream_id:1, error_code:{code}, remote_reset:True>"
    assert repeatable(failure) is None
    assert talk.engine.streams.open_count == 0


@every_feeding
def test_a_reset_right_after_the_settings_ends_its_stream(feeding: Feeding) -> None:
    talk = Dialogue(feeding, first=b"")
    stream = talk.request()
    talk.receive(frames.settings(), frames.rst_stream(1, REFUSED_STREAM))
    assert repeatable(talk.failure(stream)) is Retryable.ANY


@pytest.mark.field(46)
@every_feeding
def test_the_end_of_the_connection_fails_every_stream(feeding: Feeding) -> None:
    """Each stream raises its own exception. A complete response is not affected."""
    talk = Dialogue(feeding)
    complete, *others = [talk.request() for _ in range(4)]
    talk.receive(answer(complete), frames.headers(3, 103), frames.headers(5), frames.data(5, b"a"))
    talk.disconnect()
    assert talk.touched == {3, 5, 7}
    failures = [talk.failure(stream) for stream in others]
    assert [str(failure) for failure in failures] == ["Server disconnected"] * 3
    assert len(set(map(id, failures))) == 3
    assert_answered(talk, complete)
    for stream in (complete, *others):
        talk.engine.finish(stream)
    talk.disconnect()
    assert (talk.touched, talk.engine.streams.open_count, talk.engine.failure is not None) == (set(), 0, True)


@every_feeding
def test_only_requests_on_a_reused_connection_may_be_retried_after_a_disconnect(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    fresh = talk.request()
    used = Dialogue(feeding)
    first = used.request()
    used.receive(answer(first))
    used.engine.finish(first)
    stale, begun = used.request(), used.request()
    used.receive(frames.headers(begun.id, 103))
    talk.disconnect()
    used.disconnect()
    assert repeatable(talk.failure(fresh)) is None
    assert repeatable(used.failure(stale)) is Retryable.IDEMPOTENT
    assert repeatable(used.failure(begun)) is None


@every_feeding
def test_an_upload_with_a_complete_response_is_not_counted_after_a_disconnect(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    stream = talk.upload()
    talk.receive(answer(stream))
    talk.disconnect()
    assert_answered(talk, stream)
    talk.sent()
    talk.engine.finish(stream)
    assert (talk.engine.streams.open_count, talk.sent()) == (0, [])


def test_a_failure_from_outside_names_its_cause() -> None:
    talk = Dialogue()
    first = talk.request()
    talk.receive(answer(first))
    stream = talk.request()
    cause = ReadError("reset by peer")
    talk.engine.fail(Failure("broken", kind=ReadError, cause=cause), disconnected=True)
    failure = talk.failure(stream)
    assert (type(failure), str(failure), failure.__cause__) == (ReadError, "broken", cause)
    assert repeatable(failure) is Retryable.IDEMPOTENT
    talk.engine.fail(Failure("later"))
    assert str(talk.failure(stream)) == "broken"


def test_the_cause_of_a_failure_is_not_kept_longer_than_the_streams() -> None:
    """Its traceback refers to the frames of its callers, and they to responses, which would never be freed."""
    talk = Dialogue()
    stream = talk.request()
    cause = ReadError("reset by peer")
    kept = weakref.ref(cause)
    talk.engine.fail(Failure("broken", kind=ReadError, cause=cause), disconnected=True)
    del cause
    assert kept() is not None
    talk.engine.finish(stream)
    del stream
    gc.collect()
    assert kept() is None
    assert talk.engine.failure is not None


def test_bytes_after_the_end_are_ignored() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.disconnect()
    talk.receive(answer(stream), b"\xff" * 100)
    assert talk.touched == set()
    assert str(talk.failure(stream)) == "Server disconnected"


def test_a_retired_connection_still_receives() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.engine.retire("enough")
    assert talk.engine.reason == "enough"
    assert (talk.engine.usable, talk.engine.can_open) == (False, False)
    talk.receive(answer(stream))
    assert_answered(talk, stream)


def test_long_goaway_data_is_truncated() -> None:
    talk = Dialogue()
    stream = talk.request()
    talk.receive(frames.goaway(0, additional_data=b"x" * 1000))
    assert str(talk.failure(stream)).endswith(f"additional_data:{'78' * 20}>")
