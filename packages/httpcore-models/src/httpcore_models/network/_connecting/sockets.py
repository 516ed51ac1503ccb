"""A socket before and while it connects."""

import contextlib
import os
import socket
from collections.abc import Iterable
from typing import Any

from .._socket_options import SOCKET_OPTION

# How many seconds to wait before trying again to connect to a Unix socket whose listener's queue is full: the operating
# system does not tell when there is room.
QUEUE_FULL_DELAY = 0.01


def new_socket(family: int, local_address: str | None, options: Iterable[SOCKET_OPTION] | None) -> socket.socket:
    """Return a non-blocking socket that is ready to connect: options set, and bound to `local_address`."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if family != getattr(socket, "AF_UNIX", None):
            # Requests are written whole: waiting to coalesce small segments would only delay them.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option in options or ():
            _set_option(sock, option)
        if local_address is not None:
            _bind(sock, local_address)
    except BaseException:
        sock.close()
        raise
    return sock


def _set_option(sock: socket.socket, option: SOCKET_OPTION) -> None:
    try:
        sock.setsockopt(*option)
    except TypeError as exc:
        raise TypeError(f"socket_options must hold arguments for socket.setsockopt(), but got {option!r}.") from exc


def _bind(sock: socket.socket, local_address: str) -> None:
    try:
        sock.bind((local_address, 0))
    except TypeError as exc:
        kind = type(local_address).__name__
        raise TypeError(f"local_address must be a str or None, but got {kind}.") from exc


def start_connecting(sock: socket.socket, sockaddr: Any) -> None:
    """Begin to connect a non-blocking socket. It becomes writable when it has connected or failed."""
    # EINPROGRESS, or EWOULDBLOCK on Windows.
    with contextlib.suppress(BlockingIOError):
        sock.connect(sockaddr)


def finish_connecting(sock: socket.socket) -> None:
    """Raise `OSError` if a socket failed to connect."""
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
