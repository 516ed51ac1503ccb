"""A UDP socket: many datagrams in one call of the operating system, where it can do that.

A download or upload over QUIC is a hundred thousand datagrams, and a call of the operating system for each costs more
than all the rest. Linux joins datagrams of the same size that arrive one behind the other (GRO), and splits what is
sent (GSO). A kernel, a network card or a sandbox may refuse either; then there is one datagram a call.
"""

import contextlib
import errno
import socket
import sys
from collections.abc import Iterable, Sequence

from .._socket_options import SOCKET_OPTION

# From linux/udp.h. The module `socket` lacks them.
_UDP_SEGMENT = 103
_UDP_GRO = 104
_SUPPORTS_SEGMENTS = sys.platform == "linux"

# More than the largest datagram, and than the largest buffer of joined ones.
_BUFFER_SIZE = 65536

# The room for what the operating system tells about a buffer: the segment size, an int, after what a socket option of
# the program may add, such as time stamps.
_ANCILLARY_SIZE = socket.CMSG_SPACE(4) + 256 if hasattr(socket, "CMSG_SPACE") else 0

# What Linux splits in one call: so many datagrams at most (64 before version 6.9), and together no more bytes than
# there may be in one datagram over IPv4.
_MOST_SEGMENTS = 64
_MOST_BYTES = 65507

# The answers of a system that does not split, or not for this network card or this size.
_REFUSALS = (errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP)

# How many bytes the operating system is asked to keep until they are received. It may grant less.
_RECEIVE_BUFFER = 4 * 1024 * 1024

# How many empty datagrams are dropped before the caller looks at its limits again.
_MOST_EMPTY = 16


def new_datagram_socket(family: int, local_address: str | None, options: Iterable[SOCKET_OPTION]) -> socket.socket:
    """Return a non-blocking UDP socket that is ready to connect: options set, and bound to `local_address`.

    Options for TCP are skipped.
    """
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        for option in options:
            if option[0] != socket.IPPROTO_TCP:
                sock.setsockopt(*option)
        if local_address is not None:
            sock.bind((local_address, 0))
    except BaseException:
        sock.close()
        raise
    return sock


class DatagramSocket:
    """Sends and receives on a connected non-blocking UDP socket. No call waits."""

    __slots__ = ("_joins", "_sock", "_splits")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._joins = self._splits = False
        if _SUPPORTS_SEGMENTS:
            self._splits = True
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_UDP, _UDP_GRO, 1)
                self._joins = True

    def receive(self) -> tuple[bytes, int] | None:
        """Return datagrams as `DatagramStream.receive()` does, or `None` if there are none. Raises `OSError`."""
        for _ in range(_MOST_EMPTY):
            size = 0
            try:
                if self._joins:
                    data, ancillary, _, _ = self._sock.recvmsg(_BUFFER_SIZE, _ANCILLARY_SIZE)
                    for level, kind, value in ancillary:
                        if kind == _UDP_GRO and level == socket.IPPROTO_UDP:
                            size = int.from_bytes(value, sys.byteorder)
                else:
                    data = self._sock.recv(_BUFFER_SIZE)
            except BlockingIOError:
                return None
            if data:
                return data, size or len(data)
        return None

    def send(self, datagrams: Sequence[bytes], sent: int) -> int:
        """Send `datagrams` without the first `sent`, as far as there is room. Return how many of all are sent.

        Raises `OSError`.
        """
        while sent < len(datagrams):
            count = self._segments(datagrams, sent) if self._splits and len(datagrams) - sent > 1 else 1
            try:
                if count > 1:
                    size = len(datagrams[sent]).to_bytes(2, sys.byteorder)
                    ancillary = [(socket.IPPROTO_UDP, _UDP_SEGMENT, size)]
                    self._sock.sendmsg(datagrams[sent : sent + count], ancillary)
                else:
                    self._sock.send(datagrams[sent])
            except BlockingIOError:
                break
            except OSError as exc:
                if count > 1 and exc.errno in _REFUSALS:
                    self._splits = False
                    continue
                if exc.errno != errno.ENOBUFS:  # some systems say so when they drop a datagram
                    raise
            sent += count
        return sent

    @staticmethod
    def _segments(datagrams: Sequence[bytes], first: int) -> int:
        """Return how many datagrams from `first` on can be sent in one call: of one size, the last may be shorter."""
        size = len(datagrams[first])
        if not size:
            return 1
        most = min(_MOST_SEGMENTS, _MOST_BYTES // size, len(datagrams) - first)
        sizes = list(map(len, datagrams[first : first + most]))
        if sizes.count(size) < most:
            for count, other in enumerate(sizes):
                if other != size:
                    return count + 1 if 0 < other < size else count
        return max(most, 1)
