"""The engine and a server that breaks the protocol: which code it is told, and what the requests raise."""

from collections.abc import Callable

import pytest
from httpcore_h3._codes import Code
from httpcore_h3._frames import HEADERS, build_frame
from httpcore_models import RemoteProtocolError
from httpcore_test_support.h3_dialogue import (
    CONTROL_STREAM,
    DECODER_STREAM,
    DEFAULT_SETTINGS,
    ENCODER_STREAM,
    OK,
    Dialogue,
    Fields,
    data,
    head,
    varint,
)

Connect = Callable[..., Dialogue]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ([(b"x", b"1")], "without ':status'"),
        ([(b":status", b"abc")], "invalid ':status'"),
        ([(b":status", b"101")], "status 101"),
        ([(b":status", b"200"), (b":status", b"200")], "pseudo-header"),
        ([(b":status", b"200"), (b":path", b"/")], "pseudo-header"),
        ([(b"x", b"1"), (b":status", b"200")], "pseudo-header"),
        ([(b":status", b"200"), (b"Upper", b"x")], "invalid header name"),
        ([(b":status", b"200"), (b"a b", b"x")], "invalid header name"),
        ([(b":status", b"200"), (b"x", b"a\r\nb")], "invalid value"),
        ([(b":status", b"200"), (b"x", b"a\0b")], "invalid value"),
        ([(b":status", b"200"), (b"x", b"a\nb")], "invalid value"),
        ([(b":status", b"200"), (b"connection", b"close")], "connection-specific"),
        ([(b":status", b"200"), (b"transfer-encoding", b"chunked")], "connection-specific"),
        ([(b":status", b"200"), (b"content-length", b"-1")], "content-length"),
        ([(b":status", b"200"), (b"content-length", b"1"), (b"content-length", b"2")], "Conflicting"),
    ],
)
def test_malformed_responses_reset_their_stream(dialogue: Dialogue, fields: Fields, text: str) -> None:
    stream, other = dialogue.request(), dialogue.request()
    dialogue.respond(stream, head(fields), end=False)
    with pytest.raises(RemoteProtocolError, match=text):
        dialogue.engine.next_event(stream)
    assert dialogue.received(stream).stopped == Code.MESSAGE_ERROR
    dialogue.respond(other, head(OK))
    assert dialogue.engine.failure is None
    assert other.remote_end


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (head([*OK, (b"content-length", b"5")]) + data(b"abc"), "Expected 5 bytes, received 3"),
        (head([*OK, (b"content-length", b"2")]) + data(b"abc"), "Expected 2 bytes, received 3"),
        (head([(b":status", b"204")]) + data(b"abc"), "that has none"),
        (head([(b":status", b"103")]), "end of a stream before a final response"),
        (b"", "end of a stream before a final response"),
        (head(OK) + head(OK), "in the middle of a response"),
        (head([(b":status", b"100")]) * 65, "more than 64 interim responses"),
    ],
)
def test_broken_messages_reset_their_stream(dialogue: Dialogue, content: bytes, text: str) -> None:
    stream = dialogue.request()
    dialogue.respond(stream, content)
    with pytest.raises(RemoteProtocolError, match=text):
        dialogue.read_all(stream)
    assert dialogue.engine.failure is None
    assert dialogue.engine.usable


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (data(b"abc"), Code.FRAME_UNEXPECTED),
        (head(OK) + data(b"") + head([(b"t", b"1")]) + data(b"abc"), Code.FRAME_UNEXPECTED),
        (head(OK) + head([(b"t", b"1")]) + head([(b"t", b"1")]), Code.FRAME_UNEXPECTED),
        (DEFAULT_SETTINGS, Code.FRAME_UNEXPECTED),
        (build_frame(0x7, b"\x00"), Code.FRAME_UNEXPECTED),
        (build_frame(0x2, b"\x00"), Code.FRAME_UNEXPECTED),
        (build_frame(0x8, b"\x00"), Code.FRAME_UNEXPECTED),
        (build_frame(0x5, b"\x00"), Code.ID_ERROR),
        (build_frame(HEADERS, b""), Code.QPACK_DECOMPRESSION_FAILED),
        (build_frame(HEADERS, b"\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), Code.QPACK_DECOMPRESSION_FAILED),
        (build_frame(HEADERS, b"\x03\x81\xd9\x10\x11"), Code.QPACK_DECOMPRESSION_FAILED),
        (head(OK)[:-1], Code.FRAME_ERROR),
        (b"\x01" + varint(1_000_000), Code.EXCESSIVE_LOAD),
    ],
)
def test_faults_on_a_request_stream_end_the_connection(dialogue: Dialogue, content: bytes, code: Code) -> None:
    stream, complete = dialogue.request(), dialogue.request()
    dialogue.respond(complete, head(OK))
    dialogue.respond(stream, content)
    with pytest.raises(RemoteProtocolError):
        dialogue.read_all(stream)
    assert dialogue.server.closed is not None
    assert dialogue.server.closed[0] == code
    assert not dialogue.engine.usable
    assert dialogue.events(complete)


@pytest.mark.parametrize(
    ("stream_id", "content", "end", "code"),
    [
        (CONTROL_STREAM, b"", True, Code.CLOSED_CRITICAL_STREAM),
        (ENCODER_STREAM, b"", True, Code.CLOSED_CRITICAL_STREAM),
        (CONTROL_STREAM, DEFAULT_SETTINGS, False, Code.FRAME_UNEXPECTED),
        (CONTROL_STREAM, data(b"x"), False, Code.FRAME_UNEXPECTED),
        (CONTROL_STREAM, head(OK), False, Code.FRAME_UNEXPECTED),
        (CONTROL_STREAM, build_frame(0x2, b""), False, Code.FRAME_UNEXPECTED),
        (CONTROL_STREAM, build_frame(0xD, b"\x00"), False, Code.FRAME_UNEXPECTED),
        (CONTROL_STREAM, build_frame(0x3, b"\x00"), False, Code.ID_ERROR),
        (CONTROL_STREAM, build_frame(0x7, b"\x01"), False, Code.ID_ERROR),
        (CONTROL_STREAM, build_frame(0x7, b"\x04") + build_frame(0x7, b"\x08"), False, Code.ID_ERROR),
        (CONTROL_STREAM, build_frame(0x7, b""), False, Code.FRAME_ERROR),
        (CONTROL_STREAM, build_frame(0x7, b"\x04\x04"), False, Code.FRAME_ERROR),
        (ENCODER_STREAM, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", False, Code.QPACK_ENCODER_STREAM_ERROR),
        (ENCODER_STREAM, b"\x3f\xe1\x1f", False, Code.QPACK_ENCODER_STREAM_ERROR),
        (DECODER_STREAM, b"", True, Code.CLOSED_CRITICAL_STREAM),
        (15, b"\x00", False, Code.STREAM_CREATION_ERROR),
        (15, b"\x01\x00", False, Code.ID_ERROR),
        (1, head(OK), False, Code.STREAM_CREATION_ERROR),
    ],
)
def test_faults_on_other_streams_end_the_connection(
    dialogue: Dialogue, stream_id: int, content: bytes, end: bool, code: Code
) -> None:
    stream = dialogue.request()
    dialogue.exchange()
    dialogue.server.send(stream_id, content, end)
    dialogue.exchange()
    assert dialogue.server.closed is not None
    assert dialogue.server.closed[0] == code
    with pytest.raises(RemoteProtocolError):
        dialogue.engine.next_event(stream)


def test_a_critical_stream_may_not_be_reset(dialogue: Dialogue) -> None:
    dialogue.server.quic.reset_stream(ENCODER_STREAM, Code.NO_ERROR)
    dialogue.exchange()
    assert dialogue.server.closed is not None
    assert dialogue.server.closed[0] == Code.CLOSED_CRITICAL_STREAM


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (build_frame(0x7, b"\x00"), Code.MISSING_SETTINGS),
        (build_frame(0x4, b"\x06"), Code.FRAME_ERROR),
        (build_frame(0x4, b"\x06\x01\x06\x01"), Code.SETTINGS_ERROR),
        (build_frame(0x4, b"\x02\x01"), Code.SETTINGS_ERROR),
    ],
)
def test_faults_in_the_settings_end_the_connection(connect: Connect, settings: bytes, code: Code) -> None:
    dialogue = connect(settings=settings)
    assert dialogue.server.closed is not None
    assert dialogue.server.closed[0] == code


def test_unknown_streams_frames_and_settings_are_ignored(connect: Connect) -> None:
    dialogue = connect(settings=build_frame(0x4, varint(0x21) + b"\x01"))
    dialogue.server.send(CONTROL_STREAM, build_frame(0x40, b"x") + build_frame(0x21, b""))
    dialogue.server.send(15, varint(0x21 + 0x1F * 5)[:1])
    dialogue.exchange()
    dialogue.server.send(15, varint(0x21 + 0x1F * 5)[1:] + b"abc")
    dialogue.server.send(19, b"", True)
    stream = dialogue.request()
    dialogue.respond(stream, build_frame(0x21, b"abc") + head(OK) + build_frame(0x21, b"abc"))
    assert stream.remote_end
    assert dialogue.engine.failure is None
    assert dialogue.server.requests[15].stopped == Code.STREAM_CREATION_ERROR


def test_junk_datagrams_are_dropped(dialogue: Dialogue) -> None:
    dialogue.deliver([b"\x00", b"\xff" * 50, b"\xc0\x00\x00\x00\x01" + b"\x14" * 40, b"x" * 1200])
    assert dialogue.engine.receive([(b"y" * 3000, 1200)], dialogue.now) == []
    stream = dialogue.request()
    dialogue.respond(stream, head(OK))
    assert stream.remote_end
