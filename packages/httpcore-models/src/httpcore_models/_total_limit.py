"""The time limits of a request that has begun, if one of them is for the whole request."""

import copy
import math
from collections.abc import Mapping
from time import monotonic
from typing import Any

from ._exceptions import ReadTimeout, WriteTimeout
from ._request import Request
from .deadline import Deadline, TotalSeconds, limit_text

_LIMITED = {"connect", "read", "write", "pool"}


class RequestLimits(dict[str, Any]):
    """The extension `timeout` of a request that has begun, and has a limit for the whole of it.

    Looking up the limit of a wait returns the seconds that a wait may take that begins now: its own limit, or what is
    left of the total one if that is less, as `TotalSeconds`.
    """

    def __init__(self, timeouts: Mapping[str, Any], total: float) -> None:
        super().__init__(timeouts)
        self.total: Deadline = Deadline(total)

    def __getitem__(self, name: str) -> Any:
        return self.at_most(self.own(name)) if name in _LIMITED else super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the limit of a wait that begins now, in seconds."""
        return self.at_most(self.own(name)) if name in _LIMITED else super().get(name, default)

    def own(self, name: str) -> float | None:
        """Return the limit that the wait itself has, in seconds."""
        limit: float | None = super().get(name)
        return limit

    def at_most(self, limit: float | None) -> float:
        """Return `limit`, or the seconds that are left of the total limit if these are fewer."""
        left, total = self.total.remaining(), self.total.timeout
        assert left is not None
        assert total is not None
        if limit is not None and limit < left:
            return limit
        return TotalSeconds(left, total, is_conclusive=limit is None and left >= total / 2)

    def outweighs(self, *names: str) -> bool:
        """Whether the total limit is what counts for waits of all these kinds that begin now."""
        return all(isinstance(self.get(name), TotalSeconds) for name in names)

    def left(self, name: str, since: float) -> float:
        """Return how many seconds are left for a wait that began at the time `since` on the monotonic clock."""
        own = self.own(name)
        return self.at_most(None if own is None else max(0.0, since + own - monotonic()))

    def to_read(self, peer: object) -> float:
        """Return the limit of a read that begins now, in seconds; raise `ReadTimeout` if no time is left.

        An expired limit does not end a read, or a write, that need not wait. `peer` names the server.
        """
        if self.total.has_passed:
            raise ReadTimeout(self._text("read", peer)) from TimeoutError()
        return self.at_most(self.own("read"))

    def to_write(self, peer: object) -> float:
        """Return the limit of a write that begins now, in seconds; raise `WriteTimeout` if no time is left."""
        if self.total.has_passed:
            raise WriteTimeout(self._text("write", peer)) from TimeoutError()
        return self.at_most(self.own("write"))

    def _text(self, operation: str, peer: object) -> str:
        return f"The {operation} operation timed out {limit_text(self.at_most(None))} ({peer})"


def begin_limits(timeouts: Mapping[str, Any]) -> RequestLimits | None:
    """Let the total limit of a request begin, unless it has begun already; return its limits.

    Returns `None` if there is no total limit.
    """
    if isinstance(timeouts, RequestLimits):
        return timeouts
    total = timeouts.get("total")
    return None if total is None or math.isinf(total) else RequestLimits(timeouts, total)


def begin_request(request: Request) -> Request:
    """Let the total limit of a request begin: return `request`, or a copy whose extension `timeout` knows the time.

    The same object may be sent several times, even at once, and each time has its own limit.
    """
    timeouts = request.extensions.get("timeout", {})
    limits = begin_limits(timeouts) if "total" in timeouts else None
    if limits is None or limits is timeouts:
        return request
    request = copy.copy(request)
    request.extensions = {**request.extensions, "timeout": limits}
    return request
