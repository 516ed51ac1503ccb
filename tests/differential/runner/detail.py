"""What can be seen of this release alone: events, log lines, extensions, the pool. For HTTP/3 beside HTTP/2."""

from __future__ import annotations

import logging
import re
import threading
from typing import Any

__all__ = ["Watch", "listen"]

_current = threading.local()
# A trace event, which the trace callback sees, too.
_EVENT = re.compile(r"\w+\.(started|complete|failed)\b")


class Watch:
    """Collects what is to be told with the next step. `client` is the one whose pool is told about."""

    def __init__(self) -> None:
        self.client: Any = None
        self._events: list[str] = []
        self._lines: list[str] = []
        self._more: dict[str, Any] = {}

    def attach(self) -> None:
        """Take the log lines of this thread."""
        _current.watch = self

    def trace(self, asynchronous: bool) -> Any:
        """Return a trace callback."""

        def look(name: str, info: dict[str, Any]) -> None:
            self._events.append(name)

        async def look_async(name: str, info: dict[str, Any]) -> None:
            look(name, info)

        return look_async if asynchronous else look

    def logged(self, record: logging.LogRecord) -> None:
        """Take a log line, unless it is that of an event."""
        text = record.getMessage()
        if not _EVENT.match(text):
            self._lines.append(f"{record.name}: {text}")

    def note(self, **more: Any) -> None:
        """Add something to the next step."""
        self._more.update(more)

    def step(self, exc: BaseException | None) -> dict[str, Any]:
        """Return what there is to tell."""
        told: dict[str, Any] = {"events": self._events, "lines": self._lines, **self._more}
        self._events, self._lines, self._more = [], [], {}
        if exc is not None:
            told["kind"] = type(exc).__name__
        if self.client is not None:
            told |= _state(self.client)
        return told


def _state(client: Any) -> dict[str, Any]:
    pool = client.pool
    if client.layer == "httpx":
        pool = pool._transport._pool
    if not hasattr(pool, "stats"):  # it is a connection
        return {}
    stats = pool.stats()._asdict()
    del stats["http3"]
    return {"pool": repr(pool), "stats": stats, "info": [connection.info() for connection in pool.connections]}


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        watch: Watch | None = getattr(_current, "watch", None)
        if watch is not None:
            watch.logged(record)


def listen() -> None:
    """Have the log lines of the library told."""
    logger = logging.getLogger("httpcore")
    if logger.handlers:
        return
    logger.setLevel(logging.DEBUG)
    logger.addHandler(_Handler())
    logger.propagate = False
