"""The limit of a whole request, and the header with which a request asks first."""

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from httpcore_models import ReadTimeout, Request, WriteTimeout
from httpcore_models.deadline import Deadline, TotalSeconds, limit_text
from httpcore_models.lowlevel import RequestLimits, begin_limits, begin_request, expects_continue, without_expectation

WITHIN = r"within the total limit of 2\.5 seconds"


class Clock:
    """A time that only a test changes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("time.monotonic", self.time)
        monkeypatch.setattr("httpcore_models._total_limit.monotonic", self.time)

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_wait_has_the_smaller_of_both_limits(clock: Clock) -> None:
    limits = RequestLimits({"read": 1.0, "write": None, "total": 2.5}, 2.5)
    assert [limits.get(name) for name in ("read", "write", "pool")] == [1.0, 2.5, 2.5]
    assert [type(limits[name]) for name in ("read", "write", "pool")] == [float, TotalSeconds, TotalSeconds]
    clock.now += 2.0
    assert [limits[name] for name in ("read", "write", "connect")] == [0.5, 0.5, 0.5]
    clock.now += 2.0
    assert limits.get("read") == 0.0
    assert (limits["total"], limits.get("total"), limits.get("other", 7)) == (2.5, 2.5, 7)


def test_a_wait_that_began_earlier(clock: Clock) -> None:
    limits = RequestLimits({"pool": 1.0}, 2.5)
    since = clock.now
    clock.now += 0.75
    assert limits.left("pool", since) == 0.25
    clock.now += 5.0
    assert limits.left("pool", since) == 0.0
    assert type(limits.left("read", since)) is TotalSeconds


def test_nothing_is_read_or_written_when_the_time_is_over(clock: Clock) -> None:
    limits = RequestLimits({"read": 1.0}, 2.5)
    assert (limits.to_read("peer"), limits.to_write("peer")) == (1.0, 2.5)
    clock.now += 2.5
    with pytest.raises(ReadTimeout, match=rf"The read operation timed out {WITHIN} \(peer\)"):
        limits.to_read("peer")
    with pytest.raises(WriteTimeout, match=rf"The write operation timed out {WITHIN} \(peer\)"):
        limits.to_write("peer")


def test_which_silence_tells_something(clock: Clock) -> None:
    limits = RequestLimits({"read": 5.0}, 2.0)
    assert limits["write"].is_conclusive
    assert not limits["read"].is_conclusive
    clock.now += 1.5
    assert not limits["write"].is_conclusive
    assert limits.outweighs("read", "write")
    assert not RequestLimits({"read": 1.0}, 2.0).outweighs("read", "write")


def test_deadlines_keep_the_name_of_the_limit(clock: Clock) -> None:
    deadline = Deadline(TotalSeconds(1.0, 2.5))
    clock.now += 0.25
    remaining = deadline.remaining()
    assert remaining == 0.75
    assert limit_text(remaining) == "within the total limit of 2.5 seconds"
    assert limit_text(0.75) == "after 0.75 seconds"
    clock.now += 2.0
    remaining = deadline.remaining()
    assert remaining == 0.0
    assert limit_text(remaining) == "within the total limit of 2.5 seconds"
    assert limit_text(None) == "after 0 seconds"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_what_is_left_of_a_limit_can_be_copied(clock: Clock, copied: Callable[[Any], Any]) -> None:
    limits = RequestLimits({"read": 1.0}, 2.5)
    left = copied({"timeout": limits["write"]})["timeout"]
    assert (left, left.total, left.is_conclusive) == (2.5, 2.5, True)
    assert copied(limits)["write"] == 2.5


@pytest.mark.parametrize("timeouts", [{}, {"read": 1.0}, {"total": None}, {"total": math.inf}], ids=repr)
def test_a_request_without_such_a_limit_stays_as_it_is(timeouts: Any) -> None:
    request = Request("GET", "http://example.com/", extensions={"timeout": timeouts})
    assert begin_request(request) is request
    assert begin_limits(timeouts) is None


def test_a_request_begins_once() -> None:
    timeouts = {"read": 1.0, "total": 2.5}
    request = Request("POST", "http://example.com/", content=b"body", extensions={"timeout": timeouts, "other": 1})
    begun = begin_request(request)
    assert begun is not request
    assert begun.stream is request.stream
    assert begun.extensions["other"] == 1
    assert isinstance(begun.extensions["timeout"], RequestLimits)
    assert begin_request(begun) is begun
    assert request.extensions["timeout"] is timeouts


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([(b"Expect", b"100-continue"), (b"Content-Length", b"5")], True),
        ([(b"EXPECT", b"other , 100-Continue"), (b"Transfer-Encoding", b"chunked")], True),
        ([(b"Expect", b"100-continue"), (b"Content-Length", b"0")], False),
        ([(b"Expect", b"100-continue")], False),
        ([(b"Expect", b"101-continue"), (b"Content-Length", b"5")], False),
        ([(b"Content-Length", b"5")], False),
    ],
)
def test_which_requests_ask_first(headers: list[tuple[bytes, bytes]], expected: bool) -> None:
    assert expects_continue(headers) is expected
    request = Request("POST", "http://example.com/", headers=headers)
    other = without_expectation(request)
    assert not any(name.lower() == b"expect" for name, _ in other.headers)
    assert request.headers == headers
