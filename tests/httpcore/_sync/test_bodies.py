# Generated from ../_async/test_bodies.py by tools/make_sync.py: edit that file, then run it.
"""Bodies that may have to be sent again."""

from collections.abc import Generator, Iterator

import pytest
from httpcore._sync.bodies import RewindableBody

pytestmark = pytest.mark.anyio


class Parts:
    """A body that counts its iterators, and those that are open."""

    def __init__(self) -> None:
        self.begun = self.open = 0

    def __iter__(self) -> Iterator[bytes]:
        self.begun += 1
        self.open += 1
        try:
            yield b"one"
            yield b"two"
        finally:
            self.open -= 1


def begin(body: RewindableBody) -> None:
    """Send the first part only."""
    parts = body.__iter__()
    assert isinstance(parts, Generator)
    assert parts.__next__() == b"one"
    parts.close()


@pytest.mark.fault("P4")
def test_body_refused_repeatedly_is_started_once_more() -> None:
    parts = Parts()
    body = RewindableBody(parts)
    begin(body)
    for _ in range(3):
        assert body.rewind()
        assert (parts.begun, parts.open) == (2, 1)
    for part in body:
        assert part in (b"one", b"two")
    assert (parts.begun, parts.open) == (2, 0)


@pytest.mark.fault("P4")
def test_discarded_body_is_closed() -> None:
    parts = Parts()
    body = RewindableBody(parts)
    begin(body)
    assert body.rewind()
    body.discard()
    assert (parts.begun, parts.open) == (2, 0)
    body.discard()
