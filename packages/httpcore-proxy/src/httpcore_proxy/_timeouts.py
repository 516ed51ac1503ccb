"""The error for a proxy that does not let a connection through in time."""

from collections.abc import Callable

from httpcore_models import ConnectTimeout, Request
from httpcore_models.deadline import Deadline, limit_text
from httpcore_models.lowlevel import RequestLimits


def remaining_time(deadline: Deadline, operation: Callable[[], str]) -> float | None:
    """Return the seconds left, or `None` for no limit. A step with that limit names the whole one if it times out.

    Raises `ConnectTimeout` when the deadline has passed; `operation()` names what took too long.
    """
    remaining = deadline.remaining_as_limit()
    if remaining == 0.0:
        raise timeout_error(deadline, operation) from TimeoutError()
    return remaining


def limits_single_waits(request: Request) -> bool:
    """Whether single waits have their own limits: for connecting there is only the limit of the whole request."""
    timeouts = request.extensions.get("timeout")
    return isinstance(timeouts, RequestLimits) and timeouts.own("connect") is None


def timeout_error(deadline: Deadline, operation: Callable[[], str]) -> ConnectTimeout:
    """Return the error for a deadline that has passed; see `remaining_time()`."""
    return ConnectTimeout(f"{operation()} timed out {limit_text(deadline.timeout)}")
