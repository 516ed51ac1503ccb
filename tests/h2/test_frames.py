"""Cutting bytes into frames, joining header blocks, and counting frames that transfer nothing."""

import contextlib
from unittest.mock import Mock

import pytest
from httpcore_h2 import _frames
from httpcore_h2._frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    PADDED,
    SETTINGS,
    Frame,
    FrameReader,
    HeaderBlocks,
    build_frame,
    build_frame_header,
    unpadded,
)
from httpcore_h2._receiving import FloodGuard
from httpcore_models import RemoteProtocolError
from httpcore_test_support import h2_frames
from httpcore_test_support.exchanges import bytewise, cut_at
from hypothesis import given
from hypothesis import strategies as st

LIMIT = 70_000
FIRST = Frame(SETTINGS, 0, 0, b"")
KINDS = st.integers(0, 1) | st.integers(0, 255)
PAYLOADS = st.binary(max_size=40) | st.integers(0, 9000).map(bytes)
FRAMES = st.builds(Frame, KINDS, st.integers(0, 255), st.integers(0, 2**31 - 1), PAYLOADS)


class Recorder:
    """Puts the frames together again."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.calls = 0
        # Of the DATA frame that came last: what is missing, and whether its end was reported.
        self._missing, self._ended = 0, True

    def head_received(self, stream_id: int, flags: int, block: bytes) -> None:
        assert flags & (END_HEADERS | PADDED | 0x20) == END_HEADERS
        self.frame_received(Frame(HEADERS, flags, stream_id, block))

    def data_received(self, stream_id: int, end: bool, size: int, data: bytes | memoryview) -> None:
        self.frame_received(Frame(DATA, int(end), stream_id, b""))
        self._missing = size
        self._add(data)
        assert not (end and self._missing)

    def more_data_received(self, stream_id: int, end: bool, data: bytes | memoryview) -> None:
        assert (self.frames[-1].type, self.frames[-1].stream_id) == (DATA, stream_id)
        assert data
        self._add(data)
        if end:
            assert not self._missing
            self.frames[-1] = self.frames[-1]._replace(flags=1)

    def _add(self, data: bytes | memoryview) -> None:
        self.calls += 1
        self._missing -= len(data)
        self.frames[-1] = self.frames[-1]._replace(payload=self.frames[-1].payload + data)

    def frame_received(self, frame: Frame) -> None:
        assert not self._missing
        self.frames.append(frame)

    def complete(self) -> list[Frame]:
        assert not self._missing
        return self.frames


def read(pieces: list[bytes], limit: int = LIMIT) -> list[Frame]:
    recorder = Recorder()
    reader = FrameReader(limit, recorder)
    for piece in pieces:
        reader.receive_data(piece)
    return recorder.complete()


def without_other_flags(frame: Frame) -> Frame:
    """Flags of DATA frames that mean nothing are not reported."""
    return frame._replace(flags=frame.flags & 1) if frame.type == DATA and not frame.flags & PADDED else frame


@given(st.lists(FRAMES, max_size=8), st.sets(st.integers(0, 500) | st.integers(0, 30_000)))
def test_frames_are_the_same_however_they_are_cut(sent: list[Frame], cuts: set[int]) -> None:
    frames = [FIRST, *sent]
    wire = b"".join(build_frame(*frame) for frame in frames)
    assert wire == b"".join(h2_frames.frame(*frame) for frame in frames)
    found = read([wire])
    assert found == read(bytewise(wire)) == read(cut_at(wire, {min(cut, len(wire)) for cut in cuts}))
    assert found == [without_other_flags(frame) for frame in frames]


def test_a_frame_header_equals_that_of_the_whole_frame() -> None:
    payload = bytes(LIMIT)
    assert build_frame_header(LIMIT, DATA, 1, 5) + payload == build_frame(DATA, 1, 5, memoryview(payload))


def test_the_reserved_bit_of_a_stream_id_is_ignored() -> None:
    assert read([h2_frames.settings() + h2_frames.frame(DATA, 0, 2**31 + 5, b"")])[1].stream_id == 5


def test_a_frame_of_the_largest_size_is_read_and_a_larger_one_is_refused_by_its_header() -> None:
    first = h2_frames.settings()
    assert len(read([first, h2_frames.frame(DATA, 0, 1, bytes(LIMIT))])[1].payload) == LIMIT
    for pieces in ([first + build_frame_header(LIMIT + 1, DATA, 0, 1)], bytewise(first + b"\x01\x11\x71\0\0\0\0\0\1")):
        with pytest.raises(RemoteProtocolError, match=r"^Received overlong frame: length 70001, max 70000$"):
            read(pieces)


def test_frames_before_a_refused_one_are_not_lost() -> None:
    recorder = Recorder()
    with pytest.raises(RemoteProtocolError):
        FrameReader(LIMIT, recorder).receive_data(h2_frames.settings() + h2_frames.ping() + b"\xff" * 9)
    assert [frame.type for frame in recorder.frames] == [SETTINGS, 6]


def test_a_large_frame_in_small_pieces_is_joined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pieces are not inspected before the frame is complete, which would take quadratic time."""
    unpack = Mock(wraps=_frames._unpack_header)
    monkeypatch.setattr(_frames, "_unpack_header", unpack)
    wire = h2_frames.settings() + h2_frames.frame(HEADERS, END_HEADERS, 1, bytes(60_000))
    assert len(read(cut_at(wire, set(range(0, len(wire), 10))))) == 2
    assert 2 <= unpack.call_count <= 4


def test_data_is_handed_over_as_it_arrives() -> None:
    recorder = Recorder()
    reader = FrameReader(LIMIT, recorder)
    wire = h2_frames.settings() + h2_frames.data(1, bytes(60_000)) + h2_frames.data(3, b"a")
    for number, piece in enumerate(cut_at(wire, {5_000, 20_000, 40_000}), 1):
        reader.receive_data(piece)
        assert recorder.calls == number + (number == 4)
        assert reader._size == 0
    assert [len(frame.payload) for frame in recorder.complete()] == [0, 60_000, 1]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "'HTTP/1.1 400 Bad Request'"),
        (b"HTTP/1.0 505 \xff\r\n", r"'HTTP/1.0 505 \\xff'"),
    ],
)
def test_an_http1_answer_is_named_in_the_error(answer: bytes, text: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        read([answer])
    assert str(caught.value) == f"Server answered with HTTP/1 instead of HTTP/2: {text}"


def test_the_first_frame_has_to_be_settings() -> None:
    with pytest.raises(RemoteProtocolError, match=r"^Server did not begin with a SETTINGS frame: b'.*'$"):
        read(bytewise(h2_frames.ping()))
    assert read([h2_frames.settings(), h2_frames.ping()])


@pytest.mark.parametrize(
    ("payload", "data"),
    [(b"\0", b""), (b"\0abc", b"abc"), (b"\2abc\0\0", b"abc"), (b"\3\0\0\0", b"")],
)
def test_padding_is_removed(payload: bytes, data: bytes) -> None:
    assert unpadded(Frame(DATA, PADDED, 1, payload)) == data
    assert unpadded(Frame(DATA, 0, 1, payload)) == payload


@pytest.mark.parametrize("payload", [b"", b"\1", b"\4abc", b"\xff" * 255])
def test_more_padding_than_payload_is_refused(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match=r"^Received frame with invalid padding\. \(stream 7\)$"):
        unpadded(Frame(DATA, PADDED, 7, payload))


def block_of(*frames: Frame) -> tuple[Frame, bytes] | None:
    blocks = HeaderBlocks()
    complete = None
    for frame in frames:
        blocks.check(frame.type, frame.stream_id)
        assert complete is None
        complete = blocks.receive(frame)
    return complete


def test_header_block_fragments_are_joined() -> None:
    head = Frame(HEADERS, 0x1 | PADDED | 0x20, 1, b"\2" + b"prior" + b"ab" + b"\0\0")
    rest = [Frame(CONTINUATION, 0, 1, b"cd"), Frame(CONTINUATION, 0, 1, b"")]
    assert block_of(head, *rest) is None
    assert block_of(head, *rest, Frame(CONTINUATION, END_HEADERS, 1, b"ef")) == (head, b"abcdef")
    alone = Frame(HEADERS, END_HEADERS, 1, b"xy")
    assert block_of(alone) == (alone, b"xy")


def test_blocks_are_independent() -> None:
    blocks = HeaderBlocks()
    for name in (b"a", b"b"):
        assert blocks.receive(Frame(HEADERS, 0, 1, name)) is None
        assert blocks.receive(Frame(CONTINUATION, END_HEADERS, 1, name)) == (Frame(HEADERS, 0, 1, name), name * 2)


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([Frame(CONTINUATION, END_HEADERS, 1, b"")], "Received a CONTINUATION frame without a HEADERS frame before it"),
        ([Frame(HEADERS, 0, 1, b""), Frame(DATA, 0, 1, b"")], "Invalid frame during header block."),
        ([Frame(HEADERS, 0, 1, b""), Frame(CONTINUATION, 0, 3, b"")], "Invalid frame during header block."),
        ([Frame(HEADERS, 0, 1, b""), Frame(HEADERS, 4, 1, b"")], "Invalid frame during header block."),
        ([Frame(HEADERS, 0x20 | END_HEADERS, 1, b"prio")], "Frame data missing or invalid: a malformed HEADERS frame"),
        (
            [Frame(HEADERS, 0, 1, b"")] + [Frame(CONTINUATION, 0, 1, b"a")] * 64,
            "Received at least 64 bytes of a header block in 65 frames",
        ),
        (
            [Frame(HEADERS, 0, 1, bytes(60_000)), Frame(CONTINUATION, 0, 1, bytes(60_000))],
            "Received at least 120000 bytes of a header block in 2 frames",
        ),
    ],
)
def test_a_malformed_header_block_is_refused(frames: list[Frame], text: str) -> None:
    with pytest.raises(RemoteProtocolError, match=f"^{text}"):
        block_of(*frames)


def test_a_block_may_consist_of_64_frames() -> None:
    frames = [Frame(HEADERS, 0, 1, b"a")] + [Frame(CONTINUATION, 0, 1, b"a")] * 62
    assert block_of(*frames, Frame(CONTINUATION, END_HEADERS, 1, b"a")) == (frames[0], b"a" * 64)


def test_ten_thousand_idle_frames_in_a_row_are_allowed() -> None:
    guard = FloodGuard()
    for _ in range(10_000):
        guard.idle_frame(5.0, 0)
    with pytest.raises(
        RemoteProtocolError, match=r"^Received more than 10000 frames, or 640000 bytes, in a row that transfer nothing$"
    ):
        guard.idle_frame(5.0, 0)


def test_a_hundred_idle_frames_a_second_are_allowed_for_ever() -> None:
    guard = FloodGuard()
    for number in range(50_000):
        guard.idle_frame(number / 100, 0)
    accepted = 0
    with contextlib.suppress(RemoteProtocolError):
        for number in range(50_000):
            guard.idle_frame(500 + number / 200, 0)
            accepted += 1
    assert accepted < 30_000


def test_a_quiet_time_does_not_raise_the_limit() -> None:
    guard = FloodGuard()
    guard.idle_frame(0.0, 0)
    for _ in range(10_000):
        guard.idle_frame(1e6, 0)
    with pytest.raises(RemoteProtocolError):
        guard.idle_frame(1e6, 0)


def test_a_transfer_resets_the_count() -> None:
    guard = FloodGuard()
    for _ in range(3):
        guard.progress = True
        for _ in range(10_000):
            guard.idle_frame(0.0, 0)
