"""One request and its response, without the frames that carry them."""

import pytest
from httpcore_models import ReadError, RemoteProtocolError, Request
from httpcore_models.lowlevel import Retryable, is_refused
from httpcore_models.multiplexing import (
    Failure,
    FieldSection,
    InformationalResponse,
    MessageStream,
    RequestTranslator,
    ResponseHead,
    Trailers,
)

HOST = (b"host", b"localhost")
BODY = (b"transfer-encoding", b"chunked")


def stream_for(method: str = "GET", *fields: tuple[bytes, bytes]) -> MessageStream:
    request = Request(method, "https://localhost/", headers=[HOST, *fields])
    return MessageStream(RequestTranslator().request_head(request))


def section(status: int | None, length: int | None = None) -> FieldSection:
    return FieldSection(status, [(b"a", b"b")], length)


def test_a_whole_response() -> None:
    stream = stream_for()
    assert not stream.has_event()
    stream.receive_fields(section(103), end=False)
    stream.receive_fields(section(200, 3), end=False)
    stream.expect_body(3)
    stream.add_body(b"abc")
    stream.receive_fields(section(None), end=True)
    fields = [(b"a", b"b")]
    assert list(stream.events) == [
        InformationalResponse(103, fields),
        ResponseHead(200, fields),
        b"abc",
        Trailers(fields),
    ]
    assert stream.has_event()
    assert stream.remote_end
    assert stream.take_body() is None  # the trailers are still to be read


def test_a_body_that_has_arrived_is_taken_at_once() -> None:
    stream = stream_for()
    stream.receive_fields(section(200), end=False)
    stream.events.clear()
    stream.expect_body(4)
    for part in (b"ab", b"c", b"d"):
        stream.add_body(part)
    assert stream.take_body() is None
    stream.receive_end()
    assert stream.take_body() == b"abcd"


def test_small_parts_are_gathered() -> None:
    stream = stream_for()
    stream.receive_fields(section(200), end=False)
    stream.events.clear()
    for _ in range(10_000):
        stream.expect_body(1)
        stream.add_body(b"x")
    assert len(stream.events) == 1
    for _ in range(10_000):
        stream.expect_body(1)
        stream.add_body(b"x")
    assert len(stream.events) == 2


@pytest.mark.parametrize(
    ("sections", "text"),
    [
        ([(None, False)], "Received a response without ':status'"),
        ([(100, True)], "Cannot set END_STREAM on informational responses (status 100)"),
        ([(200, False), (None, False)], "Trailers must have END_STREAM set"),
        ([(200, False), (200, True)], "Received ':status' in the middle of a response"),
        ([(100, False)] * 65, "Received more than 64 interim responses in a row"),
    ],
)
def test_heads_in_the_wrong_place_are_refused(sections: list[tuple[int | None, bool]], text: str) -> None:
    stream = stream_for()
    *before, (status, end) = sections
    for earlier, _ in before:
        stream.receive_fields(section(earlier), end=False)
    with pytest.raises(RemoteProtocolError) as caught:
        stream.receive_fields(section(status), end)
    assert str(caught.value) == text


def test_a_body_needs_a_head_and_keeps_to_its_length() -> None:
    stream = stream_for()
    with pytest.raises(RemoteProtocolError, match="cannot receive data before headers"):
        stream.expect_body(1)
    stream.receive_fields(section(200, 2), end=False)
    with pytest.raises(RemoteProtocolError, match="Expected 2 bytes, received 0"):
        stream.receive_end()
    with pytest.raises(RemoteProtocolError, match="Expected 2 bytes, received 3"):
        stream.expect_body(3)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_responses_without_a_body_may_declare_a_length(method: str, status: int) -> None:
    stream = stream_for(method)
    stream.receive_fields(section(status, 5), end=False)
    with pytest.raises(RemoteProtocolError, match="that has none"):
        stream.expect_body(1)
    stream = stream_for(method)
    stream.receive_fields(section(status, 5), end=True)
    assert stream.remote_end


def test_an_error_ends_an_upload_and_a_success_does_not() -> None:
    stream = stream_for("POST", BODY)
    assert stream.wants_body()
    stream.receive_fields(section(200), end=False)
    assert stream.wants_body()
    assert stream.is_half_sent(written=True)
    stream.local_end = True
    assert not stream.wants_body()
    assert stream.is_half_sent(written=False)
    assert not stream.is_half_sent(written=True)
    stream = stream_for("POST", BODY)
    stream.receive_fields(section(413), end=False)
    assert not stream.wants_body()
    assert not stream.is_half_sent(written=False)


def test_a_body_waits_for_consent() -> None:
    stream = stream_for("POST", BODY, (b"expect", b"100-continue"))
    assert stream.may_send_body() is None
    stream.receive_fields(section(100), end=False)
    assert stream.may_send_body() is True
    stream = stream_for("POST", BODY, (b"expect", b"100-continue"))
    stream.receive_fields(section(200), end=False)
    assert stream.may_send_body() is False
    assert stream.declined
    stream = stream_for("POST", BODY, (b"expect", b"100-continue"))
    stream.was_reset = True
    assert stream.may_send_body() is False


def test_a_failure_makes_a_new_exception_each_time() -> None:
    cause = OSError("boom")
    failure = Failure("lost", Retryable.ANY, ReadError, cause)
    first, second = failure.exception(), failure.exception()
    assert first is not second
    assert isinstance(first, ReadError)
    assert str(first) == "lost"
    assert first.__cause__ is cause
    assert is_refused(first)
    assert isinstance(Failure("broken").exception(), RemoteProtocolError)
