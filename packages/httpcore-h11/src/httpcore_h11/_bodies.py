"""How the body of a request is cut into parts to send."""

from collections.abc import Iterator
from typing import Any

# Between parts of this size, in bytes, an upload looks whether the server has already answered. As large as the
# reads, and as curl's upload buffer.
PART_SIZE = 64 * 1024


def body_parts(chunk: bytes) -> Iterator[bytes | memoryview]:
    """Cut a large piece of a body into parts that are sent one by one; nothing is copied."""
    if len(chunk) <= PART_SIZE:
        if chunk:
            yield chunk
        return
    view = memoryview(chunk)
    for start in range(0, len(view), PART_SIZE):
        yield view[start : start + PART_SIZE]


def is_at_hand(body: Any) -> bool:
    """Whether the first part of a body may be asked for before the head of the request was sent.

    Only what waits for nothing can be had in both ways, sync and async. Any other body may take its time, or count on
    the server having seen the head.
    """
    return hasattr(body, "__iter__") and hasattr(body, "__aiter__")
