"""What may be sent: any object with the buffer protocol."""

from typing import Any


def as_bytes(buffer: Any) -> "bytes | memoryview":
    """Return the bytes of `buffer`, which may hold items of any type and shape, without a copy if possible.

    Raises `TypeError` for an object that is no buffer.
    """
    if type(buffer) is bytes:
        return buffer
    view = memoryview(buffer)
    if view.c_contiguous and view.nbytes:
        return view.cast("B")
    return view.tobytes()
