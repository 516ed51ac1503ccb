"""Credit is given back in batches, and all of it."""

import pytest
from httpcore_h2._flow import CONNECTION_WINDOW, MAX_FRAME_SIZE, STREAM_WINDOW, Credit
from hypothesis import given
from hypothesis import strategies as st


def test_nothing_is_given_back_before_half_of_the_window_is_consumed() -> None:
    credit = Credit(1000)
    assert [credit.consumed(499), credit.consumed(0), credit.consumed(1), credit.consumed(499)] == [0, 0, 500, 0]
    assert credit.consumed(700) == 1199


@given(st.integers(2, 10_000), st.lists(st.integers(0, 3_000)))
def test_less_than_half_of_the_window_is_ever_outstanding(window: int, sizes: list[int]) -> None:
    credit = Credit(window)
    outstanding = 0
    for size in sizes:
        returned = credit.consumed(size)
        outstanding += size - returned
        assert returned == 0 or outstanding == 0
        assert outstanding < max(1, window // 2)


@pytest.mark.field(54)
def test_windows_keep_fast_downloads_going() -> None:
    # A window per round trip of 100 ms, in bits per second; two frames at the least before credit comes back.
    assert STREAM_WINDOW * 8 * 10 > 300_000_000
    assert CONNECTION_WINDOW >= 2 * STREAM_WINDOW
    assert STREAM_WINDOW // 2 >= 2 * MAX_FRAME_SIZE
