"""What may be written: any object with the buffer protocol."""

from typing import Any


def as_bytes(buffer: Any) -> "bytes | memoryview":
    """Return `buffer` as something whose length is its number of bytes, without a copy where there need be none."""
    if type(buffer) is bytes:
        return buffer
    view = memoryview(buffer)
    if view.c_contiguous and view.nbytes:
        return view.cast("B")
    return view.tobytes()
