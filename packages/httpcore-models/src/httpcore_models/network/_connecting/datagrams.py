"""Connecting UDP sockets. Nothing is sent for that: it never waits, and does not notice a peer that is not there."""

import socket
from collections.abc import Iterable

from .._resolving.system import Address
from .._socket_options import SOCKET_OPTION
from .._streams.datagram_socket import new_datagram_socket
from .happy_eyeballs import combined


def open_udp_socket(
    addresses: Iterable[Address], local_address: str | None, socket_options: Iterable[SOCKET_OPTION] | None
) -> socket.socket:
    """Return a non-blocking UDP socket for the first of `addresses` that the system has a way to. Raises `OSError`."""
    options = list(socket_options or ())
    errors: list[OSError] = []
    try:
        for address in addresses:
            try:
                return _connected(address, local_address, options)
            except OSError as exc:
                errors.append(exc)
        raise combined(errors)
    finally:
        errors.clear()  # their tracebacks refer to this frame


def _connected(address: Address, local_address: str | None, options: list[SOCKET_OPTION]) -> socket.socket:
    sock = new_datagram_socket(address.family, local_address, options)
    try:
        sock.connect(address.sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock
