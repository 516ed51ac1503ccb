# Generated from ../_async/guarded.py by tools/make_sync.py: edit that file, then run it.
"""A backend that connects only where a rule allows it.

What is checked is what is connected to: the guard resolves names itself, asks the rule about each address, and gives
those that are allowed, and no names, to the backend inside. A second look at the name could have another answer.
"""

import os
from collections.abc import Iterable, Sequence

from ...._arguments import enforce_port
from ...._exceptions import ConnectError
from ...._final import final
from ..._backend_kinds import connecting, enforce_own_connect_tcp
from ..._error_texts import peer_name
from ..._purpose import PURPOSE
from ..._resolving.system import literal_address
from ..._resolving.types import Resolver
from ..._socket_options import SOCKET_OPTION
from ..._sync.datagrams import DatagramStream
from ..._sync.interface import NetworkBackend, NetworkStream
from ..._sync.resolving_backend import ResolvingBackend, connect_to, connect_udp_to
from ..defaults import SyncBackend
from ..rules import Destination, Rule, refusal


class GuardedBackend(ResolvingBackend):
    """Has another backend connect to those addresses of a host, and those Unix sockets, that a rule allows.

    `allow` is a plain function that is called with a `Destination` before each attempt to connect, for every address of
    the host. It returns `True` to allow it. Anything else refuses it; a text is the reason. If no address is allowed,
    connecting raises `ConnectError`, which names the rule, the addresses and the host, and is not retried. Exceptions
    of `allow` pass through unchanged.

    `backend` connects. The default uses sockets. `resolver` finds the addresses; the default is the
    resolver of `backend`, or else the system's. A backend that is not of this package gets one address after the other,
    each with a share of the limit.

    The rule sees connections of this backend only: not what a proxy connects to, and no stream that was opened
    otherwise.
    """

    def __init__(
        self,
        allow: Rule,
        backend: NetworkBackend | None = None,
        *,
        resolver: Resolver | None = None,
    ) -> None:
        self._allow = allow
        self._backend: NetworkBackend = SyncBackend() if backend is None else backend
        if resolver is None and isinstance(self._backend, ResolvingBackend):
            resolver = self._backend.resolver
        self.resolver = resolver

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to the first of the host's allowed addresses that answers."""
        enforce_port(host, port)
        return self._connect_resolved(host, port, timeout, local_address, socket_options)

    def connect_tcp_to(
        self,
        addresses: Sequence[str],
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to the first of those `addresses` that answers and is allowed; see `ResolvingBackend`."""
        allowed = self._allowed(addresses, host, port)
        return connect_to(self._backend, allowed, host, port, timeout, local_address, socket_options)

    def connect_udp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> DatagramStream:
        """Open datagrams, for HTTP/3, to the first of the host's allowed addresses that the system has a way to."""
        enforce_own_connect_tcp(GuardedBackend, host, port)
        enforce_port(host, port)
        return self._connect_udp_resolved(host, port, timeout, local_address, socket_options)

    def connect_udp_to(
        self,
        addresses: Sequence[str],
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> DatagramStream:
        """Open datagrams to the first of those `addresses` that is allowed; see `ResolvingBackend`."""
        allowed = self._allowed(addresses, host, port)
        return connect_udp_to(self._backend, allowed, host, port, timeout, local_address, socket_options)

    def _allowed(self, addresses: Sequence[str], host: str, port: int) -> list[str]:
        """Return those of `addresses` that the rule allows. Raises `ConnectError` if it allows none."""
        enforce_port(host, port)
        allowed: list[str] = []
        refused: list[str] = []
        for text in addresses:
            address = literal_address(text)
            if address is None:
                raise ConnectError(f"{text!r} is no IP address ({peer_name(host, port)})")
            reason = refusal(self._allow, Destination(address, port, host, None, PURPOSE.get()))
            if reason is None:
                # The text of what was checked: of what was given, other code might make another address.
                allowed.append(str(address))
            else:
                refused.append(reason)
        if not allowed:
            raise final(ConnectError(f"{'; '.join(refused)} ({peer_name(host, port)})"))
        return allowed

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to a Unix domain socket if it is allowed."""
        path = os.fspath(path)
        reason = refusal(self._allow, Destination(None, None, None, path, PURPOSE.get()))
        if reason is not None:
            raise final(ConnectError(reason))
        connect = connecting(self._backend.connect_unix_socket)
        stream: NetworkStream = connect(path=path, timeout=timeout, socket_options=socket_options)
        return stream

    def sleep(self, seconds: float) -> None:
        """Sleep with the backend inside."""
        self._backend.sleep(seconds)
