"""Which optional methods of streams may be called: those that a replaced `read()` has not superseded."""

from typing import Any
from unittest import mock

import pytest
from httpcore_models.lowlevel import optional_method


class Stream:
    def read(self) -> bytes:
        return b""

    def receive_nowait(self) -> bytes:
        return b""


class WithoutOptional:
    def read(self) -> bytes:
        return b""


class Unchanged(Stream):
    """A subclass that replaces neither."""


class Replaced(Stream):
    def read(self) -> bytes:
        return b"replaced"


class BothReplaced(Replaced):
    def receive_nowait(self) -> bytes:
        return b"replaced"


class Wrapper:
    """Forwards all names except `read()`."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self) -> bytes:
        return b"replaced"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def replaced_on_the_object(*names: str) -> Stream:
    stream = Stream()
    for name in names:
        setattr(stream, name, lambda: b"replaced")
    return stream


@pytest.mark.parametrize(
    "stream", [Stream(), Unchanged(), BothReplaced(), replaced_on_the_object("read", "receive_nowait")]
)
def test_method_that_belongs_to_read_is_found(stream: Any) -> None:
    assert optional_method(stream, "receive_nowait", instead_of="read") == stream.receive_nowait


@pytest.mark.parametrize(
    "stream",
    [WithoutOptional(), Replaced(), Wrapper(Stream()), replaced_on_the_object("read"), mock.Mock(), object()],
    ids=["without", "subclass", "wrapper", "object", "mock", "no stream"],
)
def test_method_that_a_replaced_read_has_superseded_is_not_found(stream: Any) -> None:
    assert optional_method(stream, "receive_nowait", instead_of="read") is None
