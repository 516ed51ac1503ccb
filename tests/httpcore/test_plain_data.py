"""Objects that hold nothing but data, and objects that reading may use up."""

from __future__ import annotations

import collections
import io
import pathlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpcore._plain_data import is_plain_data

pytestmark = pytest.mark.fault("S6")


class Holder:
    """A body that holds an object."""

    def __init__(self, held: object) -> None:
        self.held = held
        self.begun = 0

    def __iter__(self) -> Iterator[bytes]:
        self.begun += 1
        yield b"part"


class Slot:
    """The same, in a slot, where it cannot be found."""

    __slots__ = ("held",)

    def __init__(self, held: object) -> None:
        self.held = held

    def __iter__(self) -> Iterator[bytes]:
        yield b"part"


class MoreThanSlot(Slot):
    """The same, with a `__dict__` besides."""


class File(io.BytesIO):
    """A file with attributes."""


class OwnIterator:
    """An iterator whose state is plain data, and changes."""

    def __init__(self) -> None:
        self.number = 0

    def __iter__(self) -> OwnIterator:
        return self

    def __next__(self) -> bytes:
        self.number += 1
        return bytes(self.number)


def nested(depth: int) -> object:
    held: object = b""
    for _ in range(depth):
        held = [held]
    return held


@pytest.mark.parametrize(
    "held",
    [
        *(b"", "", 1, 1.5, True, None, [b"a", b"b"], (b"a",), {"a": b"a"}, {b"a"}, bytearray(), memoryview(b"a")),
        *(pathlib.Path("a"), threading.Lock(), Holder(Holder([b"a"])), nested(3)),
    ],
    ids=lambda held: type(held).__name__,
)
def test_plain_data(held: object) -> None:
    assert is_plain_data(Holder(held))


USED_UP: list[Callable[[], Any]] = [
    lambda: io.BytesIO(b"a"),
    lambda: io.StringIO("a"),
    File,
    pathlib.Path(__file__).open,
    queue.Queue,
    queue.SimpleQueue,
    collections.deque,
    socket.socket,
    lambda: iter([b"a"]),
    lambda: (part for part in [b"a"]),
    lambda: map(bytes, [b"a"]),
    lambda: io.BytesIO(b"a").read,
    lambda: lambda: b"a",
    OwnIterator,
    lambda: Slot(b"a"),
    lambda: MoreThanSlot(b"a"),
    object,
    lambda: nested(5),
    lambda: [b""] * 1001,
]


@pytest.mark.parametrize("make", USED_UP, ids=range(len(USED_UP)))
def test_not_plain_data(make: Callable[[], Any]) -> None:
    held = make()
    try:
        for value in (held, Holder(held), Holder(Holder(held)), Holder([held]), Holder({"a": held})):
            assert not is_plain_data(value)
    finally:
        if hasattr(held, "close"):
            held.close()
