# Generated from ../_httpx/_errors.py by tools/make_httpx2.py: edit that file, then run it.
"""The errors of httpx2 for those of httpcore."""

from __future__ import annotations

import httpcore2 as client_core
import httpx2

from .._core import httpcore

# Raise what these functions return directly. An error that a variable refers to would be part of a reference cycle.

_ERRORS: dict[type[Exception], type[httpx2.TransportError]] = {
    httpcore.ConnectTimeout: httpx2.ConnectTimeout,
    httpcore.ReadTimeout: httpx2.ReadTimeout,
    httpcore.WriteTimeout: httpx2.WriteTimeout,
    httpcore.PoolTimeout: httpx2.PoolTimeout,
    httpcore.TimeoutException: httpx2.TimeoutException,
    httpcore.ConnectError: httpx2.ConnectError,
    httpcore.ReadError: httpx2.ReadError,
    httpcore.WriteError: httpx2.WriteError,
    httpcore.NetworkError: httpx2.NetworkError,
    httpcore.RemoteProtocolError: httpx2.RemoteProtocolError,
    httpcore.LocalProtocolError: httpx2.LocalProtocolError,
    httpcore.ProtocolError: httpx2.ProtocolError,
    httpcore.ProxyError: httpx2.ProxyError,
    httpcore.UnsupportedProtocol: httpx2.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable: httpx2.ConnectError,
    httpcore.HTTPCoreError: httpx2.TransportError,
}


def error_class(error: Exception) -> type[httpx2.TransportError] | None:
    """Return the class of httpx2 for an error of httpcore, `None` for any other error."""
    return next((_ERRORS[kind] for kind in type(error).__mro__ if kind in _ERRORS), None)


def _of_both(name: str) -> type[httpx2.TransportError]:
    """Return a class of errors that are those of httpx2, and also those of its core with the same name."""
    bases = [getattr(module, name) for module in (httpx2, client_core, httpcore)]
    return type(name, tuple(dict.fromkeys(bases)), {"__module__": __name__})


# Code that uses the stream of an upgraded connection, such as a WebSocket, knows the errors of the core.
_STREAM_ERRORS = {
    getattr(httpcore, name): _of_both(name)
    for name in ("ConnectTimeout", "ReadTimeout", "WriteTimeout", "ConnectError", "ReadError", "WriteError")
}
globals().update({kind.__name__: kind for kind in _STREAM_ERRORS.values()})  # where pickles look for them


def stream_error_class(error: Exception) -> type[httpx2.TransportError] | None:
    """Return the class for an error of a network stream, `None` for an error that is none of httpcore."""
    found = next((_STREAM_ERRORS[kind] for kind in type(error).__mro__ if kind in _STREAM_ERRORS), None)
    return found or error_class(error)
