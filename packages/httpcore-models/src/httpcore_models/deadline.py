"""One time limit over an operation of several steps."""

import time
from collections.abc import Callable

__all__ = ["Deadline", "TotalSeconds", "limit_text"]


class TotalSeconds(float):
    """A number of seconds that is left of the `total` limit of a request, and knows it, for the text of errors.

    It is a time limit like any other number of seconds. Arithmetic returns plain numbers.
    """

    __slots__ = ("is_conclusive", "total")

    total: float
    """The whole limit, in seconds."""

    is_conclusive: bool
    """Whether a server that sends nothing for this long may be taken for dead, as after a limit for the wait itself.

    So it is if there is no such limit, and at least half of the total one was left for the wait.
    """

    def __new__(cls, left: float, total: float, is_conclusive: bool = False) -> "TotalSeconds":
        """`left` of `total` seconds are left."""
        seconds = super().__new__(cls, left)
        seconds.total = total
        seconds.is_conclusive = is_conclusive
        return seconds

    def __getnewargs__(self) -> tuple[float, float, bool]:  # type: ignore[override]
        """Return the arguments for a copy. Trace callbacks, for instance, copy what they are told."""
        return float(self), self.total, self.is_conclusive


class _PartOfLimit(float):
    """A number of seconds that is left of a limit, and knows that limit for the text of errors."""

    __slots__ = ("whole",)

    whole: float

    def __new__(cls, left: float, whole: float) -> "_PartOfLimit":
        seconds = super().__new__(cls, left)
        seconds.whole = whole
        return seconds

    def __getnewargs__(self) -> tuple[float, float]:  # type: ignore[override]
        """Return the arguments for a copy."""
        return float(self), self.whole


def limit_text(seconds: float | None) -> str:
    """Return how a limit of `seconds` is named after the words "timed out"; `None` counts as 0."""
    if isinstance(seconds, TotalSeconds):
        return f"within the total limit of {seconds.total:g} seconds"
    if isinstance(seconds, _PartOfLimit):
        seconds = seconds.whole
    return f"after {seconds or 0.0:g} seconds"


class Deadline:
    """The moment when an operation that starts now has taken `timeout` seconds; `None` means that it may take forever.

    `clock` returns the time in seconds. The default is `time.monotonic()`; pass that of an event loop to compare with
    its timers.
    """

    __slots__ = ("_clock", "_end", "timeout")

    timeout: float | None
    """The limit of the whole operation, for texts of errors."""

    def __init__(self, timeout: float | None, clock: Callable[[], float] | None = None) -> None:
        self.timeout = timeout
        self._clock: Callable[[], float] = time.monotonic if clock is None else clock
        self._end: float | None = None if timeout is None else self._clock() + timeout

    def remaining(self) -> float | None:
        """Return how many seconds are left: 0 if the deadline has passed, `None` if there is no limit.

        If the limit is what was left of the `total` limit of a request, the result says so too; see `TotalSeconds`.
        """
        left, timeout = None if self._end is None else max(0.0, self._end - self._clock()), self.timeout
        if type(timeout) is TotalSeconds and left is not None:
            return TotalSeconds(left, timeout.total)
        return left

    def remaining_as_limit(self) -> float | None:
        """Return what `remaining()` does, as the limit of a step that names the whole limit if it times out."""
        left, timeout = self.remaining(), self.timeout
        if left is None or timeout is None or isinstance(left, TotalSeconds):
            return left
        return _PartOfLimit(left, timeout.whole if isinstance(timeout, _PartOfLimit) else timeout)

    @property
    def has_passed(self) -> bool:
        """Whether no time is left."""
        return self._end is not None and self._end <= self._clock()

    def remaining_or_raise(self, error: Exception | type[Exception]) -> float | None:
        """Return how many seconds are left, or `None` if there is no limit; raise `error` if the deadline has passed.

        The error is chained to a `TimeoutError`, as the errors of blocking calls are.
        """
        remaining = self.remaining()
        if remaining == 0.0:
            raise error from TimeoutError()
        return remaining

    def at_most(self, timeout: float) -> "Deadline":
        """Return this deadline, or one in `timeout` seconds if that is earlier."""
        other = Deadline(timeout, self._clock)
        return self if self._end is not None and other._end is not None and self._end <= other._end else other
