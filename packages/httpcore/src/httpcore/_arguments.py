"""Checks of arguments."""

import inspect
import numbers
from typing import Any

from httpcore_models import URL, UnsupportedProtocol


def enforce_max_connections(value: Any) -> None:
    """Raise `TypeError` or `ValueError` unless `value` is a positive number of connections, or `None`."""
    if value is None:
        return
    if not _is_number(value):
        raise TypeError(f"max_connections must be an int or None, but got {type(value).__name__}.")
    if not float(value) > 0:
        raise ValueError(f"max_connections must be at least 1, or None for no limit, but got {value}.")


def enforce_limits(max_keepalive_connections: Any, keepalive_expiry: Any, retries: Any) -> tuple[Any, Any]:
    """Return `max_keepalive_connections`, of which a number below 0 means 0, and `retries`, of which `None` does.

    Raises `TypeError` unless each is a number or `None`.
    """
    if max_keepalive_connections is not None and not _is_number(max_keepalive_connections):
        kind = type(max_keepalive_connections).__name__
        raise TypeError(f"max_keepalive_connections must be an int or None, but got {kind}.")
    enforce_keepalive_expiry(keepalive_expiry)
    most = None if max_keepalive_connections is None else max(0, max_keepalive_connections)
    return most, enforce_retries(retries)


def enforce_keepalive_expiry(value: Any) -> None:
    """Raise `TypeError` unless `value` is a number of seconds or `None`."""
    if value is not None and not isinstance(value, numbers.Real):
        raise TypeError(f"keepalive_expiry must be a number of seconds or None, but got {type(value).__name__}.")


def enforce_retries(value: Any) -> Any:
    """Return a number of retries, 0 for `None`. Raises `TypeError` for what is no number."""
    if value is None:
        return 0
    if not _is_number(value):
        raise TypeError(f"retries must be an int, but got {type(value).__name__}.")
    return value


def _is_number(value: Any) -> bool:
    # What counts may be a `Decimal`, too, which is not a `Real`.
    return isinstance(value, numbers.Number) and not isinstance(value, complex)


def enforce_pings(interval: Any, timeout: Any) -> None:
    """Raise `TypeError` or `ValueError` unless PINGs can be sent at this interval, and waited for so long."""
    if interval is not None:
        _enforce_seconds(interval, "http2_ping_interval", " or None")
    _enforce_seconds(timeout, "http2_ping_timeout", "")


def _enforce_seconds(value: Any, name: str, otherwise: str) -> None:
    what = f"{name} must be a number of seconds above 0{otherwise}, but got"
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{what} {type(value).__name__}.")
    if not float(value) > 0:
        raise ValueError(f"{what} {value}.")


def enforce_backend(value: Any) -> None:
    """Raise `TypeError` if `value` is the class of a network backend instead of an instance."""
    if isinstance(value, type) and inspect.isfunction(inspect.getattr_static(value, "connect_tcp", None)):
        raise TypeError(f"network_backend must be an instance, but got the class {value.__name__}: call it.")


def enforce_callback(value: Any) -> None:
    """Raise `TypeError` unless `value` is a plain function, or `None`."""
    if value is not None and (not callable(value) or inspect.iscoroutinefunction(value)):
        raise TypeError(f"on_connection must be a plain function or None, but got {value!r}.")


def unsupported_scheme(url: URL) -> UnsupportedProtocol:
    """Return the error for a URL whose scheme is not one of a pool."""
    if not url.scheme:
        return UnsupportedProtocol("Request URL is missing an 'http://' or 'https://' protocol.")
    # "localhost:8000" has the scheme "localhost" and no host.
    hint = "" if url.host else " It may lack 'http://' or 'https://' at its beginning."
    return UnsupportedProtocol(f"Request URL has an unsupported protocol '{url.scheme.decode()}://'.{hint}")
