"""Tells the standard library's sockets from those that programs replace them by: green sockets, proxies, guards, mocks.

What replaces a socket may do no more than the methods of a socket promise, so it is only used in the plainest way.
"""

import _socket
import socket
from typing import Any


def is_stock(kind: Any) -> bool:
    """Whether a class of sockets is the standard library's own, and its methods have not been replaced."""
    return (
        getattr(kind, "__module__", None) == "socket"
        and getattr(kind, "__bases__", None) == (_socket.socket,)
        and kind.recv is _socket.socket.recv
        and kind.send is _socket.socket.send
    )


def is_stock_tls(kind: Any) -> bool:
    """Whether a class of TLS sockets is the standard library's own, on top of its own sockets."""
    return kind.__module__ == "ssl" and len(kind.__bases__) == 1 and is_stock(kind.__bases__[0])


def connects_as_stock(kind: Any) -> bool:
    """Whether sockets of a class also connect as the standard library's do: without waiting, if they do not block."""
    return is_stock(kind) and kind.connect is _socket.socket.connect


def creates_connections_as_stock() -> bool:
    """Whether `socket.create_connection()` is the standard library's own."""
    return getattr(socket.create_connection, "__globals__", None) is vars(socket)
