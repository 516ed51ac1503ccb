# Generated from ../_async/tracing.py by tools/make_sync.py: edit that file, then run it.
"""The `trace` request extension and the debug log, which report the same events.

Each phase of a request is reported as `<prefix>.<name>.started`, and then as `.complete` or `.failed`. The prefix is
the last part of the logger's name. Callers ask for a tracer once per request, and skip all reports if there is none.
"""

import logging
from collections.abc import Callable
from typing import Any

from .._request import Request
from .._trace import call_trace, describe


class Tracer:
    """Reports the phases of one request to its trace callback and to the debug log."""

    def __init__(self, logger: logging.Logger, callback: Callable[[str, dict[str, Any]], Any] | None) -> None:
        self._logger = logger
        self._callback = callback
        self._prefix = logger.name.rpartition(".")[2]

    def run(self, name: str, info: dict[str, Any], function: Callable[..., Any], *args: Any) -> Any:
        """Call `function(*args)` as the phase `name`, and return its result."""
        self.report(f"{name}.started", info)
        try:
            result = function(*args)
        except BaseException as exc:
            self.report(f"{name}.failed", {"exception": exc})
            raise
        self.report(f"{name}.complete", {"return_value": result})
        return result

    def report(self, event: str, info: dict[str, Any]) -> None:
        """Report one event."""
        if self._callback is not None:
            call_trace(self._callback, f"{self._prefix}.{event}", info)
        if self._logger.isEnabledFor(logging.DEBUG):
            self._logger.debug(describe(event, info))


def get_tracer(logger: logging.Logger, request: Request | None) -> Tracer | None:
    """Return a tracer for `request`, or `None` if there is neither a `trace` callback nor a debug log."""
    callback = None if request is None else request.extensions.get("trace")
    if callback is None and not logger.isEnabledFor(logging.DEBUG):
        return None
    return Tracer(logger, callback)
