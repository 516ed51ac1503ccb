"""One deadline over all that an operation waits for. All times are in seconds."""

import time

from .._exceptions import ReadTimeout


def deadline_in(timeout: float | None) -> float | None:
    """Return the time at which a limit that begins now is over."""
    return None if timeout is None else time.monotonic() + timeout


def limit_until(deadline: float | None) -> float | None:
    """Return how long a write may take: not at all, if the time is over, which lets it do what needs no wait."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def time_left(deadline: float | None) -> float | None:
    """Return how long to wait for the network. Raises `ReadTimeout` if the time is over, even if there is something."""
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise ReadTimeout from TimeoutError()
    return left
