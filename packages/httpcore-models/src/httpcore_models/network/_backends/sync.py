"""The network for threads: blocking sockets with timeouts."""

import selectors
import socket
import sys
import time
from collections.abc import Iterable

from ..._arguments import enforce_port
from ..._exceptions import ConnectError, ConnectTimeout
from .._connecting.addresses import (
    CONNECTION_ATTEMPT_DELAY,
    QUEUE_FULL_DELAY,
    Address,
    all_failed,
    finish_connecting,
    interleaved,
    look_up,
    new_socket,
    start_connecting,
)
from .._error_texts import failure_text, peer_name, timeout_text
from .._readiness import wait_limit
from .._socket_options import SOCKET_OPTION
from .._stock_sockets import connects_as_stock
from .._streams.sync_stream import SyncStream as SyncStream
from .._streams.sync_tls import TLSSocketStream as TLSSocketStream
from .._sync.interface import NetworkBackend, NetworkStream


class SyncBackend(NetworkBackend):
    """Connects with blocking sockets."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to the first of the host's addresses that answers. A slow resolver is not interrupted."""
        enforce_port(host, port)
        peer = peer_name(host, port)
        limit = wait_limit(timeout)
        deadline = None if limit is None else time.monotonic() + limit
        try:
            if _is_replaced():
                sock = _connect_plainly(host, port, limit, local_address, socket_options)
            else:
                sock = _Race(interleaved(look_up(host, port)), local_address, socket_options).run(deadline)
        except TimeoutError as exc:
            raise ConnectTimeout(timeout_text("Connect", peer, timeout)) from exc
        except (OSError, UnicodeError) as exc:
            raise ConnectError(failure_text(exc, peer)) from exc
        return SyncStream(sock, peer)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to a Unix domain socket."""
        if sys.platform == "win32":
            raise RuntimeError("Attempted to connect to a UNIX socket on a Windows system.")
        limit = wait_limit(timeout)
        deadline = None if limit is None else time.monotonic() + limit
        try:
            if connects_as_stock(socket.socket):
                sock = _connect_unix(path, deadline, socket_options)
            else:
                sock = _connect_unix_plainly(path, limit, socket_options)
        except TimeoutError as exc:
            raise ConnectTimeout(timeout_text("Connect", path, timeout)) from exc
        except OSError as exc:
            raise ConnectError(failure_text(exc, path)) from exc
        return SyncStream(sock, path)

    def sleep(self, seconds: float) -> None:
        """Block this thread for `seconds`."""
        time.sleep(seconds)


def _is_replaced() -> bool:
    """Whether somebody has put other sockets into the place of the standard library's: green ones, proxies, mocks."""
    return not connects_as_stock(socket.socket) or getattr(socket.create_connection, "__globals__", None) is not vars(
        socket
    )


def _connect_plainly(
    host: str,
    port: int,
    limit: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
) -> socket.socket:
    """Connect by no more than what replacements of the standard library's sockets know."""
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


def _connect_unix_plainly(
    path: str, limit: float | None, socket_options: Iterable[SOCKET_OPTION] | None
) -> socket.socket:
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


def _connect_unix(path: str, deadline: float | None, socket_options: Iterable[SOCKET_OPTION] | None) -> socket.socket:
    sock = new_socket(socket.AF_UNIX, None, socket_options)
    try:
        while True:
            try:
                sock.connect(path)
                return sock
            except BlockingIOError:
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError from None
                time.sleep(QUEUE_FULL_DELAY)
    except BaseException:
        sock.close()
        raise


class _Race:
    """Connects to the first of several addresses that answers, trying one more whenever the others take long."""

    def __init__(
        self,
        addresses: list[Address],
        local_address: str | None,
        socket_options: Iterable[SOCKET_OPTION] | None,
    ) -> None:
        self._addresses = iter(addresses)
        self._local_address = local_address
        self._options = list(socket_options or ())
        self._errors: list[OSError] = []

    def run(self, deadline: float | None) -> socket.socket:
        """Return the connected socket, having closed all others; raise `TimeoutError` or `OSError`."""
        with selectors.DefaultSelector() as selector:
            try:
                sock = self._first(selector, deadline)
                selector.unregister(sock)
                return sock
            finally:
                for key in list(selector.get_map().values()):
                    key.fileobj.close()  # type: ignore[union-attr]

    def _first(self, selector: selectors.BaseSelector, deadline: float | None) -> socket.socket:
        more = True
        while True:
            more = more and self._start_next(selector)
            if not selector.get_map():
                if more:
                    continue
                raise all_failed(self._errors)
            limits = [CONNECTION_ATTEMPT_DELAY] if more else []
            if deadline is not None:
                limits.append(max(0.0, deadline - time.monotonic()))
            ready = selector.select(min(limits, default=None))
            for key, _ in ready:
                sock: socket.socket = key.fileobj  # type: ignore[assignment]
                try:
                    finish_connecting(sock)
                except OSError as exc:
                    selector.unregister(sock)
                    sock.close()
                    self._errors.append(exc)
                else:
                    return sock
            if not ready and deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError

    def _start_next(self, selector: selectors.BaseSelector) -> bool:
        """Start the next attempt; return whether there was an address left to try."""
        address = next(self._addresses, None)
        if address is None:
            return False
        try:
            sock = new_socket(address.family, self._local_address, self._options)
        except OSError as exc:
            self._errors.append(exc)
            return True
        selector.register(sock, selectors.EVENT_WRITE)
        try:
            start_connecting(sock, address.sockaddr)
        except OSError as exc:
            selector.unregister(sock)
            sock.close()
            self._errors.append(exc)
        return True
