"""What programs put in the place of functions that connect: guards, pins, proxies and mocks. They have to be asked.

Whether a function is the stock one is told by the module that its global names are those of, which
`functools.wraps()` does not copy, and not by what it was when this module was imported, which may be too late.
"""

import asyncio
import contextlib
import importlib
import socket
import sys
import types
from collections.abc import Iterable
from typing import Any

from ..._exceptions import ConnectError, ConnectTimeout
from ...concurrency import anyio_or_trio, async_checkpoint_if_cancelled, current_async_library
from .._async.interface import AsyncNetworkStream
from .._error_texts import failure_text, timeout_text
from .._socket_options import SOCKET_OPTION
from .._stock_sockets import is_stock
from .._streams.wrapped import AnyIOStreamWrapper, TrioStreamWrapper, is_changed

# Event loops of which is known that their `create_connection()` does no more than connect. All others are asked.
_LOOPS = ("asyncio.base_events", "uvloop.loop", "winloop.loop")


# What was found to be stock, by the name of the function and the class of the loop: looking again is cheap then.
_stock: dict[tuple[str, type | None], tuple[Any, ...]] = {}


def anyio_is_patched(name: str) -> bool:
    """Whether anyio's function `name`, or what it connects by, is another than that of its library."""
    loop: Any = asyncio._get_running_loop() if name == "connect_tcp" else None  # `None` on trio, too
    if is_changed(AnyIOStreamWrapper) or (loop is not None and "create_connection" in getattr(loop, "__dict__", ())):
        return True
    functions = [getattr(_library("anyio"), name), *_called_by_anyio(name)]
    found: tuple[Any, ...] = (*functions, *_sockets())
    kind = None if loop is None else type(loop)
    if kind is not None:
        found += (kind.create_connection,)
    if _stock.get((name, kind)) == found:
        return False
    if not all(_is_of("anyio", function) for function in functions):
        return True
    if not is_stock(socket.socket) or (kind and not _connects_as_stock(kind)):
        return True
    _stock[name, kind] = found
    return False


def trio_is_patched(name: str) -> bool:
    """Whether trio's function `name`, or what it connects by, is another than that of its library."""
    if current_async_library() != "trio":
        return False
    trio = _library("trio")
    factory = trio.socket.set_custom_socket_factory(None)
    trio.socket.set_custom_socket_factory(factory)
    function = getattr(trio, name)
    if factory is not None or is_changed(TrioStreamWrapper):
        return True
    return not (_is_of("trio", function) and is_stock(socket.socket))


def _called_by_anyio(name: str) -> list[Any]:
    """What anyio's function calls on asyncio, unless it was not loaded yet: a method, before anyio 4 a function."""
    module = sys.modules.get("anyio._backends._asyncio")
    function = getattr(getattr(module, "AsyncIOBackend", module), name, None)
    return [] if function is None else [function]


def _library(name: str) -> Any:
    return sys.modules.get(name) or importlib.import_module(name)


def _sockets() -> tuple[Any, ...]:
    kind = socket.socket
    return kind, getattr(kind, "recv", None), getattr(kind, "send", None)


def _is_of(package: str, function: Any) -> bool:
    """Whether `function` is Python code of a top-level package."""
    module: str = getattr(function, "__globals__", {}).get("__name__", "")
    return module.partition(".")[0] == package


def _connects_as_stock(loop: type) -> bool:
    """Whether a class of event loops has the `create_connection()` of a known library."""
    for kind in loop.__mro__:
        method = vars(kind).get("create_connection")
        if method is not None:
            # Classes that are not made by Python code cannot be changed by it.
            is_changed = kind.__module__ == _LOOPS[0] and not (
                isinstance(method, types.FunctionType) and method.__globals__.get("__name__") == _LOOPS[0]
            )
            return kind.__module__ in _LOOPS and not is_changed
    return False


async def connect_with(
    module: str,
    name: str,
    peer: str,
    timeout: float | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
    **arguments: Any,
) -> AsyncNetworkStream:
    """Connect by a function of anyio or trio, as httpcore 1.0.9 did, whatever stands in its place."""
    library = _library(module)
    await async_checkpoint_if_cancelled()
    try:
        with anyio_or_trio().move_on_after(timeout):
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
        raise ConnectTimeout(timeout_text("Connect", peer, timeout)) from exc
    except (OSError, UnicodeError, library.BrokenResourceError) as exc:
        raise ConnectError(failure_text(exc, peer)) from exc
