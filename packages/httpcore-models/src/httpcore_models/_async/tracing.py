"""The request extensions `trace` and `observe`, and the debug log, which report the same events.

Each phase of a request is reported as `<prefix>.<name>.started`, and then as `.complete` or `.failed`. The prefix is
the last part of the logger's name. Callers ask for a tracer once per request, and skip all reports if there is none.
The observer gets other facts, too: see `_observing`.
"""

import logging
from collections.abc import Callable
from typing import Any

from .._extensions import Extensions, Observer
from .._observing import FailureReport, observe
from .._request import Request
from .._trace import async_call_trace, describe

_NO_EXTENSIONS: Extensions = {}


class AsyncTracer:
    """Reports the phases of one request to its observer, to its trace callback and to the debug log."""

    def __init__(
        self,
        logger: logging.Logger,
        callback: Callable[[str, dict[str, Any]], Any] | None,
        observer: Observer | None = None,
    ) -> None:
        #: The `observe` extension of the request.
        self.observer: Observer | None = observer
        self._logger = logger
        self._callback = callback
        self._prefix = logger.name.rpartition(".")[2]

    async def run(self, name: str, info: dict[str, Any], function: Callable[..., Any], *args: Any) -> Any:
        """Await `function(*args)` as the phase `name`, and return its result."""
        await self.report(f"{name}.started", info)
        try:
            result = await function(*args)
        except BaseException as exc:
            await self.report_failure(name, exc)
            raise
        await self.report(f"{name}.complete", {"return_value": result})
        return result

    async def report(self, event: str, info: dict[str, Any]) -> None:
        """Report one event."""
        if self.observer is not None:
            observe(self.observer, f"{self._prefix}.{event}", info)
        if self._callback is not None:
            await async_call_trace(self._callback, f"{self._prefix}.{event}", info)
        if self._logger.isEnabledFor(logging.DEBUG):
            self._logger.debug(describe(event, info))

    async def report_failure(self, name: str, exc: BaseException) -> None:
        """Report that the phase `name` has failed with `exc`, which the caller raises next; see `FailureReport`."""
        with FailureReport(f"{self._prefix}.{name}.failed", exc):
            await self.report(f"{name}.failed", {"exception": exc})

    def observe(self, event: str, info: dict[str, Any]) -> None:
        """Report a fact that is no trace event: to the observer only, under its own name."""
        if self.observer is not None:
            observe(self.observer, event, info)


def async_get_tracer(logger: logging.Logger, request: Request | None) -> AsyncTracer | None:
    """Return a tracer for `request`, or `None` if nobody listens: no `trace` callback, no observer and no debug log."""
    extensions = _NO_EXTENSIONS if request is None else request.extensions
    callback = extensions.get("trace")
    if callback is None and extensions.get("observe") is None and not logger.isEnabledFor(logging.DEBUG):
        return None
    return AsyncTracer(logger, callback, extensions.get("observe"))
