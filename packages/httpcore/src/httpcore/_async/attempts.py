"""The attempts of one request to connect, and the pauses between them."""

import logging
from collections.abc import Iterator
from typing import Any

from httpcore_models import AsyncNetworkBackend, Request
from httpcore_models.lowlevel import RequestLimits, async_get_tracer, is_final

from .._reports import report
from .connecting import AsyncConnecting

_logger = logging.getLogger("httpcore.connection")

# Seconds before the second retry. The first retry is immediate, and the delay doubles with each further one.
RETRIES_BACKOFF_FACTOR = 0.5


def exponential_backoff(factor: float) -> Iterator[float]:
    """Yield the seconds to wait before each retry."""
    yield 0.0
    delay = factor
    while True:
        yield delay
        delay *= 2


class AsyncAttempts:
    """Counts the failed attempts of `request`, of which `retries` may be followed by another one."""

    def __init__(
        self, request: Request, retries: int, connecting: AsyncConnecting, backend: AsyncNetworkBackend
    ) -> None:
        self._request = request
        self._retries = retries
        self._connecting = connecting
        self._backend = backend
        self._failed = 0
        self._delays = exponential_backoff(RETRIES_BACKOFF_FACTOR)
        self._delay = 0.0

    def may_repeat(self, exc: Exception) -> bool:
        """Whether another attempt may follow the one that failed with `exc`, after `pause()`."""
        self._delay = next(self._delays)
        limits = self._request.extensions.get("timeout")
        too_late = isinstance(limits, RequestLimits) and self._delay >= limits.at_most(None)
        if self._failed >= self._retries or self._connecting.closed or too_late or is_final(exc):
            return False
        self._failed += 1
        if "observe" in self._request.extensions:
            report(self._request, "retry", {"attempt": self._failed, "delay": self._delay, "cause": exc})
        return True

    async def pause(self, info: dict[str, Any]) -> None:
        """Wait before that attempt. `info` is for the trace."""
        tracer, sleep = async_get_tracer(_logger, self._request), self._backend.sleep
        await (sleep(self._delay) if tracer is None else tracer.run("retry", info, sleep, self._delay))
