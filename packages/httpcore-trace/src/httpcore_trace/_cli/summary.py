"""Figures of all requests, however many: what is kept for them does not grow with their number."""

import heapq
import itertools
import math
import statistics
import threading
from collections import Counter

from .._compact import RecordedError
from .._record import RequestRecord

# How many durations are kept as they are, and how finely they are counted from then on: a class is 0.5 % wide.
_MOST_DURATIONS = 10_000
_CLASSES_PER_E = 200

# How many different errors are kept. Their texts may contain anything.
_MOST_ERRORS = 100


class Durations:
    """Durations in seconds."""

    def __init__(self) -> None:
        self.count = 0
        self.fastest = math.inf
        self.slowest = 0.0
        self._exact: list[float] = []
        # By the logarithm: how many are in each class. There are a few thousand classes from 1 µs to an hour.
        self._classes: Counter[int] = Counter()

    @property
    def is_exact(self) -> bool:
        """Whether what `within()` returns is exact. Otherwise it is at most 0.3 % off."""
        return not self._classes

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.count += 1
        self.fastest, self.slowest = min(self.fastest, seconds), max(self.slowest, seconds)
        if self.is_exact:
            self._exact.append(seconds)
            if len(self._exact) > _MOST_DURATIONS:
                self._classes.update(map(_class_of, self._exact))
                self._exact.clear()
        else:
            self._classes[_class_of(seconds)] += 1

    def median(self) -> float:
        """Return the median: of an even number, the mean of the two in the middle."""
        return statistics.median(self._exact) if self.is_exact else self.within(50)

    def within(self, percentage: int) -> float:
        """Return the time within which this percentage of all requests was complete."""
        position = max(-(-self.count * percentage // 100), 1)
        if self.is_exact:
            return sorted(self._exact)[position - 1]
        numbers = sorted(self._classes)
        totals = itertools.accumulate(self._classes[number] for number in numbers)
        number = next(number for number, total in zip(numbers, totals, strict=True) if total >= position)
        return min(max(math.exp(number / _CLASSES_PER_E), self.fastest), self.slowest)


def _class_of(seconds: float) -> int:
    return round(math.log(max(seconds, 1e-9)) * _CLASSES_PER_E)


class Summary:
    """Counts requests, as a recorder tells of them from any thread."""

    def __init__(self, most_slowest: int) -> None:
        """`most_slowest` is how many of the slowest requests are kept."""
        self.begun = 0
        self.ended = 0
        self.complete = 0
        self.durations = Durations()
        #: How often requests ended in which way.
        self.outcomes: Counter[str] = Counter()
        #: How often each error came; `None` stands for all those that came when there were too many different ones.
        self.errors: Counter[RecordedError | None] = Counter()
        self._slowest: list[tuple[float, int, RequestRecord]] = []  # a heap
        self._most_slowest = most_slowest
        self._lock = threading.Lock()

    def begin(self, record: RequestRecord) -> None:
        """Count a request that begins."""
        with self._lock:
            self.begun += 1

    def end(self, record: RequestRecord) -> None:
        """Count a request that has ended."""
        with self._lock:
            self.ended += 1
            self.outcomes[outcome_of(record)] += 1
            if is_complete(record):
                self.complete += 1
                self.durations.add(record.duration)
            elif record.error is not None and not record.cancelled:
                is_known = record.error in self.errors or len(self.errors) < _MOST_ERRORS
                self.errors[record.error if is_known else None] += 1
            heapq.heappush(self._slowest, (record.duration, self.ended, record))
            if len(self._slowest) > self._most_slowest:
                heapq.heappop(self._slowest)

    def slowest(self) -> list[RequestRecord]:
        """Return the slowest requests of those that have ended."""
        with self._lock:
            return [record for _, _, record in self._slowest]


def is_complete(record: RequestRecord) -> bool:
    """Whether the request got a complete response."""
    return record.status is not None and record.error is None and not record.cancelled


def outcome_of(record: RequestRecord) -> str:
    """Return how the request ended, in a word."""
    if record.cancelled:
        return "interrupted"
    if record.error is not None:
        return record.error.name
    return str(record.status)
