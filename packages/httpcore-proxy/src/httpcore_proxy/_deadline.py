"""One limit of time over all steps of connecting through a proxy."""

import time

from httpcore_models import ConnectTimeout


class Deadline:
    """The end of `timeout` seconds from now, or never for `None`; `phase` is what the error says took longer."""

    def __init__(self, timeout: float | None, phase: str) -> None:
        self._timeout = timeout
        self._phase = phase
        self._end = None if timeout is None else time.monotonic() + timeout

    @property
    def is_set(self) -> bool:
        """Whether there is an end."""
        return self._end is not None

    def remaining(self) -> float | None:
        """Return how many seconds are left, `None` for no limit; raises `ConnectTimeout` if none are."""
        if self._end is None:
            return None
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise self.exceeded() from TimeoutError()
        return remaining

    def exceeded(self) -> ConnectTimeout:
        """Return the error for the end having come."""
        return ConnectTimeout(f"{self._phase} timed out after {self._timeout:g} seconds")

    def sooner(self, timeout: float) -> "Deadline":
        """Return this deadline, or one in `timeout` seconds, whichever is earlier."""
        sooner = Deadline(timeout, self._phase)
        assert sooner._end is not None
        return self if self._end is not None and self._end < sooner._end else sooner
