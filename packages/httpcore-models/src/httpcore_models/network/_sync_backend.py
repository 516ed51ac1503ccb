"""The network for threads: blocking sockets with timeouts."""

import contextlib
import math
import os
import selectors
import socket
import ssl
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .._exceptions import ConnectError, ConnectTimeout, ReadError, ReadTimeout, WriteError, WriteTimeout
from ._addresses import (
    CONNECTION_ATTEMPT_DELAY,
    QUEUE_FULL_DELAY,
    Address,
    all_failed,
    finish_connecting,
    interleaved,
    new_socket,
    numeric_addresses,
    start_connecting,
)
from ._errors import address_name, failed, peer_name, timed_out
from ._info import Readiness, wait_for_socket
from ._offers import make_tls, takes_offer
from ._options import SOCKET_OPTION
from ._sync.interface import NetworkBackend, NetworkStream
from ._sync.tls import TLSStream

T = TypeVar("T")

# Makes a single call return at once, on a socket that otherwise blocks; zero where there is no such flag.
_DONTWAIT: int = getattr(socket, "MSG_DONTWAIT", 0)


# Whether blocking calls can be given a limit, whose layout is known here: two words of the size of a pointer.
_LIMITS_CALLS = bool(_DONTWAIT) and sys.platform in ("linux", "darwin") and sys.maxsize > 2**32

# The most that one TLS record carries, in bytes (RFC 8446 section 5.1).
_TLS_RECORD = 16 * 1024


class SyncStream(NetworkStream):
    """A connected socket, clear or TLS.

    One thread may read while another writes. So `settimeout()` will not do, which is for both. On a clear socket the
    operating system limits the time of calls, which costs no further one; otherwise calls return at once, one at a
    time as OpenSSL needs it, and whoever has to wait does so beside them.

    `peer` is how the other end is named in errors, by default by its address.
    """

    def __init__(self, sock: socket.socket, peer: str | None = None) -> None:
        self._sock = sock
        self._peer = address_name(sock.getpeername()) if peer is None else peer
        self._process = os.getpid()
        self._read_timeout: float | None = None
        self._write_timeout: float | None = None
        self._unread = b""
        self._readiness = Readiness(sock)
        # Whoever gets the socket of a clear stream by get_extra_info() may go on with blocking calls.
        self._blocking = _LIMITS_CALLS and not isinstance(sock, ssl.SSLSocket)
        sock.setblocking(self._blocking)
        self._lock = None if self._blocking else threading.Lock()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what is there, or wait for it."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        try:
            if self._blocking:
                if timeout != self._read_timeout:
                    self._limit(socket.SO_RCVTIMEO, timeout)
                    self._read_timeout = timeout
                return self._sock.recv(max_bytes)
            return self._run(lambda: self._receive(max_bytes), selectors.EVENT_READ, timeout)
        except (TimeoutError, BlockingIOError) as exc:
            raise ReadTimeout(timed_out("Read", self._peer, timeout)) from exc
        except OSError as exc:
            raise ReadError(failed(exc, self._peer)) from exc

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what is there, `b""` at the end of stream, or `None` if a read would wait. Raises `ReadError`."""
        if self._unread:
            return self.read(max_bytes)
        try:
            if self._lock is None:
                return self._sock.recv(max_bytes, _DONTWAIT)
            with self._lock:
                return self._sock.recv(max_bytes)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError as exc:
            raise ReadError(failed(exc, self._peer)) from exc

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`."""
        try:
            if self._blocking:
                if timeout != self._write_timeout:
                    self._limit(socket.SO_SNDTIMEO, timeout)
                    self._write_timeout = timeout
                self._sock.sendall(buffer)
                return
            rest = memoryview(buffer)
            while rest:
                rest = rest[self._run(lambda rest=rest: self._sock.send(rest), selectors.EVENT_WRITE, timeout) :]  # type: ignore[misc]
        except (TimeoutError, BlockingIOError) as exc:
            raise WriteTimeout(timed_out("Write", self._peer, timeout)) from exc
        except OSError as exc:
            raise WriteError(failed(exc, self._peer)) from exc

    def _limit(self, option: int, timeout: float | None) -> None:
        # A limit of zero would be none, so the shortest one stands for it.
        microseconds = 0 if timeout is None else max(1, math.ceil(timeout * 1_000_000))
        self._sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", *divmod(microseconds, 1_000_000)))

    def _run(self, operation: Callable[[], T], event: int, timeout: float | None) -> T:
        """Return the result of `operation` on the socket, which waits for `event` unless TLS says otherwise."""
        assert self._lock is not None
        while True:
            try:
                with self._lock:
                    return operation()
            except ssl.SSLWantReadError:
                wanted = selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                wanted = selectors.EVENT_WRITE
            except BlockingIOError:
                wanted = event
            if not wait_for_socket(self._sock, wanted, timeout):
                raise TimeoutError

    def _receive(self, max_bytes: int) -> bytes:
        """Receive without waiting. TLS gives out one record at a time: take as many as there are."""
        data = self._sock.recv(max_bytes)
        if len(data) < _TLS_RECORD:
            return data
        records, size = [data], len(data)
        # What goes wrong after some were received, the next call will meet again.
        with contextlib.suppress(OSError):
            while size < max_bytes and (data := self._sock.recv(max_bytes - size)):
                records.append(data)
                size += len(data)
        return b"".join(records)

    def close(self) -> None:
        """Close the socket. TLS is not shut down: that would wait for the peer."""
        self._unread = b""
        if os.getpid() == self._process:
            # Closing a descriptor does not wake the threads that wait for it; this does. In a child process it would
            # end the connection of the parent.
            with contextlib.suppress(OSError):
                # Not that of the TLS socket, which gives up TLS first: a thread that writes would go on in the clear.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        self._sock.close()

    def abort(self) -> None:
        """Close at once, from any thread. That is all that `close()` does, too."""
        self.close()

    @takes_offer
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        """Do a TLS handshake, inside the present TLS connection where there is one."""
        if isinstance(self._sock, ssl.SSLSocket):
            # A socket can be wrapped once only.
            return TLSStream.handshake(self, ssl_context, server_hostname, timeout)
        sock = self._sock
        try:
            sock.settimeout(timeout)
            sock = self._sock = make_tls(
                ssl_context,
                lambda: ssl_context.wrap_socket(sock, server_hostname=server_hostname, do_handshake_on_connect=False),
            )
            sock.do_handshake()
        except BaseException as exc:
            sock.close()
            close_left_behind(exc)
            if isinstance(exc, (TimeoutError, ssl.SSLWantReadError, ssl.SSLWantWriteError)):
                raise ConnectTimeout(timed_out("TLS handshake", self._peer, timeout)) from exc
            if isinstance(exc, (OSError, ValueError)):
                raise ConnectError(failed(exc, self._peer)) from exc
            raise
        return SyncStream(sock, self._peer)

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream.get_extra_info()`."""
        if info == "is_readable":
            if isinstance(self._sock, ssl.SSLSocket):
                return self._is_tls_readable(self._sock)
            return self._readiness.is_readable()
        if info == "socket":
            return self._sock
        if info == "client_addr":
            return self._sock.getsockname()
        if info == "server_addr":
            return self._sock.getpeername()
        if info == "ssl_object" and isinstance(self._sock, ssl.SSLSocket):
            return self._sock
        return None

    def _is_tls_readable(self, sock: ssl.SSLSocket) -> bool:
        if self._unread:
            return True
        if not sock.pending() and not self._readiness.is_readable():
            return False
        # What has come may be a message of TLS itself, such as the session tickets of TLS 1.3.
        try:
            data = self.receive_nowait(1)
        except ReadError:
            return True
        self._unread = data or b""
        return data is not None


def close_left_behind(exc: BaseException) -> None:
    """Close the socket that `SSLContext.wrap_socket()` makes out of the given one, and loses when it fails itself.

    It does when the peer has reset the connection.
    """
    for frame, _ in traceback.walk_tb(exc.__traceback__):
        sock = frame.f_locals.get("self")
        if isinstance(sock, ssl.SSLSocket):
            sock.close()


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
        peer = peer_name(host, port)
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            addresses = numeric_addresses(host, port) or _resolve(host, port)
            sock = _Race(interleaved(addresses), local_address, socket_options).run(deadline)
        except TimeoutError as exc:
            raise ConnectTimeout(timed_out("Connect", peer, timeout)) from exc
        except (OSError, UnicodeError) as exc:
            raise ConnectError(failed(exc, peer)) from exc
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
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            sock = _connect_unix(path, deadline, socket_options)
        except TimeoutError as exc:
            raise ConnectTimeout(timed_out("Connect", path, timeout)) from exc
        except OSError as exc:
            raise ConnectError(failed(exc, path)) from exc
        return SyncStream(sock, path)

    def sleep(self, seconds: float) -> None:
        """Block this thread for `seconds`."""
        time.sleep(seconds)


def _resolve(host: str, port: int) -> list[Address]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [Address(family, sockaddr) for family, _, _, _, sockaddr in infos]


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
