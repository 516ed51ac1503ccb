"""The network for threads."""

import time
from collections.abc import Iterable, Sequence
from typing import cast

from ..._arguments import enforce_port
from .._backend_kinds import enforce_own_connect_tcp
from .._connecting.connect_sync import can_race, open_tcp_socket, open_udp_targets, open_unix_socket
from .._error_texts import peer_name
from .._resolving.types import Resolver
from .._socket_options import SOCKET_OPTION
from .._streams.sync_plain import PlainSocketStream as PlainSocketStream
from .._streams.sync_stream import SyncStream as SyncStream
from .._streams.sync_tls import TLSSocketStream as TLSSocketStream
from .._sync.datagrams import DatagramStream
from .._sync.interface import NetworkStream
from .._sync.resolving_backend import ResolvingBackend, connect_in_turn


class SyncBackend(ResolvingBackend):
    """Connects with the standard library's sockets, or with those that a program has put in their place.

    `resolver` finds the addresses of hosts, see `Resolver`. The default is the system's.
    """

    def __init__(self, *, resolver: Resolver | None = None) -> None:
        self.resolver = resolver

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to the first of the host's addresses that answers.

        If there is a limit, a resolver runs in a thread of its own, in a copy of the caller's context. What a program
        has put in the place of `socket.getaddrinfo()` is called in the caller's thread, without a limit. So is the
        system's resolver while it keeps 64 threads that nobody waits for any more.
        """
        enforce_port(host, port)
        if self.resolver is not None:
            return self._connect_resolved(host, port, timeout, local_address, socket_options)
        return SyncStream(open_tcp_socket(host, port, timeout, local_address, socket_options), peer_name(host, port))

    def connect_tcp_to(
        self,
        addresses: Sequence[str],
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to the first of `addresses` that answers; see `ResolvingBackend`."""
        enforce_port(host, port)
        peer = peer_name(host, port)
        options = None if socket_options is None else list(socket_options)
        if can_race():
            return SyncStream(open_tcp_socket(host, port, timeout, local_address, options, addresses), peer)

        def connect(address: str, limit: float | None) -> NetworkStream:
            return SyncStream(open_tcp_socket(address, port, limit, local_address, options), peer)

        return cast(NetworkStream, connect_in_turn(connect, addresses, timeout))

    def connect_udp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> DatagramStream:
        """Open datagrams to the first of the host's addresses that the system has a way to; see `NetworkBackend`.

        Raises `ConnectError` if a program has replaced `socket.socket` or `socket.create_connection()`, or the method
        `connect_tcp()` of this class, since UDP might bypass what they do.
        """
        enforce_port(host, port)
        if self.resolver is not None:
            return self._connect_udp_resolved(host, port, timeout, local_address, socket_options)
        return _datagrams(host, port, timeout, local_address, socket_options)

    def connect_udp_to(
        self,
        addresses: Sequence[str],
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> DatagramStream:
        """Open datagrams to the first of `addresses` that the system has a way to; see `ResolvingBackend`."""
        enforce_port(host, port)
        return _datagrams(host, port, timeout, local_address, socket_options, addresses)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to a Unix domain socket."""
        return SyncStream(open_unix_socket(path, timeout, socket_options), path)

    def sleep(self, seconds: float) -> None:
        """Block this thread for `seconds`."""
        time.sleep(seconds)


def _datagrams(
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
    addresses: Sequence[str] | None = None,
) -> DatagramStream:
    from .._streams.sync_datagrams import SyncDatagramStream

    enforce_own_connect_tcp(SyncBackend, host, port)
    sock = open_udp_targets(host, port, timeout, local_address, socket_options, addresses)
    return SyncDatagramStream(sock, peer_name(host, port))
