"""The `observe` request extension: the trace events of a request, and facts that are no trace events.

An observer is a plain function in async code, too. It may be called from any thread that works for the request, and is
never awaited. What it raises ends the request, but never takes the place of a cancellation: see `FailureReport`.

Network backends see no request. While a connection is opened for a request that has an observer, `OBSERVER` holds it.
"""

import contextvars
import inspect
import logging
import ssl
from types import TracebackType
from typing import Any

from ._arguments import SSLContextTypes, ssl_context_of
from ._extensions import Observer
from ._headers import Headers
from ._request import Request

_logger = logging.getLogger("httpcore.observe")

#: The observer of the request that opens a connection in this context. Diallers set it: see `network/_purpose.py`.
OBSERVER: contextvars.ContextVar[Observer | None] = contextvars.ContextVar("httpcore_observer", default=None)


class ObserverFailedError(Exception):
    """An observer has raised `error` while a connection was opened.

    What opens the connection must not take that for a failure of the network.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error: Exception = error


class ConnectObserver:
    """What `OBSERVER` holds while a connection is opened. It raises `ObserverFailedError`.

    What begins meanwhile inherits the context, and may keep it for as long as the connection is open: the callbacks of
    asyncio for the socket do. So at the end this object lets the observer go.
    """

    __slots__ = ("_observer",)

    def __init__(self, observer: Observer) -> None:
        self._observer: Observer | None = observer

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if self._observer is None:
            return
        try:
            observe(self._observer, event, info)
        except Exception as exc:
            raise ObserverFailedError(exc) from exc

    def end(self) -> None:
        """Report nothing from now on: the connection is open, or has failed."""
        self._observer = None


def connect_observer_of(request: Request) -> ConnectObserver | None:
    """Return the observer of `request` in the form that `OBSERVER` holds."""
    observer = observer_of(request)
    return None if observer is None else ConnectObserver(observer)


def observer_of(request: Request) -> Observer | None:
    """Return the observer of `request`, if it has one."""
    return request.extensions.get("observe")


def observe(observer: Observer, event: str, info: dict[str, Any]) -> None:
    """Report one event. Raises what `observer` raises, and `TypeError` if it is async."""
    outcome: Any = observer(event, info)
    if outcome is not None and inspect.iscoroutine(outcome):
        outcome.close()
        raise TypeError(
            "The callback of the `observe` extension should be a normal function instead of an asynchronous function."
        )


def observed_ssl_context(value: SSLContextTypes, request: Request) -> ssl.SSLContext:
    """Return what `ssl_context_of()` returns. Calling a function is the phase `tls.context` of `request`."""
    with ObservedPhase(observer_of(request) if callable(value) else None, "tls.context", {}):
        return ssl_context_of(value)


def size_of_fields(headers: Headers) -> int:
    """Return how many bytes the names and values of header fields take."""
    return sum(len(name) + len(value) for name, value in headers)


class ObservedPhase:
    """A context manager that reports what is done inside as the phase `name`, if there is an observer.

    The events are `<name>.started`, and then `<name>.complete` or `<name>.failed`. All have the keys of `info`;
    `.failed` has `exception`, too. Entering returns a dict: what is put into it is reported by `.complete`. The end is
    reported once.
    """

    __slots__ = ("_info", "_name", "_observer", "_result")

    def __init__(self, observer: Observer | None, name: str, info: dict[str, Any]) -> None:
        self._observer = observer
        self._name = name
        self._info = info
        self._result: dict[str, Any] = {}

    def __enter__(self) -> dict[str, Any]:
        if self._observer is not None:
            observe(self._observer, f"{self._name}.started", self._info)
        return self._result

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        observer, self._observer = self._observer, None
        if observer is None:
            return
        if error is None:
            observe(observer, f"{self._name}.complete", {**self._info, **self._result})
        else:
            event = f"{self._name}.failed"
            with FailureReport(event, error):
                observe(observer, event, {**self._info, "exception": error})


class FailureReport:
    """A context manager for what is done about a failure with `error`, such as telling callbacks, before it is raised.

    What is raised meanwhile takes the place of `error`, which is its context. But a cancellation, or an exception such
    as `KeyboardInterrupt`, has to arrive where it is awaited: then an error that comes up meanwhile is logged, and goes
    no further. A `GeneratorExit` is no cancellation: it says that somebody has lost interest.
    """

    __slots__ = ("_error", "_event")

    def __init__(self, event: str, error: BaseException) -> None:
        self._event = event
        self._error = error

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(raised, Exception) or isinstance(self._error, (Exception, GeneratorExit)):
            return False
        error = raised.error if isinstance(raised, ObserverFailedError) else raised
        _logger.error("An exception at %r gives way to %r", self._event, self._error, exc_info=error)
        return True
