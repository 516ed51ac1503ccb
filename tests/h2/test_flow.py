"""Credit is returned in batches, and all of it is."""

import pytest
from h2.config import H2Configuration
from httpcore_h2._connection_state import ConnectionState
from httpcore_h2._flow import CONNECTION_CREDIT, CONNECTION_WINDOW, MAX_FRAME_SIZE, STREAM_CREDIT, STREAM_WINDOW
from httpcore_h2._stream import Stream
from httpcore_test_support.h2_dialogue import head
from hypothesis import given
from hypothesis import strategies as st


def credit_for(*sizes: int) -> list[int]:
    """Return how much credit is returned for each of the `sizes` that are consumed."""
    connection = ConnectionState(H2Configuration())
    stream = Stream(head())
    connection.streams.add(stream)
    stream.receive_window = 0
    returned = []
    for size in sizes:
        before = stream.receive_window
        connection.give_credit(stream, size)
        returned.append(stream.receive_window - before)
        assert bool(connection.outgoing) == bool(returned[-1])
        connection.outgoing.clear()
    return returned


def test_nothing_is_returned_before_half_of_the_window_is_consumed() -> None:
    assert credit_for(STREAM_CREDIT - 1, 0, 1, STREAM_CREDIT - 1) == [0, 0, STREAM_CREDIT, 0]
    assert credit_for(STREAM_CREDIT - 1, 700) == [0, STREAM_CREDIT + 699]


@given(st.lists(st.integers(0, STREAM_WINDOW)))
def test_less_than_half_of_the_window_is_ever_outstanding(sizes: list[int]) -> None:
    outstanding = 0
    for size, returned in zip(sizes, credit_for(*sizes), strict=True):
        outstanding += size - returned
        assert returned == 0 or outstanding == 0
        assert outstanding < STREAM_CREDIT


@pytest.mark.field(54)
def test_windows_keep_fast_downloads_going() -> None:
    # A window per round trip of 100 ms, in bits per second; two frames at the least before credit comes back.
    assert STREAM_WINDOW * 8 * 10 > 300_000_000
    assert CONNECTION_WINDOW >= 2 * STREAM_WINDOW
    assert STREAM_CREDIT >= 2 * MAX_FRAME_SIZE
    assert CONNECTION_CREDIT <= CONNECTION_WINDOW // 2
