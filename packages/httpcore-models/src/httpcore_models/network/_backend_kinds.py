"""Telling sync network backends from async ones, which are easily confused."""

import contextlib
import functools
import inspect
from collections.abc import Callable
from typing import Any


def connecting(connect: Callable[..., Any]) -> Callable[..., Any]:
    """Return `connect`, the method of a backend for sync code. Raises `TypeError` if it is a coroutine function."""
    if inspect.iscoroutinefunction(connect):
        raise TypeError(f"the network backend of sync code must be a sync one, but {_owner(connect)} is async.")
    return connect


def async_connecting(connect: Callable[..., Any]) -> Callable[..., Any]:
    """Return `connect`, the method of a backend for async code, or a function that raises `TypeError` if it is sync.

    A plain function will do if it returns an awaitable, so only a call tells.
    """
    return connect if inspect.iscoroutinefunction(connect) else functools.partial(_call, connect)


def _call(connect: Callable[..., Any], **arguments: Any) -> Any:
    result = connect(**arguments)
    if inspect.isawaitable(result):
        return result
    with contextlib.suppress(Exception):
        result.close()
    raise TypeError(f"the network backend of async code must be an async one, but {_owner(connect)} is sync.")


def _owner(method: Any) -> str:
    return type(getattr(method, "__self__", method)).__name__
