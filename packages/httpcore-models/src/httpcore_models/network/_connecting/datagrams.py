"""Connecting UDP sockets. Nothing is sent for that: it never waits, and does not notice a peer that is not there."""

import socket
from collections.abc import Iterable

from .._purpose import PREFERRED_ADDRESS
from .._resolving.system import Address
from .._socket_options import SOCKET_OPTION
from .._streams.datagram_socket import new_datagram_socket
from .happy_eyeballs import combined


def open_udp_socket(
    addresses: Iterable[Address], local_address: str | None, socket_options: Iterable[SOCKET_OPTION] | None
) -> socket.socket:
    """Return a non-blocking UDP socket for the first of `addresses` that the system has a way to. Raises `OSError`.

    The preferred address comes first, if it is one of them, and then those of the same family.
    """
    options = list(socket_options or ())
    preferred = PREFERRED_ADDRESS.get()
    if preferred is not None:
        addresses = sorted(addresses, key=lambda address: _distance(str(address.sockaddr[0]), preferred))
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


def _distance(address: str, preferred: str) -> int:
    if address == preferred:
        return 0
    return 1 if (":" in address) == (":" in preferred) else 2


def _connected(address: Address, local_address: str | None, options: list[SOCKET_OPTION]) -> socket.socket:
    sock = new_datagram_socket(address.family, local_address, options)
    try:
        sock.connect(address.sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock
