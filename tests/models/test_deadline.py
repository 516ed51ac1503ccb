"""`Deadline`: one time limit over several steps."""

import copy
import pickle

import pytest
from httpcore_models import ConnectTimeout, ReadTimeout
from httpcore_models.deadline import Deadline, TotalSeconds, limit_text


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_remaining_counts_down_to_zero_and_no_further(clock: Clock) -> None:
    deadline = Deadline(2.0, clock)
    assert (deadline.remaining(), deadline.has_passed, deadline.timeout) == (2.0, False, 2.0)
    clock.now += 1.5
    assert (deadline.remaining(), deadline.has_passed) == (0.5, False)
    clock.now += 0.5
    assert (deadline.remaining(), deadline.has_passed) == (0.0, True)
    clock.now += 1.0
    assert (deadline.remaining(), deadline.has_passed, deadline.timeout) == (0.0, True, 2.0)


def test_without_a_limit_it_never_passes(clock: Clock) -> None:
    deadline = Deadline(None, clock)
    clock.now = float("inf")
    assert (deadline.remaining(), deadline.has_passed, deadline.remaining_or_raise(ReadTimeout)) == (None, False, None)


def test_a_limit_of_zero_has_passed_at_once(clock: Clock) -> None:
    assert Deadline(0.0, clock).has_passed


def test_the_default_clock_is_the_monotonic_one(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr("time.monotonic", clock)
    deadline = Deadline(5.0)
    clock.now += 2.0
    assert deadline.remaining() == 3.0


def test_remaining_or_raise_raises_only_after_the_deadline(clock: Clock) -> None:
    deadline = Deadline(1.0, clock)
    assert deadline.remaining_or_raise(ReadTimeout) == 1.0
    clock.now += 1.0
    with pytest.raises(ReadTimeout) as caught:
        deadline.remaining_or_raise(ReadTimeout)
    assert isinstance(caught.value.__cause__, TimeoutError)
    with pytest.raises(ConnectTimeout, match=r"^timed out after 1 seconds$"):
        deadline.remaining_or_raise(ConnectTimeout("timed out after 1 seconds"))


def test_what_is_left_names_the_whole_limit(clock: Clock) -> None:
    deadline = Deadline(5.0, clock)
    clock.now += 1.0
    left = deadline.remaining_as_limit()
    assert left == 4.0
    inner = Deadline(left, clock)
    clock.now += 1.0
    last = inner.remaining_as_limit()
    assert last == 3.0
    for each in (left, last, inner.timeout, copy.deepcopy(left), pickle.loads(pickle.dumps(last))):
        assert limit_text(each) == "after 5 seconds"
    assert limit_text(Deadline(TotalSeconds(4.0, 9.0), clock).remaining_as_limit()).endswith("limit of 9 seconds")
    assert Deadline(None).remaining_as_limit() is None


@pytest.mark.parametrize(("own", "other", "expected"), [(1.0, 2.0, 1.0), (2.0, 1.0, 1.0), (None, 1.0, 1.0)])
def test_at_most_gives_the_earlier_deadline(clock: Clock, own: float | None, other: float, expected: float) -> None:
    deadline = Deadline(own, clock).at_most(other)
    assert (deadline.remaining(), deadline.timeout) == (expected, expected)
