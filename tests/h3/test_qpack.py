"""The compression of fields: against qh3, which has it from ls-qpack, and against hpack, which has the same code."""

import pytest
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from httpcore_h3 import _qpack
from httpcore_h3._codes import Code, ConnectionFault
from httpcore_h3._qh3 import FieldDecoder
from httpcore_h3._qh3_faults import qh3_qpack
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from([name for name, _ in _qpack.STATIC_TABLE]) | st.binary(min_size=1, max_size=200)
FIELDS = st.lists(st.sampled_from(_qpack.STATIC_TABLE) | st.tuples(NAMES, st.binary(max_size=400)), max_size=20)


def test_the_static_table_is_that_of_qh3() -> None:
    decoder = qh3_qpack.QpackDecoder(0, 0)
    for field in _qpack.STATIC_TABLE:
        assert decoder.feed_header(0, _qpack.encode([field]))[1] == [field]


def test_the_code_is_that_of_hpack() -> None:
    codes = {symbol: (code, length) for (length, code), symbol in _qpack._SYMBOLS.items()}
    assert [codes[symbol] for symbol in range(257)] == list(zip(REQUEST_CODES, REQUEST_CODES_LENGTH, strict=True))


@given(FIELDS)
def test_fields_are_decoded_as_they_were_encoded(fields: _qpack.Fields) -> None:
    block = _qpack.encode(fields)
    assert _qpack.decode(block, 100_000) == fields
    assert FieldDecoder().decode(block) == fields


@given(st.binary(max_size=300))
def test_compressed_strings(string: bytes) -> None:
    encoder = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)
    compressed = encoder.encode(string)
    block = _qpack.PREFIX + _qpack._encode_integer(1, 4, 0x50) + _qpack._encode_integer(len(compressed), 7, 0x80)
    assert _qpack.decode(block + compressed, 10_000) == [(b":path", string)]


@given(st.binary(max_size=40))
def test_both_decoders_agree(content: bytes) -> None:
    block = _qpack.PREFIX + content
    try:
        theirs = qh3_qpack.QpackDecoder(0, 0, max_field_section_size=100_000).feed_header(0, block)[1]
    except Exception:
        theirs = None
    try:
        ours = _qpack.decode(block, 100_000)
    except ConnectionFault:
        ours = None
    if theirs is not None:
        assert ours == theirs


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x00",
        b"\x01\x00\xd1",
        b"\x00\x00\x80",
        b"\x00\x00\x40\x01a",
        b"\x00\x00\xff\x24",
        b"\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x00\x00\x51",
        b"\x00\x00\x51\x05abc",
        b"\x00\x00\x51\x81\x00",
        b"\x00\x00\x51\x82\xff\xff",
        b"\x00\x00\x51\x84\xff\xff\xff\xff",
        b"\x00\x00\x51\x85\xff\xff\xff\xff\xff",
        b"\x00\x00\x23ab",
        b"\x00\x00\x10",
    ],
)
def test_malformed_blocks(block: bytes) -> None:
    for decode in (lambda block: _qpack.decode(block, 100), FieldDecoder().decode):
        with pytest.raises(ConnectionFault) as caught:
            decode(block)
        assert caught.value.code == Code.QPACK_DECOMPRESSION_FAILED


def test_the_size_of_a_section_is_limited() -> None:
    block = _qpack.encode([(b"x", b"y" * 60)] * 10)
    assert len(_qpack.decode(block, 930)) == 10
    with pytest.raises(ConnectionFault, match="more than 929 bytes") as caught:
        _qpack.decode(block, 929)
    assert caught.value.code == Code.EXCESSIVE_LOAD
    with pytest.raises(ConnectionFault):
        FieldDecoder().decode(_qpack.encode([(b"x", b"y" * 1000)] * 110))
