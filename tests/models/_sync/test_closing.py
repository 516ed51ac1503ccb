# Generated from ../_async/test_closing.py by tools/make_sync.py: edit that file, then run it.
"""Closing streams and connections that fail to close."""

import pytest
from httpcore_models import ConnectionInterface, NetworkStream
from httpcore_models.lowlevel import CloseOnExit, close_all, close_unopened

pytestmark = pytest.mark.anyio


class Interrupt(BaseException):
    """An exception from outside, such as from a signal handler."""


class Closeable(CloseOnExit, ConnectionInterface, NetworkStream):
    """Counts how often it is closed, which fails with `error`."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.closed = 0
        self._error = error

    def close(self) -> None:
        self.closed += 1
        if self._error is not None:
            raise self._error


def test_error_of_an_unopened_stream_is_suppressed() -> None:
    stream = Closeable(OSError("broken"))
    close_unopened(stream)
    assert stream.closed == 1


@pytest.mark.parametrize("count", [0, 1, 3])
def test_all_connections_are_closed_though_each_fails(count: int) -> None:
    connections = [Closeable(OSError("broken")) for _ in range(count)]
    remaining: list[ConnectionInterface] = [*connections]
    close_all(remaining)
    assert remaining == []
    assert [connection.closed for connection in connections] == [1] * count


def test_interruption_is_raised_after_all_are_closed() -> None:
    connections = [Closeable(), Closeable(Interrupt()), Closeable()]
    remaining: list[ConnectionInterface] = [*connections]
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - anyio raises a group
        close_all(remaining)
    errors = getattr(caught.value, "exceptions", (caught.value,))
    assert [type(error) for error in errors] == [Interrupt]
    assert remaining == []
    assert [connection.closed for connection in connections] == [1, 1, 1]


def test_end_of_the_block_closes() -> None:
    with Closeable() as connection:
        assert connection.closed == 0
    assert connection.closed == 1
    with pytest.raises(ValueError, match=r"^no$"):
        with connection:
            raise ValueError("no")
    assert connection.closed == 2
