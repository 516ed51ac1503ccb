"""What network streams are made of in tests, and the types of what connects one to a scripted peer and checks it."""

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
    """What a stream is made of."""

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
        # A reset leaves no address to look for in the kernel's table.
        with suppress(OSError):
            connection.hold()
        closed.set()

    return run
