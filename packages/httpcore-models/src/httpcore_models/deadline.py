"""One time limit over an operation of several steps."""

import time
from collections.abc import Callable

__all__ = ["Deadline"]


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
        """Return how many seconds are left: 0 if the deadline has passed, `None` if there is no limit."""
        return None if self._end is None else max(0.0, self._end - self._clock())

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
