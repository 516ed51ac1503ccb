"""Connecting by the functions that a program has put in the place of anyio's or trio's.

httpcore 1.0 connected by `anyio.connect_tcp()` and its like, so programs replace these to guard, pin, proxy or mock
connections. This package connects by itself, which is faster, and has to ask whether a replacement is in place: a
request that slips past a guard is a security hole.

Whether a function is still its library's own is told by its globals, which `functools.wraps()` does not copy. It cannot
be compared with the one that was there when this module was imported: that may have been a replacement already.
"""

import contextlib
import importlib
import os
import socket
import sys
import types
from asyncio import _get_running_loop as running_asyncio_loop
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..._exceptions import ConnectError, ConnectTimeout
from ...concurrency import anyio_or_trio, async_checkpoint_if_cancelled, current_async_library
from .._async.interface import AsyncNetworkStream
from .._error_texts import failure_text, peer_name, timeout_text
from .._socket_options import SOCKET_OPTION
from .._stock_sockets import is_stock
from .._streams.wrapped import AnyIOStreamWrapper, TrioStreamWrapper, has_patched_methods

# Modules of event loops whose `create_connection()` is known to connect and do nothing else. On all other loops
# connections are opened by anyio, which calls that method.
_KNOWN_LOOPS = ("asyncio.base_events", "uvloop.loop", "winloop.loop")


class _Names(NamedTuple):
    """What a library calls its functions, by the kind of connection, and their parameters."""

    functions: dict[str, str]
    host: str
    port: str
    local_address: str
    path: str


_NAMES = {
    "anyio": _Names(
        functions={"tcp": "connect_tcp", "unix": "connect_unix"},
        host="remote_host",
        port="remote_port",
        local_address="local_host",
        path="path",
    ),
    "trio": _Names(
        functions={"tcp": "open_tcp_stream", "unix": "open_unix_socket"},
        host="host",
        port="port",
        local_address="local_address",
        path="filename",
    ),
}

# What was found to be unchanged, by the function's name and the event loop's class: comparing again is cheap.
_known_as_stock: dict[tuple[str, type | None], tuple[Any, ...]] = {}


def is_patched(library: str, kind: str) -> bool:
    """Whether a function of `library` that connects, or what it calls, is not its own any more.

    `library` is `"anyio"` or `"trio"`, and `kind` `"tcp"` or `"unix"`.
    """
    return (_is_anyio_patched if library == "anyio" else _is_trio_patched)(_NAMES[library].functions[kind])


def _is_anyio_patched(name: str) -> bool:
    loop: Any = running_asyncio_loop() if name == "connect_tcp" else None  # `None` on trio, too
    if has_patched_methods(AnyIOStreamWrapper) or (
        loop is not None and "create_connection" in getattr(loop, "__dict__", ())
    ):
        return True
    functions = [getattr(_library("anyio"), name), *_called_by_anyio(name)]
    found: tuple[Any, ...] = (*functions, *_sockets())
    kind = None if loop is None else type(loop)
    if kind is not None:
        found += (kind.create_connection,)
    if _known_as_stock.get((name, kind)) == found:
        return False
    if not all(_is_of("anyio", function) for function in functions):
        return True
    if not is_stock(socket.socket) or (kind and not _connects_as_stock(kind)):
        return True
    _known_as_stock[name, kind] = found
    return False


def _is_trio_patched(name: str) -> bool:
    if current_async_library() != "trio":
        return False
    trio = _library("trio")
    factory = trio.socket.set_custom_socket_factory(None)
    trio.socket.set_custom_socket_factory(factory)
    function = getattr(trio, name)
    if factory is not None or has_patched_methods(TrioStreamWrapper):
        return True
    return not (_is_of("trio", function) and is_stock(socket.socket))


def _called_by_anyio(name: str) -> list[Any]:
    """Return what anyio's function calls on asyncio, if it is loaded: a method, or before anyio 4 a function."""
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
            # The other known loops are compiled: Python code cannot change their classes.
            is_patched = kind.__module__ == _KNOWN_LOOPS[0] and not (
                isinstance(method, types.FunctionType) and method.__globals__.get("__name__") == _KNOWN_LOOPS[0]
            )
            return kind.__module__ in _KNOWN_LOOPS and not is_patched
    return False


async def connect_tcp(
    library: str,
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
) -> AsyncNetworkStream:
    """Connect by the function of `library`; see `AsyncNetworkBackend.connect_tcp()`."""
    names = _NAMES[library]
    arguments = {names.host: host, names.port: port, names.local_address: local_address}
    return await _connect(library, "tcp", arguments, peer_name(host, port), timeout, socket_options)


async def connect_unix_socket(
    library: str, path: str, timeout: float | None, socket_options: Iterable[SOCKET_OPTION] | None
) -> AsyncNetworkStream:
    """Connect by the function of `library`; see `AsyncNetworkBackend.connect_unix_socket()`."""
    arguments = {_NAMES[library].path: path}
    return await _connect(library, "unix", arguments, os.fspath(path), timeout, socket_options)


async def _connect(
    library: str,
    kind: str,
    arguments: dict[str, Any],
    peer: str,
    timeout: float | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
) -> AsyncNetworkStream:
    module = _library(library)
    await async_checkpoint_if_cancelled()
    try:
        with anyio_or_trio().move_on_after(timeout):
            stream = await getattr(module, _NAMES[library].functions[kind])(**arguments)
            try:
                # httpcore 1.0 used `_raw_socket` for this, so the streams that programs return have it.
                for option in socket_options or ():
                    (getattr(stream, "_raw_socket") if library == "anyio" else stream).setsockopt(*option)  # noqa: B009
            except BaseException:
                with contextlib.suppress(Exception):
                    await stream.aclose()
                raise
            return AnyIOStreamWrapper(stream, peer) if library == "anyio" else TrioStreamWrapper(stream, peer)
        raise TimeoutError
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Connect", peer, timeout)) from exc
    except (OSError, UnicodeError, module.BrokenResourceError) as exc:
        raise ConnectError(failure_text(exc, peer)) from exc
