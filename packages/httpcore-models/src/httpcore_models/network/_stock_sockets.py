"""Tells the standard library's sockets from what programs put in their place: green sockets, proxies, guards, mocks."""

import _socket
from typing import Any


def is_stock(kind: Any) -> bool:
    """Whether a class of sockets is the standard library's own, and nobody has changed it."""
    return (
        getattr(kind, "__module__", None) == "socket"
        and getattr(kind, "__bases__", None) == (_socket.socket,)
        and kind.recv is _socket.socket.recv
        and kind.send is _socket.socket.send
    )


def connects_as_stock(kind: Any) -> bool:
    """Whether sockets of a class connect as those of the standard library do, without waiting if asked to."""
    return is_stock(kind) and kind.connect is _socket.socket.connect
