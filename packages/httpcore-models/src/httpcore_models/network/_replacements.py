"""What programs put in the place of functions that connect: guards, pins, proxies and mocks. They have to be asked.

Whether a function is the stock one is told by where its code was compiled, which `functools.wraps()` does not copy,
and not by what it was when this module was imported, which may be too late.
"""

import asyncio
import contextlib
import importlib
import socket
import types
from collections.abc import Iterable
from typing import Any

from .._exceptions import ConnectError, ConnectTimeout
from ..concurrency import current_async_library, vocabulary
from ._async.interface import AsyncNetworkStream
from ._errors import failed, timed_out
from ._options import SOCKET_OPTION
from ._sync_polled import is_stock
from ._wrappers import AnyIOStreamWrapper, TrioStreamWrapper

# Event loops of which is known that their `create_connection()` does no more than connect. All others are asked.
_LOOPS = ("asyncio.base_events", "uvloop.loop", "winloop.loop")


def _is_of(package: str, function: Any) -> bool:
    """Whether `function` is Python code of a top-level package."""
    module: str = getattr(function, "__globals__", {}).get("__name__", "")
    return module.partition(".")[0] == package


def _connects_as_stock(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether `create_connection()` of a loop is that of the class of a known library."""
    if "create_connection" in vars(loop):
        return False
    for kind in type(loop).__mro__:
        method = vars(kind).get("create_connection")
        if method is not None:
            # Classes that are not made by Python code cannot be changed by it.
            is_changed = kind.__module__ == _LOOPS[0] and not (
                isinstance(method, types.FunctionType) and method.__globals__.get("__name__") == _LOOPS[0]
            )
            return kind.__module__ in _LOOPS and not is_changed
    return False


def anyio_is_replaced(name: str) -> bool:
    """Whether anyio's function `name`, or what it connects by, is another than that of its library."""
    anyio: Any = importlib.import_module("anyio")
    if not (_is_of("anyio", getattr(anyio, name)) and is_stock(socket.socket)):
        return True
    return (
        name == "connect_tcp"
        and current_async_library() == "asyncio"
        and not _connects_as_stock(asyncio.get_running_loop())
    )


def trio_is_replaced(name: str) -> bool:
    """Whether trio's function `name`, or what it connects by, is another than that of its library."""
    trio: Any = importlib.import_module("trio")
    factory = trio.socket.set_custom_socket_factory(None)
    trio.socket.set_custom_socket_factory(factory)
    return factory is not None or not (_is_of("trio", getattr(trio, name)) and is_stock(socket.socket))


async def connect_by(
    module: str,
    name: str,
    peer: str,
    timeout: float | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
    **arguments: Any,
) -> AsyncNetworkStream:
    """Connect by a function of anyio or trio, as httpcore 1.0.9 did, whatever stands in its place."""
    library: Any = importlib.import_module(module)
    try:
        with vocabulary().move_on_after(timeout):
            stream = await getattr(library, name)(**arguments)
            try:
                for option in socket_options or ():
                    (stream._raw_socket if module == "anyio" else stream).setsockopt(*option)
            except BaseException:
                with contextlib.suppress(Exception):
                    await stream.aclose()
                raise
            return AnyIOStreamWrapper(stream, peer) if module == "anyio" else TrioStreamWrapper(stream, peer)
        raise TimeoutError
    except TimeoutError as exc:
        raise ConnectTimeout(timed_out("Connect", peer, timeout)) from exc
    except (OSError, UnicodeError, library.BrokenResourceError) as exc:
        raise ConnectError(failed(exc, peer)) from exc
