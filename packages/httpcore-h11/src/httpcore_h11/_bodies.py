"""How the body of a request is cut into parts to send."""

from collections.abc import Iterator
from typing import Any

# An upload looks for an answer between parts of this size, in bytes, and while one waits to be sent. As large as the
# reads, and as curl's upload buffer.
PART_SIZE = 64 * 1024


def body_parts(chunk: Any) -> Iterator[tuple[bytes | memoryview, int]]:
    """Cut a large piece of a body into parts that are sent one by one; bytes are not copied.

    Gives each with the number of bytes of the piece that come after it. A piece may be any object that gives access to
    its memory, such as an array. Raises `TypeError` for any other.
    """
    view = memoryview(chunk) if type(chunk) is bytes else as_octets(chunk)
    for start in range(0, len(view), PART_SIZE):
        part = view[start : start + PART_SIZE]
        # Of what may change, a copy: whose it is may do so, and change its size, as soon as all of it was sent.
        yield part if type(chunk) is bytes else bytes(part), len(view) - start - len(part)


def as_octets(data: Any) -> bytes | memoryview:
    """Return `data`, of whatever type and shape its items are, as bytes, if possible without copying them.

    Raises `TypeError` for an object that gives no access to its memory.
    """
    if type(data) is bytes:
        return data
    try:
        view = memoryview(data)
    except TypeError:
        kind = type(data).__name__
        raise TypeError(f"content must be made of bytes or other bytes-like objects, but got {kind}.") from None
    try:
        return view.cast("B")
    except (TypeError, ValueError):  # not in one piece, empty in some dimension, or of items that it cannot cast
        return view.tobytes()


def is_in_memory(body: Any) -> bool:
    """Whether the first part of a body may be asked for before the head of the request was sent.

    Only what waits for nothing can be had in both ways, sync and async. Any other body may take its time, or count on
    the server having seen the head.
    """
    kind = type(body)
    return hasattr(kind, "__iter__") and hasattr(kind, "__aiter__")
