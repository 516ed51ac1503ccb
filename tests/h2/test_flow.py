"""Credit is returned in batches, and all of it is."""

import pytest
from h2.config import H2Configuration
from httpcore_h2._connection_state import ConnectionState
from httpcore_h2._flow import (
    CONNECTION_CREDIT,
    CONNECTION_WINDOW,
    FIRST_CREDIT,
    MAX_FRAME_SIZE,
    MAX_STREAM_WINDOW,
    STREAM_WINDOW,
    TOTAL_GROWTH,
)
from httpcore_h2._stream import Stream
from httpcore_test_support.h2_dialogue import head
from hypothesis import given
from hypothesis import strategies as st


def credit_for(*sizes: int) -> list[int]:
    """Return how much credit is returned for each of the `sizes` that are consumed."""
    connection = ConnectionState(H2Configuration())
    stream = Stream(head())
    connection.streams.add(stream)
    returned = []
    for size in sizes:
        # All that the server may send has arrived and waits to be read: such a window does not grow.
        stream.receive_window = 0
        connection.give_credit(stream, size)
        returned.append(stream.receive_window)
        assert bool(connection.outgoing) == bool(returned[-1])
        connection.outgoing.clear()
    return returned


def test_nothing_is_returned_before_a_batch_is_complete() -> None:
    assert credit_for(FIRST_CREDIT - 1, 0, 1, FIRST_CREDIT - 1) == [0, 0, FIRST_CREDIT, 0]
    assert credit_for(FIRST_CREDIT - 1, 700) == [0, FIRST_CREDIT + 699]


@given(st.lists(st.integers(0, STREAM_WINDOW // 8)))
def test_less_than_a_batch_is_ever_outstanding(sizes: list[int]) -> None:
    outstanding = 0
    for size, returned in zip(sizes, credit_for(*sizes), strict=True):
        outstanding += size - returned
        assert returned == 0 or outstanding == 0
        assert outstanding < FIRST_CREDIT


@pytest.mark.field(54)
def test_windows_keep_fast_downloads_going() -> None:
    # A window per round trip of 100 ms, in bits per second.
    assert MAX_STREAM_WINDOW * 8 * 10 > 2_000_000_000
    # Two frames at the least before credit comes back.
    assert FIRST_CREDIT >= 2 * MAX_FRAME_SIZE
    # The connection limits no stream, even if all have grown.
    assert CONNECTION_WINDOW - CONNECTION_CREDIT >= 2 * TOTAL_GROWTH
