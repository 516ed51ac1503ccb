"""Sockets before they are connected, and the order in which addresses are tried (RFC 8305, "happy eyeballs")."""

import _socket
import contextlib
import ipaddress
import itertools
import os
import socket
from collections.abc import Iterable
from typing import Any, NamedTuple

from .._socket_options import SOCKET_OPTION

# How long, in seconds, an attempt has before the next address is tried beside it: RFC 8305 section 5 recommends it,
# curl uses 0.2 and Go 0.3.
CONNECTION_ATTEMPT_DELAY = 0.25

# How soon, in seconds, a Unix socket whose listener's queue is full is tried again: nothing tells when it has room.
QUEUE_FULL_DELAY = 0.01


class Address(NamedTuple):
    """A resolved address: socket family, and what `socket.connect()` takes."""

    family: int
    sockaddr: Any


def numeric_addresses(host: str, port: int) -> list[Address]:
    """The address of an IP literal, without waiting for a resolver; an empty list for names."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return []
    # Not by what a program may have put in the place of `socket.getaddrinfo()`: asyncio does not ask it for these.
    return _addresses(_socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST))


def look_up(host: str, port: int) -> list[Address]:
    """Ask the resolver of the system, or what a program has put in its place to pin, cache or guard names.

    By position, as `socket.create_connection()` does: replacements name their parameters as they like, or not at all.
    """
    return _addresses(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))


def _addresses(infos: Iterable[Any]) -> list[Address]:
    return [Address(family, sockaddr) for family, _, _, _, sockaddr in infos]


def interleaved(addresses: Iterable[Address]) -> list[Address]:
    """Alternate between address families, keeping the resolver's order within each (RFC 8305 section 4)."""
    families: dict[int, list[Address]] = {}
    for address in addresses:
        families.setdefault(address.family, []).append(address)
    rounds = itertools.zip_longest(*families.values())
    return [address for one_round in rounds for address in one_round if address is not None]


def new_socket(family: int, local_address: str | None, options: Iterable[SOCKET_OPTION] | None) -> socket.socket:
    """Make a non-blocking socket, with all that has to be set before it connects."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if family != getattr(socket, "AF_UNIX", None):
            # Requests are written whole: waiting to coalesce small segments would only delay them.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option in options or ():
            sock.setsockopt(*option)
        if local_address is not None:
            sock.bind((local_address, 0))
    except BaseException:
        sock.close()
        raise
    return sock


def start_connecting(sock: socket.socket, sockaddr: Any) -> None:
    """Begin a non-blocking connect; the socket turns writable when it has an outcome."""
    # EINPROGRESS, or EWOULDBLOCK on Windows.
    with contextlib.suppress(BlockingIOError):
        sock.connect(sockaddr)


def finish_connecting(sock: socket.socket) -> None:
    """Raise `OSError` if the non-blocking connect of `sock` failed."""
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))


def all_failed(errors: list[OSError]) -> OSError:
    """One error that stands for the failed attempts on several addresses."""
    if not errors:
        return OSError("the resolver knows no address of this host")
    texts = dict.fromkeys(str(error) for error in errors)
    error = errors[0] if len(texts) == 1 else OSError("; ".join(texts))
    # The one that is raised refers to whoever raises it: it must not be kept there.
    errors.clear()
    return error
