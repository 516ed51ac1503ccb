"""Alias of 1.0's module path: tracing is in `httpcore_models`. `Trace` is for connections that programs bring."""

import logging
from types import TracebackType
from typing import Any

from httpcore_models import Request as Request
from httpcore_models.lowlevel import AsyncTracer as AsyncTracer
from httpcore_models.lowlevel import Tracer as Tracer


class Trace:
    """Reports the events of a `with` block to the trace callback and the log, as in 1.0.

    The block sets `return_value`.
    """

    def __init__(
        self,
        name: str,
        logger: logging.Logger,
        request: Request | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.logger = logger
        self.trace_extension: Any = None if request is None else request.extensions.get("trace")
        self.debug = logger.isEnabledFor(logging.DEBUG)
        self.kwargs: dict[str, Any] = kwargs or {}
        self.return_value: Any = None
        self.should_trace = self.debug or self.trace_extension is not None
        self.prefix = logger.name.rpartition(".")[2]

    def _end(self, exc_value: BaseException | None) -> tuple[str, dict[str, Any]]:
        if exc_value is None:
            return f"{self.name}.complete", {"return_value": self.return_value}
        return f"{self.name}.failed", {"exception": exc_value}

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """Report one event."""
        Tracer(self.logger, self.trace_extension).report(name, info)

    def __enter__(self) -> "Trace":
        if self.should_trace:
            self.trace(f"{self.name}.started", self.kwargs)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        if self.should_trace:
            self.trace(*self._end(exc_value))

    async def atrace(self, name: str, info: dict[str, Any]) -> None:
        """Report one event."""
        await AsyncTracer(self.logger, self.trace_extension).report(name, info)

    async def __aenter__(self) -> "Trace":
        if self.should_trace:
            await self.atrace(f"{self.name}.started", self.kwargs)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        if self.should_trace:
            await self.atrace(*self._end(exc_value))
