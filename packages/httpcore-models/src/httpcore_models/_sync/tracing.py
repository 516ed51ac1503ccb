# Generated from ../_async/tracing.py by tools/make_sync.py: edit that file, then run it.
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
from .._trace import call_trace, describe

_NO_EXTENSIONS: Extensions = {}


class Tracer:
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

    def run(self, name: str, info: dict[str, Any], function: Callable[..., Any], *args: Any) -> Any:
        """Call `function(*args)` as the phase `name`, and return its result."""
        self.report(f"{name}.started", info)
        try:
            result = function(*args)
        except BaseException as exc:
            self.report_failure(name, exc)
            raise
        self.report(f"{name}.complete", {"return_value": result})
        return result

    def report(self, event: str, info: dict[str, Any]) -> None:
        """Report one event."""
        if self.observer is not None:
            observe(self.observer, f"{self._prefix}.{event}", info)
        if self._callback is not None:
            call_trace(self._callback, f"{self._prefix}.{event}", info)
        if self._logger.isEnabledFor(logging.DEBUG):
            self._logger.debug(describe(event, info))

    def report_failure(self, name: str, exc: BaseException) -> None:
        """Report that the phase `name` has failed with `exc`, which the caller raises next; see `FailureReport`."""
        with FailureReport(f"{self._prefix}.{name}.failed", exc):
            self.report(f"{name}.failed", {"exception": exc})

    def observe(self, event: str, info: dict[str, Any]) -> None:
        """Report a fact that is no trace event: to the observer only, under its own name."""
        if self.observer is not None:
            observe(self.observer, event, info)


def get_tracer(logger: logging.Logger, request: Request | None) -> Tracer | None:
    """Return a tracer for `request`, or `None` if nobody listens: no `trace` callback, no observer and no debug log."""
    extensions = _NO_EXTENSIONS if request is None else request.extensions
    callback = extensions.get("trace")
    if callback is None and extensions.get("observe") is None and not logger.isEnabledFor(logging.DEBUG):
        return None
    return Tracer(logger, callback, extensions.get("observe"))
