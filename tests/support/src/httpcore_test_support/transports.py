"""The transports of network streams in tests, and the types of functions that connect and check streams."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress
from typing import NamedTuple, TypeAlias

from httpcore_models import AsyncNetworkStream, NetworkStream

from .scripted import Connection, Script, Step

# Gives, for the length of a `with` block, a stream whose other end follows the script.
AsyncConnect: TypeAlias = Callable[[Script], AbstractAsyncContextManager[AsyncNetworkStream]]
Connect: TypeAlias = Callable[[Script], AbstractContextManager[NetworkStream]]

AsyncCheck: TypeAlias = Callable[[AsyncConnect], Awaitable[None]]
Check: TypeAlias = Callable[[Connect], None]


class Transport(NamedTuple):
    """The layers of a stream."""

    unix: bool = False
    tls_layers: int = 0


TRANSPORTS = {
    "tcp": Transport(),
    "unix": Transport(unix=True),
    "tls": Transport(tls_layers=1),
    "tls-in-tls": Transport(tls_layers=2),
}


def hold_until_closed(closed: threading.Event) -> Step:
    """Neither read nor write until the client closes or resets the connection; then set `closed`."""

    def run(connection: Connection) -> None:
        # After a reset, the kernel's table no longer has the address.
        with suppress(OSError):
            connection.hold()
        closed.set()

    return run
