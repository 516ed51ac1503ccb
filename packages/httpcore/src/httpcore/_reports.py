"""What pools and connections tell the callbacks of programs: `observe` of a request, and `on_connection` of a pool."""

import inspect
import logging
import operator
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from httpcore_models import ConnectionInfo, ConnectionNotAvailable, Origin, Request, Response
from httpcore_models.lowlevel import FailureReport, is_refused, observe, observer_of

from ._connection_event import ConnectionEvent
from ._pool.slots import PoolRequest, Slot
from ._pool.stats import Reason

OnConnection: TypeAlias = Callable[[ConnectionEvent], object]

_logger = logging.getLogger("httpcore.connection_pool")

_REASONS = {
    Reason.EXPIRED: "expired",
    Reason.STALE: "server closed it",
    Reason.SURPLUS: "no longer needed",
    Reason.EVICTED: "made room for another connection",
    Reason.POOL_CLOSED: "pool closed",
}


# Facts about a request. Whoever calls these has found the key `observe`, whose value may be `None`.


def report(request: Request, event: str, info: dict[str, Any]) -> None:
    """Tell the `observe` callback of a request about an event. What it raises is raised here."""
    observer = observer_of(request)
    if observer is not None:
        observe(observer, event, info)


def report_assigned(request: Request, pool_request: PoolRequest[Any], slot: Slot[Any], *, reused: bool) -> None:
    """Report that a request has got a connection."""
    idle_for = None
    # A request that shares the connection with others, or waited for room on it, did not find it idle.
    if reused and slot.leases == 1 and not (slot.multiplexed and pool_request.waiting_since):
        idle_for = max(0.0, time.monotonic() - slot.idle_since)
    info = {
        "connection_id": slot.connection_id,
        "connection": getattr(slot.connection, "connection_info", None),
        "reused": reused,
        "idle_for": idle_for,
        "requests_before": slot.reused if reused else 0,
    }
    report(request, "pool.assigned", info)


def report_failed(request: Request, exc: BaseException) -> None:
    """Report that a request has failed with `exc`, which is raised next; see `FailureReport`."""
    with FailureReport("request.failed", exc):
        report(request, "request.failed", {"exception": exc})


def report_resend(request: Request, exc: Exception | None) -> None:
    """Report that a request is sent again after `exc`, or without one because its expectation has failed."""
    if exc is None:
        reason = "expectation failed"
    elif is_refused(exc):
        reason = "refused by the server"
    elif isinstance(exc, ConnectionNotAvailable):
        reason = "connection not available"
    else:
        reason = "closed before a response"
    report(request, "resend", {"reason": reason, "cause": exc})


# Facts about a connection of a pool.


class Message:
    """An event for the callback of a pool, which is told once, whatever exception a signal handler raises meanwhile."""

    __slots__ = ("_event", "_untold")

    def __init__(self, event: ConnectionEvent) -> None:
        self._event = event
        self._untold = iter((event,))

    @property
    def is_told(self) -> bool:
        """Whether the callback has been called, even if it was interrupted then."""
        return not operator.length_hint(self._untold)

    def tell(self, callback: OnConnection) -> None:
        """Call the callback. Its errors are logged: the request that happens to close a connection is not to blame."""
        try:
            # No signal handler runs between the two things that `map()` does: take the event, and call the callback.
            outcome = next(map(callback, self._untold))
            if inspect.iscoroutine(outcome):
                outcome.close()
                raise TypeError("on_connection must be a normal function instead of an asynchronous function.")
        except Exception:
            _logger.exception("on_connection has raised an exception for %r", self._event)


class History:
    """What was reported about a connection. Guarded by the lock of the pool."""

    __slots__ = ("closed", "info", "opened_at", "opening", "told")

    def __init__(self, info: ConnectionInfo) -> None:
        self.info = info
        self.opened_at = time.monotonic()
        self.opening = Message(ConnectionEvent("opened", info, None, 0.0, 0))
        #: Whether the callback has returned that was told of the opening, and whether it is told of the end.
        self.told = False
        self.closed = False

    def ending(self, slot: Slot[Any]) -> Message:
        """Return what tells of the end."""
        age = time.monotonic() - self.opened_at
        return Message(ConnectionEvent("closed", self.info, _reason(slot), age, slot.reused + 1))


def described(slot: Slot[Any], response: Response) -> ConnectionInfo:
    """Return what is known about a connection after its first response, which may be of a user's own class."""
    info = response.extensions.get("connection")
    if isinstance(info, ConnectionInfo):
        return info
    version = response.extensions.get("http_version", b"")
    text = version.decode("ascii", "replace") if isinstance(version, bytes) else str(version)
    origin = str(Origin(*slot.key[:3]))
    return ConnectionInfo(slot.connection_id, origin, None, None, text, None, None, None, ())


def _reason(slot: Slot[Any]) -> str:
    known = _REASONS.get(slot.reason or Reason.ENDED)
    if known is not None and slot.reason is not Reason.STALE:
        return known
    try:
        # What belongs to a closed event loop does not work, which looks as if the server had closed it.
        if slot.event_loop is not None and slot.event_loop.is_closed():
            return "event loop closed"
        reason = known or slot.connection.close_reason  # type: ignore[union-attr]  # raises if there is none
    except Exception:
        reason = known
    return reason if isinstance(reason, str) else "ended"
