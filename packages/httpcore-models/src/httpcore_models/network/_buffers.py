"""What may be written: any object with the buffer protocol."""

from typing import Any


def as_bytes(buffer: Any) -> "bytes | memoryview":
    """Return an object whose length is the number of bytes in `buffer`, without a copy if possible."""
    if type(buffer) is bytes:
        return buffer
    view = memoryview(buffer)
    if view.c_contiguous and view.nbytes:
        return view.cast("B")
    return view.tobytes()
