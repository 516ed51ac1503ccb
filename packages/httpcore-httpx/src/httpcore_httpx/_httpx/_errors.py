"""The errors of httpx for those of httpcore."""

from __future__ import annotations

import httpcore as client_core
import httpx

from .._core import httpcore

# Raise what these functions return directly. An error that a variable refers to would be part of a reference cycle.

_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.TimeoutException: httpx.TimeoutException,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.NetworkError: httpx.NetworkError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.ProtocolError: httpx.ProtocolError,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable: httpx.ConnectError,
    httpcore.HTTPCoreError: httpx.TransportError,
}


def error_class(error: Exception) -> type[httpx.TransportError] | None:
    """Return the class of httpx for an error of httpcore, `None` for any other error."""
    return next((_ERRORS[kind] for kind in type(error).__mro__ if kind in _ERRORS), None)


def _of_both(name: str) -> type[httpx.TransportError]:
    """Return a class of errors that are those of httpx, and also those of its core with the same name."""
    bases = [getattr(module, name) for module in (httpx, client_core, httpcore)]
    return type(name, tuple(dict.fromkeys(bases)), {"__module__": __name__})


# Code that uses the stream of an upgraded connection, such as a WebSocket, knows the errors of the core.
_STREAM_ERRORS = {
    getattr(httpcore, name): _of_both(name)
    for name in ("ConnectTimeout", "ReadTimeout", "WriteTimeout", "ConnectError", "ReadError", "WriteError")
}
globals().update({kind.__name__: kind for kind in _STREAM_ERRORS.values()})  # where pickles look for them


def stream_error_class(error: Exception) -> type[httpx.TransportError] | None:
    """Return the class for an error of a network stream, `None` for an error that is none of httpcore."""
    found = next((_STREAM_ERRORS[kind] for kind in type(error).__mro__ if kind in _STREAM_ERRORS), None)
    return found or error_class(error)
