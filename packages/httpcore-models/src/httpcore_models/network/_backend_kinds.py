"""What a network backend can do: telling sync ones from async ones, which are easily confused, and finding methods."""

import contextlib
import functools
import inspect
from collections.abc import Callable
from typing import Any

from .._exceptions import ConnectError
from ._error_texts import peer_name


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


def udp_method(backend: Any) -> Any:
    """Return the method `connect_udp()` of a backend, or `None` if it has none that may be called.

    Programs guard `connect_tcp()`: in a subclass, in a wrapper that forwards all other names, on the object, or by
    putting a function in the place of the method of our class. A `connect_udp()` that knows nothing of the guard would
    bypass it.
    """
    own = getattr(backend, "__dict__", {})
    if "connect_tcp" in own and "connect_udp" not in own:
        return None
    kinds = type(backend).__mro__
    for number, kind in enumerate(kinds, 1):
        tcp, udp = kind.__dict__.get("connect_tcp"), kind.__dict__.get("connect_udp")
        if tcp is not None and tcp is _inherited("connect_tcp", kinds[number:]):
            tcp = None  # whoever replaced the method has put it back
        if udp is not None:
            is_bypassing = tcp is not None and place_of(tcp) != place_of(udp)
            return None if is_bypassing else getattr(backend, "connect_udp", None)
        if tcp is not None:
            return None
    return None


def _inherited(name: str, kinds: tuple[type[Any], ...]) -> Any:
    return next((kind.__dict__[name] for kind in kinds if name in kind.__dict__), None)


def place_of(method: Any) -> tuple[Any, str]:
    """Return the module and the class of a method. `functools.wraps()` copies only the latter."""
    module = getattr(method, "__globals__", {}).get("__name__")
    return module, getattr(method, "__qualname__", "").rpartition(".")[0]


def enforce_own_connect_tcp(kind: type[Any], host: str, port: int) -> None:
    """Raise `ConnectError` if a program has put a function in the place of `connect_tcp()` in a class of ours.

    `udp_method()` cannot see that if a subclass has a `connect_udp()` that calls ours.
    """
    if place_of(kind.__dict__["connect_tcp"]) != place_of(kind.__dict__["connect_udp"]):
        peer = peer_name(host, port)
        raise ConnectError(f"The program has replaced {kind.__name__}.connect_tcp(), and UDP might bypass it ({peer})")
