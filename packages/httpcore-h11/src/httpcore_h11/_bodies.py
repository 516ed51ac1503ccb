"""The body of a request, cut into the parts that are sent."""

import abc
from collections.abc import Iterator
from typing import Any

from httpcore_models.lowlevel import as_bytes

# An upload looks for an answer between parts of this many bytes: as many as one read, and as curl's upload buffer.
PART_SIZE = 64 * 1024


class InMemoryBody(abc.ABC):  # noqa: B024 - for `isinstance()` only
    """A body whose first part can be asked for before the head is sent, as `isinstance()` tells.

    Only a body that never waits supports both `for` and `async for`. Any other one may take its time, or rely on the
    server having seen the head.
    """

    @classmethod
    def __subclasshook__(cls, kind: type) -> bool:
        return hasattr(kind, "__iter__") and hasattr(kind, "__aiter__")


def body_parts(chunk: Any) -> Iterator[tuple[bytes | memoryview, int]]:
    """Cut a piece of a body into parts that are sent one by one. Bytes are not copied.

    Yields each part together with the number of bytes of the piece that follow it. A piece may be any bytes-like
    object, such as an array. Raises `TypeError` for anything else.
    """
    view = memoryview(chunk) if type(chunk) is bytes else as_octets(chunk)
    for start in range(0, len(view), PART_SIZE):
        part = view[start : start + PART_SIZE]
        # Copy what is mutable: its owner may change it, and its size too, as soon as all of it was sent.
        yield part if type(chunk) is bytes else bytes(part), len(view) - start - len(part)


def as_octets(data: Any) -> bytes | memoryview:
    """Return a bytes-like object as single bytes, whatever the type and shape of its items; copy only if necessary.

    Raises `TypeError` for any other object.
    """
    try:
        return as_bytes(data)
    except TypeError:
        kind = type(data).__name__
        raise TypeError(f"content must be made of bytes or other bytes-like objects, but got {kind}.") from None
