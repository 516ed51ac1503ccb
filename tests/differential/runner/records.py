"""What a caller saw, in a form that can be compared."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpcore

from .clients import Reply

__all__ = ["Interrupted", "Record", "open_sockets"]

_EXCEPTIONS = (
    "ConnectionNotAvailable",
    "ProxyError",
    "UnsupportedProtocol",
    "RemoteProtocolError",
    "LocalProtocolError",
    "ProtocolError",
    "ConnectTimeout",
    "ReadTimeout",
    "WriteTimeout",
    "PoolTimeout",
    "TimeoutException",
    "ConnectError",
    "ReadError",
    "WriteError",
    "NetworkError",
)


class Interrupted(BaseException):
    """Raised by a caller in the middle of a request, as by a signal handler."""


def _name(exc: BaseException) -> str:
    """Return the name of an exception class, as in 1.0.9."""
    for name in _EXCEPTIONS:
        if isinstance(exc, getattr(httpcore, name)):
            return f"httpcore.{name}"
    kind = type(exc)
    if kind.__name__ in ("Cancelled", "CancelledError"):
        return "cancelled"
    return f"{kind.__module__.split('.')[0]}.{kind.__name__}"


class Record:
    """The steps of a caller: the result of each, and roughly how long it took."""

    def __init__(self, limit: float, watch: Any = None) -> None:
        """`limit` is the time limit of the requests, in seconds. `watch` tells more about each step."""
        self._watch = watch
        self.steps: list[dict[str, Any]] = []
        self.noise: list[str] = []
        self._limit = limit
        self.began = time.monotonic()

    def duration(self, began: float) -> str:
        """Return how long something took, compared with the limit."""
        taken = (time.monotonic() - began) / self._limit
        return "at once" if taken < 0.75 else "the limit" if taken < 1.9 else "late"

    async def step(self, name: str, function: Callable[[], Awaitable[Any]]) -> Any:
        """Call `function`; record and suppress its errors, except those that end the caller."""
        entry: dict[str, Any] = {"step": name, "time": "hang"}
        self.steps.append(entry)
        began = time.monotonic()
        failure: BaseException | None = None
        try:
            result = await function()
            if isinstance(result, Reply):
                entry.update(result.head())
            elif isinstance(result, bytes):
                entry.update(length=len(result), digest=hashlib.sha256(result).hexdigest()[:12])
            elif result is not None:
                entry.update(result=result)
            return result
        except BaseException as exc:
            failure = exc
            entry.update(error=_name(exc), text=str(exc), taken=round(time.monotonic() - began, 2))
            if not isinstance(exc, (Exception, Interrupted)):
                raise
            return None
        finally:
            entry["time"] = self.duration(began)
            if self._watch is not None:
                entry.update(self._watch.step(failure))
            del failure


def open_sockets(port: int) -> int:
    """Count the sockets of this process that are connected to `port` of this machine."""
    inodes = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{name}")
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    rows = []
    for name in ("tcp", "udp"):
        with open(f"/proc/self/net/{name}") as table:
            rows += [line.split() for line in table.readlines()[1:]]
    return sum(1 for row in rows if int(row[2].split(":")[1], 16) == port and row[9] in inodes)
