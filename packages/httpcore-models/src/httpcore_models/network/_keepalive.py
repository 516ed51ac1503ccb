"""TCP keepalive in one word."""

import socket
import sys

from ._socket_options import SOCKET_OPTION

# What Linux accepts; other systems accept at least as much.
_LONGEST = 32767
_MOST_PROBES = 127

# macOS calls TCP_KEEPIDLE so. Python has the name since 3.10; PyPy may lack it.
_TCP_KEEPALIVE_OF_MACOS = 0x10


def tcp_keepalive(*, idle: int = 60, interval: int = 15, count: int = 4) -> list[SOCKET_OPTION]:
    """Return the `socket_options` that make the operating system look whether the peer is still there.

    After `idle` seconds without a byte it sends a probe (RFC 9293 section 3.8.4), then one every `interval` seconds.
    When `count` probes in a row have had no answer, the connection has failed: reads and writes raise `ReadError` or
    `WriteError`. The defaults find a dead peer after two minutes, and keep connections alive that a firewall or a NAT
    would forget after a few minutes of silence.

    The options are right for Linux, macOS, the BSDs and Windows 10 (1709) or newer. A system that lacks one of the
    three options keeps its own value for that. They are for TCP, and fail on Unix sockets. Raises `TypeError` unless
    the arguments are `int`, and `ValueError` unless they are at least 1, `count` at most 127, the others at most 32767.
    """
    for name, value, limit in (
        ("idle", idle, _LONGEST),
        ("interval", interval, _LONGEST),
        ("count", count, _MOST_PROBES),
    ):
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be an int, but got {type(value).__name__}.")
        if not 1 <= value <= limit:
            raise ValueError(f"{name} must be from 1 to {limit}, but got {value}.")
    if sys.platform == "darwin":
        of_idle: int | None = getattr(socket, "TCP_KEEPALIVE", _TCP_KEEPALIVE_OF_MACOS)
    else:
        of_idle = getattr(socket, "TCP_KEEPIDLE", None)
    numbers = (
        (of_idle, idle),
        (getattr(socket, "TCP_KEEPINTVL", None), interval),
        (getattr(socket, "TCP_KEEPCNT", None), count),
    )
    options: list[SOCKET_OPTION] = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    options += [(socket.IPPROTO_TCP, number, value) for number, value in numbers if number is not None]
    return options
