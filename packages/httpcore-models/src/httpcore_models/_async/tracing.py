"""The `trace` request extension and the debug log, which report the same events.

Each phase of a request is reported as `<prefix>.<name>.started`, and then as `.complete` or `.failed`. The prefix is
the last part of the logger's name. Callers ask for a tracer once per request, and skip all reports if there is none.
"""

import logging
from collections.abc import Callable
from typing import Any

from .._request import Request
from .._trace import async_call_trace, describe


class AsyncTracer:
    """Reports the phases of one request to its trace callback and to the debug log."""

    def __init__(self, logger: logging.Logger, callback: Callable[[str, dict[str, Any]], Any] | None) -> None:
        self._logger = logger
        self._callback = callback
        self._prefix = logger.name.rpartition(".")[2]

    async def run(self, name: str, info: dict[str, Any], function: Callable[..., Any], *args: Any) -> Any:
        """Await `function(*args)` as the phase `name`, and return its result."""
        await self.report(f"{name}.started", info)
        try:
            result = await function(*args)
        except BaseException as exc:
            await self.report(f"{name}.failed", {"exception": exc})
            raise
        await self.report(f"{name}.complete", {"return_value": result})
        return result

    async def report(self, event: str, info: dict[str, Any]) -> None:
        """Report one event."""
        if self._callback is not None:
            await async_call_trace(self._callback, f"{self._prefix}.{event}", info)
        if self._logger.isEnabledFor(logging.DEBUG):
            self._logger.debug(describe(event, info))


def async_get_tracer(logger: logging.Logger, request: Request | None) -> AsyncTracer | None:
    """Return a tracer for `request`, or `None` if there is neither a `trace` callback nor a debug log."""
    callback = None if request is None else request.extensions.get("trace")
    if callback is None and not logger.isEnabledFor(logging.DEBUG):
        return None
    return AsyncTracer(logger, callback)
