"""Checks of arguments, so that errors are raised where the mistake is made."""

import numbers
import os
import ssl
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

from ._exceptions import ConnectError
from ._final import final

# A TLS context, or a function that returns one: it is called before each TLS handshake.
SSLContextTypes: TypeAlias = ssl.SSLContext | Callable[[], ssl.SSLContext]

_LIMITS = ("connect", "read", "write", "pool", "total")


class ArgumentTypeError(TypeError, AttributeError):
    """An argument has the wrong type.

    It is an `AttributeError` too, because httpcore 1.0.9 raises one when it uses such an argument.
    """


# The last `timeout` extension that was found valid. Most clients set the same time limits for every request.
last_valid_timeout: Mapping[str, Any] = {}


def enforce_extensions(extensions: Any) -> None:
    """Raise `TypeError` or `ValueError` unless `extensions` is a mapping with a valid `timeout`, if any."""
    if not hasattr(extensions, "get"):
        raise ArgumentTypeError(f"extensions must be a dict, but got {type(extensions).__name__}.")
    if "timeout" in extensions:
        _enforce_timeout(extensions["timeout"])


def _enforce_timeout(timeout: Any) -> None:
    global last_valid_timeout
    if not isinstance(timeout, Mapping):
        raise ArgumentTypeError(
            "the extension 'timeout' must be a dict with any of 'connect', 'read', 'write', 'pool' and 'total', "
            f"but got {type(timeout).__name__}."
        )
    for name in _LIMITS:
        value = timeout.get(name)
        if value is None:
            continue
        what = f"the extension 'timeout' must have a number of seconds, at least 0, or None for {name!r}, but"
        if not isinstance(value, numbers.Real):
            raise TypeError(f"{what} got {type(value).__name__}.")
        if not float(value) >= 0:
            raise ValueError(f"{what} got {value}.")
    unknown = [repr(name) for name in timeout if name not in _LIMITS]
    if unknown:
        # The warning names the caller of Request().
        warnings.warn(
            f"the extension 'timeout' has unknown keys, {', '.join(unknown)}: "
            "it may have 'connect', 'read', 'write', 'pool' and 'total'.",
            stacklevel=4,
        )
    else:
        last_valid_timeout = {**timeout}


def enforce_content(content: Any) -> None:
    """Raise `TypeError` unless `content`, which is not bytes, is a sync or async iterable that may yield bytes."""
    is_iterable = hasattr(content, "__iter__") or hasattr(content, "__aiter__")
    # The types named here are iterable, but yield characters or numbers.
    if not is_iterable or isinstance(content, (str, bytearray, memoryview)):
        hint = ""
        if isinstance(content, (bytearray, memoryview)):
            hint = ": pass bytes(...) of it"
        elif isinstance(content, str):
            hint = ": encode it, as in content.encode()"
        elif isinstance(content, os.PathLike):
            hint = ": read the file, as in path.read_bytes()"
        raise TypeError(f"content must be bytes or an iterable of bytes, but got {type(content).__name__}{hint}.")


def wrong_body(body: object) -> TypeError:
    """The error for a body that sync code cannot send."""
    hint = ": in sync code, it cannot be async" if hasattr(body, "__aiter__") else ""
    return _wrong_body(body, hint)


def async_wrong_body(body: object) -> TypeError:
    """The error for a body that async code cannot send."""
    hint = ""
    if hasattr(body, "read"):
        hint = ": read it, or write an async generator that reads it"
    elif isinstance(body, (list, tuple)):
        hint = ": join it, as in b''.join(...), or write an async generator"
    elif hasattr(body, "__iter__"):
        hint = ": in async code, it has to be an async iterable, such as an async generator"
    return _wrong_body(body, hint)


def _wrong_body(body: object, hint: str) -> TypeError:
    kind = type(body).__name__
    return TypeError(f"content must be bytes or an iterable of bytes to suit the connection, but got {kind}{hint}.")


def enforce_ssl_context(value: Any, *, name: str) -> None:
    """Raise `TypeError`, naming the argument `name`, unless `value` is a TLS context, a function or `None`.

    A context may be that of another library. A function has no arguments and returns a context: see `ssl_context_of()`.
    """
    if isinstance(value, type) and issubclass(value, ssl.SSLContext):
        # As a function it would return a context that verifies nothing.
        raise TypeError(f"{name} must be an ssl.SSLContext, but got the class: use ssl.create_default_context().")
    if value is not None and not _is_ssl_context(value) and not callable(value):
        raise TypeError(f"{name} must be an ssl.SSLContext or None, but got {type(value).__name__}.")


def _is_ssl_context(value: Any) -> bool:
    return isinstance(value, ssl.SSLContext) or any(
        hasattr(value, method) for method in ("wrap_socket", "wrap_bio", "set_alpn_protocols")
    )


def ssl_context_of(value: SSLContextTypes) -> ssl.SSLContext:
    """Return `value`, or what it returns if it is a function. Its errors are raised as they are.

    Raises `TypeError` if that is not a TLS context.
    """
    if _is_ssl_context(value):
        return cast("ssl.SSLContext", value)
    context = cast("Callable[[], ssl.SSLContext]", value)()
    if not _is_ssl_context(context):
        raise TypeError(f"the function for a TLS context returned no ssl.SSLContext, but {type(context).__name__}.")
    return context


def enforce_port(host: bytes | str, port: Any) -> None:
    """Raise `ConnectError` for a port outside 1 to 65535, which the operating system might take for another one."""
    if not isinstance(port, int) or not 1 <= port <= 65535:
        name = host if isinstance(host, str) else host.decode("ascii")
        raise final(ConnectError(f"port must be an int from 1 to 65535, but got {port!r} ({name})."))
