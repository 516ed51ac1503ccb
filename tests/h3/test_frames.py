"""Frames on the wire, in whatever pieces they arrive."""

import random

import pytest
from httpcore_h3._codes import Code, ConnectionFault
from httpcore_h3._frames import DATA, HEADERS, MAX_FRAME_SIZE, FrameReader, build_frame, encode_varint, read_varint
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(0, 2**62 - 1))
def test_numbers_are_read_as_they_were_written(value: int) -> None:
    data = encode_varint(value)
    assert read_varint(b"x" + data, 1) == (value, 1 + len(data))
    for size in range(len(data)):
        assert read_varint(data[:size], 0) is None


@pytest.mark.parametrize(
    ("data", "value"),
    [("c2197c5eff14e88c", 151288809941952652), ("9d7f3e7d", 494878333), ("7bbd", 15293), ("25", 37), ("4025", 37)],
)
def test_the_examples_of_the_rfc(data: str, value: int) -> None:
    assert read_varint(bytes.fromhex(data), 0) == (value, len(data) // 2)


@given(st.lists(st.tuples(st.sampled_from([DATA, HEADERS, 0x4, 0x7]), st.binary(max_size=80))), st.integers(0, 999))
def test_pieces_make_no_difference(frames: list[tuple[int, bytes]], seed: int) -> None:
    wire = b"".join(build_frame(0x21, b"skipped") + build_frame(kind, payload) for kind, payload in frames)
    reader, received, chance = FrameReader(), [], random.Random(seed)
    while wire:
        size = chance.randrange(1, 20)
        received += reader.receive(wire[:size])
        wire = wire[size:]
    assert reader.is_between_frames
    joined: list[tuple[int, bytes]] = []
    for number, (kind, payload) in enumerate(received):
        if kind == DATA and number and received[number - 1][0] == DATA:
            payload = joined.pop()[1] + payload
        joined.append((kind, payload))
    expected: list[tuple[int, bytes]] = []
    for kind, payload in frames:
        if kind == DATA and not payload:
            continue
        if kind == DATA and expected and expected[-1][0] == DATA:
            payload = expected.pop()[1] + payload
        expected.append((kind, payload))
    assert joined == expected


def test_a_frame_may_not_be_cut_off() -> None:
    for data in (b"\x01", b"\x01\x05abc", b"\x00\x05abc", b"\x21\x05"):
        reader = FrameReader()
        reader.receive(data)
        assert not reader.is_between_frames


def test_only_data_may_be_large() -> None:
    large = encode_varint(MAX_FRAME_SIZE + 1)
    assert FrameReader().receive(b"\x00" + large + b"abc") == [(DATA, b"abc")]
    assert FrameReader().receive(b"\x21" + large + b"abc") == []
    with pytest.raises(ConnectionFault) as caught:
        FrameReader().receive(b"\x01" + large)
    assert caught.value.code == Code.EXCESSIVE_LOAD
