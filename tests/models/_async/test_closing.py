"""Closing streams and connections that fail to close."""

import pytest
from httpcore_models import AsyncConnectionInterface, AsyncNetworkStream
from httpcore_models.lowlevel import AsyncCloseOnExit, async_close_all, async_close_unopened

pytestmark = pytest.mark.anyio


class Interrupt(BaseException):
    """An exception from outside, such as from a signal handler."""


class AsyncCloseable(AsyncCloseOnExit, AsyncConnectionInterface, AsyncNetworkStream):
    """Counts how often it is closed, which fails with `error`."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.closed = 0
        self._error = error

    async def aclose(self) -> None:
        self.closed += 1
        if self._error is not None:
            raise self._error


async def test_error_of_an_unopened_stream_is_suppressed() -> None:
    stream = AsyncCloseable(OSError("broken"))
    await async_close_unopened(stream)
    assert stream.closed == 1


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_all_connections_are_closed_though_each_fails(count: int) -> None:
    connections = [AsyncCloseable(OSError("broken")) for _ in range(count)]
    remaining: list[AsyncConnectionInterface] = [*connections]
    await async_close_all(remaining)
    assert remaining == []
    assert [connection.closed for connection in connections] == [1] * count


async def test_interruption_is_raised_after_all_are_closed() -> None:
    connections = [AsyncCloseable(), AsyncCloseable(Interrupt()), AsyncCloseable()]
    remaining: list[AsyncConnectionInterface] = [*connections]
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - anyio raises a group
        await async_close_all(remaining)
    errors = getattr(caught.value, "exceptions", (caught.value,))
    assert [type(error) for error in errors] == [Interrupt]
    assert remaining == []
    assert [connection.closed for connection in connections] == [1, 1, 1]


async def test_end_of_the_block_closes() -> None:
    async with AsyncCloseable() as connection:
        assert connection.closed == 0
    assert connection.closed == 1
    with pytest.raises(ValueError, match=r"^no$"):
        async with connection:
            raise ValueError("no")
    assert connection.closed == 2
