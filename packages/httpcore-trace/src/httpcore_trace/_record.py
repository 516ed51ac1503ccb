"""`RequestRecord`: all that is known about one request."""

import datetime
from dataclasses import dataclass, field
from typing import Any

import httpcore

from ._compact import RecordedError
from ._phases import Phases, phases


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


@dataclass(eq=False, repr=False)
class RequestRecord:
    """What one request did. It changes until the request has ended, and holds no connection, stream or traceback.

    * `method`, `url`: of the request; empty until they are known. The URL is without secrets.
    * `http_version`: `"HTTP/1.1"` or `"HTTP/2"`, once a response has come.
    * `status`, `reason`: of the response. HTTP/2 has no reason.
    * `request_headers`, `response_headers`: pairs of bytes, as sent and received. The values of secrets are
      `b"[secure]"`.
    * `started_at`: date and time of the beginning, in UTC.
    * `started`, `ended`: beginning and end on the clock of `time.perf_counter()`, in seconds. `ended` is `None` while
      the request is in progress.
    * `error`: what the request failed with. `cancelled` is true if this was no failure but a cancellation, an interrupt
      from the keyboard or the like.
    * `events`: all trace events and facts, as (time, event, information), with plain values only.
    * `connection`, `connection_id`: the connection that carried the request, and its number; `reused`: whether it had
      carried others. They are `None` as long as they are not known.
    * `sent_bytes`, `received_bytes`: of heads and bodies, where this is known.
    """

    method: str = ""
    url: str = ""
    http_version: str | None = None
    status: int | None = None
    reason: bytes | None = None
    request_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    response_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    started_at: datetime.datetime = field(default_factory=_now)
    started: float = 0.0
    ended: float | None = None
    error: RecordedError | None = None
    cancelled: bool = False
    events: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    connection: httpcore.ConnectionInfo | None = None
    connection_id: int | None = None
    reused: bool | None = None
    sent_bytes: int | None = None
    received_bytes: int | None = None

    @property
    def duration(self) -> float:
        """How many seconds the request took, or has taken until its last event."""
        return self._end() - self.started

    def phases(self) -> Phases:
        """Return where the time went. The phases add up to `duration`."""
        return phases(tuple(self.events), self.started, self._end())

    def _end(self) -> float:
        if self.ended is not None:
            return self.ended
        events = self.events
        return max(self.started, events[-1][0]) if events else self.started

    def __repr__(self) -> str:
        outcome = self.error.name if self.error is not None else self.status
        state = "in progress" if self.ended is None else f"{self.duration * 1e3:.1f} ms"
        return f"<{type(self).__name__} [{self.method} {self.url}, {outcome}, {state}]>"
