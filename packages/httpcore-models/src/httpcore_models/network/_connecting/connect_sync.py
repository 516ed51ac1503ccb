"""Connecting sockets for threads: the race between addresses waits with a selector."""

import errno
import os
import selectors
import socket
import sys
import time
from collections.abc import Iterable

from ..._exceptions import ConnectError, ConnectTimeout
from ...concurrency import forks
from ...deadline import Deadline
from .._error_texts import failure_text, peer_name, timeout_text
from .._readiness import wait_limit
from .._resolving.finding import look_up_in_time
from .._resolving.observed import observed_resolution
from .._resolving.system import Address, address_text, literal_address, numeric_addresses
from .._socket_options import SOCKET_OPTION
from .._stock_sockets import connects_as_stock, creates_connections_as_stock
from .happy_eyeballs import Race
from .observed import observed_attempt
from .sockets import QUEUE_FULL_DELAY, finish_connecting, new_socket, start_connecting


def open_tcp_socket(
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
    addresses: Iterable[str] | None = None,
) -> socket.socket:
    """Return a connected socket; see `NetworkBackend.connect_tcp()`.

    `addresses` are the IP addresses of `host` if they are known, which only the standard library's own sockets connect
    to: ask `can_race()` before. The name is not used then, even if another thread replaces the sockets meanwhile.
    """
    peer = peer_name(host, port)
    limit = wait_limit(timeout)
    deadline = Deadline(limit)
    try:
        if addresses is None and not can_race():
            return _create_connection(host, port, limit, local_address, socket_options)
        if addresses is None:
            targets = _look_up(host, port, deadline)
        else:
            targets = [target for address in addresses for target in numeric_addresses(address, port)]
        return _race(targets, local_address, list(socket_options or ()), deadline)
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Connect", peer, timeout)) from exc
    except (OSError, UnicodeError) as exc:
        raise ConnectError(failure_text(exc, peer)) from exc


def _look_up(host: str, port: int, deadline: Deadline) -> list[Address]:
    if literal_address(host) is not None:
        return look_up_in_time(host, port, deadline, TimeoutError())
    with observed_resolution(host, port) as result:
        targets = look_up_in_time(host, port, deadline, TimeoutError())
        result["addresses"] = list(map(address_text, targets))
    return targets


def open_udp_targets(
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
    addresses: Iterable[str] | None = None,
) -> socket.socket:
    """Return a connected UDP socket; see `NetworkBackend`.

    `addresses` are the IP addresses of `host` if they are known.
    """
    from .datagrams import open_udp_socket  # only HTTP/3 needs it

    peer = peer_name(host, port)
    limit = wait_limit(timeout)
    if not can_race():
        # They may guard or divert connections over TCP, and what they would make of UDP is unknown.
        raise ConnectError(f"The program has replaced the functions of sockets, and UDP might bypass them ({peer})")
    try:
        if addresses is None:
            targets = _look_up(host, port, Deadline(limit))
        else:
            targets = [target for address in addresses for target in numeric_addresses(address, port)]
        return open_udp_socket(targets, local_address, socket_options)
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Connect", peer, timeout)) from exc
    except (OSError, UnicodeError) as exc:
        raise ConnectError(failure_text(exc, peer)) from exc


def can_race() -> bool:
    """Whether sockets are the standard library's own, so that several can connect at the same time in one thread."""
    return connects_as_stock(socket.socket) and creates_connections_as_stock()


def open_unix_socket(path: str, timeout: float | None, socket_options: Iterable[SOCKET_OPTION] | None) -> socket.socket:
    """Return a connected Unix domain socket; see `NetworkBackend.connect_unix_socket()`."""
    if sys.platform == "win32":
        raise RuntimeError("Attempted to connect to a UNIX socket on a Windows system.")
    limit = wait_limit(timeout)
    deadline = Deadline(limit)
    try:
        if connects_as_stock(socket.socket):
            return _connect_unix(path, deadline, socket_options)
        return _connect_unix_blocking(path, limit, socket_options)
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Connect", path, timeout)) from exc
    except OSError as exc:
        raise ConnectError(failure_text(exc, path)) from exc


def _create_connection(
    host: str,
    port: int,
    limit: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
) -> socket.socket:
    """Connect with `socket.create_connection()`, which every replacement for the standard library's sockets has."""
    source = None if local_address is None else (local_address, 0)
    sock = socket.create_connection((host, port), limit, source_address=source)
    try:
        for option in socket_options or ():
            sock.setsockopt(*option)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _connect_unix_blocking(
    path: str, limit: float | None, socket_options: Iterable[SOCKET_OPTION] | None
) -> socket.socket:
    """Connect with the few methods that every replacement for the standard library's sockets has."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        for option in socket_options or ():
            sock.setsockopt(*option)
        sock.settimeout(limit)
        sock.connect(path)
    except BaseException:
        sock.close()
        raise
    return sock


def _connect_unix(path: str, deadline: Deadline, socket_options: Iterable[SOCKET_OPTION] | None) -> socket.socket:
    sock = new_socket(socket.AF_UNIX, None, socket_options)
    try:
        while not deadline.has_passed:
            try:
                sock.connect(path)
                return sock
            except BlockingIOError:
                time.sleep(QUEUE_FULL_DELAY)
        raise TimeoutError
    except BaseException:
        sock.close()
        raise


def _race(
    addresses: list[Address], local_address: str | None, options: list[SOCKET_OPTION], deadline: Deadline
) -> socket.socket:
    """Return the first socket to connect, having closed all others; raise `TimeoutError` or `OSError`."""
    process, race = forks.count, Race(addresses)
    with selectors.DefaultSelector() as selector:
        try:
            sock = _winner(selector, race, local_address, options, deadline)
            if forks.count != process:  # the observer has forked
                raise ConnectError("The connection belongs to another process")
            _end_attempts(selector, sock, OSError(errno.ECANCELED, os.strerror(errno.ECANCELED)))
            selector.unregister(sock)
            return sock
        except BaseException as exc:
            _end_attempts(selector, None, exc)
            raise
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
            race.forget_failures()


def _winner(
    selector: selectors.BaseSelector,
    race: Race,
    local_address: str | None,
    options: list[SOCKET_OPTION],
    deadline: Deadline,
) -> socket.socket:
    if deadline.has_passed:
        raise TimeoutError  # connecting to this machine takes no time
    while not race.is_lost:
        address = race.next_address()
        if address is not None:
            try:
                _start_attempt(selector, address, local_address, options)
            except OSError as exc:
                race.attempt_failed(exc)
                continue
        limits = (race.delay(), deadline.remaining())
        ready = selector.select(min((limit for limit in limits if limit is not None), default=None))
        for key, _ in ready:
            sock: socket.socket = key.fileobj  # type: ignore[assignment]
            try:
                finish_connecting(sock)
            except OSError as exc:
                selector.unregister(sock)
                sock.close()
                key.data.__exit__(type(exc), exc, None)
                race.attempt_failed(exc)
            else:
                key.data.__exit__(None, None, None)
                return sock
        if not ready and deadline.has_passed:
            raise TimeoutError
    raise race.failure()


def _start_attempt(
    selector: selectors.BaseSelector, address: Address, local_address: str | None, options: list[SOCKET_OPTION]
) -> None:
    phase = observed_attempt(address)
    phase.__enter__()
    try:
        sock = new_socket(address.family, local_address, options)
        # From here on `_race()` closes the socket, and ends the phase.
        selector.register(sock, selectors.EVENT_WRITE, phase)
        try:
            start_connecting(sock, address.sockaddr)
        except OSError:
            selector.unregister(sock)
            sock.close()
            raise
    except BaseException as exc:
        phase.__exit__(type(exc), exc, None)
        raise


def _end_attempts(selector: selectors.BaseSelector, winner: "socket.socket | None", error: BaseException) -> None:
    """Tell the observer that all attempts but that of `winner` have failed, with `error`."""
    for key in selector.get_map().values():
        if key.fileobj is not winner:
            key.data.__exit__(type(error), error, None)
