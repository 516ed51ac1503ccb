"""Any object with the buffer protocol can be sent."""

import array
from typing import Any

import pytest
from httpcore_models.lowlevel import as_bytes


@pytest.mark.fault("S14")
@pytest.mark.parametrize(
    "chunk",
    [
        b"abcdefgh",
        bytearray(b"abcdefgh"),
        memoryview(b"abcdefgh"),
        memoryview(b"abcdefgh").cast("d"),
        memoryview(b"abcdefgh").cast("B", (2, 4)),
        memoryview(b"a_b_c_d_e_f_g_h_")[::2],
        array.array("I", b"abcdefgh"),
    ],
    ids=["bytes", "bytearray", "memoryview", "numbers", "rows", "strided", "array"],
)
def test_any_buffer_becomes_bytes(chunk: Any) -> None:
    view = as_bytes(chunk)
    assert (len(view), bytes(view), b"".join([view[:3]])) == (8, b"abcdefgh", b"abc")


@pytest.mark.fault("S14")
@pytest.mark.parametrize("chunk", [b"", array.array("d"), memoryview(b"").cast("I")], ids=["bytes", "array", "numbers"])
def test_an_empty_buffer_becomes_no_bytes(chunk: Any) -> None:
    assert len(as_bytes(chunk)) == 0


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes-like"):
        as_bytes("text")
