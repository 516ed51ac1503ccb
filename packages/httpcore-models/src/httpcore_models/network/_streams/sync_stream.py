"""Streams for threads, on any socket: `SyncStream`, and the choice of a faster class where the socket is known.

The plain way to give a socket a time limit is `settimeout()`, and everything that replaces the standard library's
sockets has it. So `SyncStream` itself uses that. But such a limit holds for both directions at once, and with TLS it
may hold for each of several waits in turn. The standard library's own sockets are used without it, by subclasses:
see `sync_plain` and `sync_tls`.
"""

import _socket
import socket
import ssl
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from ..._buffers import as_bytes
from ..._exceptions import ConnectError, ConnectTimeout, ReadError, ReadTimeout, WriteError, WriteTimeout
from ...deadline import Deadline
from .._error_texts import (
    address_name,
    closed_text,
    failure_text,
    handshake_failure_text,
    timeout_text,
)
from .._readiness import is_socket_readable, wait_limit
from .._sync.interface import NetworkStream
from .._sync.tls import TLSStream
from .._tls.alpn import make_tls_object, offer_on_context, takes_alpn_offer
from .._tls.strangers import is_followed_by_text
from . import thread_safe_close
from .thread_safe_close import SharedSocket

Error = TypeVar("Error", ReadError, WriteError, ConnectError)
Stream = TypeVar("Stream", bound="SyncStream")

# What an operation raises that cannot go on before the peer or the operating system has done something.
WOULD_WAIT = (TimeoutError, BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

# The modules whose contexts leave the handshake to the caller if asked to, and do nothing else in `wrap_socket()`.
_CONTEXTS_THAT_WAIT = ("ssl", "gevent.ssl", "eventlet.green.ssl")

# Which sockets a subclass is for, in the order of registration.
_subclasses: list[tuple[Callable[[socket.socket], bool], type["SyncStream"]]] = []


def used_for(suits: Callable[[socket.socket], bool]) -> Callable[[type[Stream]], type[Stream]]:
    """Have `SyncStream(sock)` make a stream of the decorated class if `suits(sock)` is true."""

    def register(kind: type[Stream]) -> type[Stream]:
        _subclasses.append((suits, kind))
        return kind

    return register


class SyncStream(NetworkStream):
    """A connected socket, with or without TLS.

    Calling this class with a socket of the standard library, or a TLS socket of it, makes a stream of the subclass for
    that socket. All other sockets, such as those of gevent, eventlet, PySocks and mocks, are used in the plainest way,
    with `settimeout()`. So are all sockets if a program has replaced methods of this class.

    One thread may read while another writes, and any thread may close. `peer` names the other end in errors; the
    default is its address.
    """

    def __new__(cls, sock: socket.socket, *_: Any, **__: Any) -> "SyncStream":
        """Make a stream of the class for `sock`."""
        if cls is SyncStream and _methods() == _OWN_METHODS:
            for suits, kind in _subclasses:
                if suits(sock):
                    return object.__new__(kind)
        return object.__new__(cls)

    def __init__(self, sock: socket.socket, peer: str | None = None, shared: SharedSocket | None = None) -> None:
        self._sock = sock
        self._peer = _peer_of(sock) if peer is None else peer
        self._shared = SharedSocket(sock) if shared is None else shared

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has been received, or wait for it."""
        lease = self._shared.lease
        try:
            if lease is not None:
                self._sock.settimeout(wait_limit(timeout))
                data = self._sock.recv(max_bytes)
                if not self._shared.closed:
                    return data
            raise self._closed(ReadError)
        except OSError as exc:
            raise self._read_error(exc, timeout) from exc
        finally:
            del lease

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`."""
        lease = self._shared.lease
        rest = as_bytes(buffer)
        remaining = wait_limit(timeout)
        deadline = Deadline(remaining)
        try:
            while rest and not self._shared.closed:
                self._sock.settimeout(remaining)
                rest = rest[self._sock.send(rest) :]
                remaining = deadline.remaining()
                if rest and remaining == 0.0:
                    raise TimeoutError
            if self._shared.closed:
                raise self._closed(WriteError)
        except OSError as exc:
            raise self._write_error(exc, timeout) from exc
        finally:
            del lease

    def close(self) -> None:
        """Close the socket. TLS is not shut down: that would wait for the peer.

        Threads that read or write at the time fail with `ReadError` or `WriteError`.
        """
        self._shared.close()

    def abort(self) -> None:
        """Close at once; see `NetworkStream`. `close()` does the same."""
        self._shared.close()

    @takes_alpn_offer
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        """Do a TLS handshake, inside the present TLS connection if there is one."""
        if isinstance(self._sock, ssl.SSLSocket):
            # A socket can be wrapped once only.
            return TLSStream.handshake(self, ssl_context, server_hostname, timeout)
        lease = self._shared.lease
        try:
            if lease is None:
                raise self._closed(ConnectError)
            self._sock.settimeout(wait_limit(timeout))
            # Look at the method of this very context: it may be of any class, or have its method replaced.
            if getattr(ssl_context.wrap_socket, "__module__", None) in _CONTEXTS_THAT_WAIT:
                sock = make_tls_object(
                    ssl_context,
                    lambda: ssl_context.wrap_socket(
                        self._sock, server_hostname=server_hostname, do_handshake_on_connect=False
                    ),
                )
                # From here on closing the stream ends the handshake.
                lease.sock = self._shared.sock = sock
                if not self._shared.closed:
                    sock.do_handshake()
            else:
                # It may inspect certificates itself, after a handshake of its own, or know no other arguments.
                with offer_on_context(ssl_context):
                    sock = lease.sock = self._shared.sock = ssl_context.wrap_socket(
                        self._sock, server_hostname=server_hostname
                    )
            if self._shared.closed:
                raise self._closed(ConnectError)
            return SyncStream(sock, self._peer, self._shared)
        except BaseException as exc:
            closed = self._shared.closed
            foreign = isinstance(exc, ssl.SSLError) and not closed and is_followed_by_text(self._shared.sock)
            self._shared.close()
            close_left_behind(exc, self._sock)
            if closed and isinstance(exc, (OSError, ValueError)):
                raise self._closed(ConnectError) from exc
            if isinstance(exc, WOULD_WAIT):
                raise ConnectTimeout(timeout_text("The handshake operation", self._peer, timeout)) from exc
            # A `ValueError` without a name to check is the caller's mistake.
            if isinstance(exc, OSError) or (isinstance(exc, ValueError) and server_hostname is not None):
                raise ConnectError(handshake_failure_text(exc, self._peer, foreign)) from exc
            raise
        finally:
            del lease

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream.get_extra_info()`."""
        if info == "is_readable":
            # A forked child process leaves its parent's connections alone.
            return self._shared.closed or self._shared.forks != thread_safe_close.forks or self._is_readable()
        if info == "socket":
            self._shared.handed_out = True
            return self._sock
        if info == "client_addr":
            return self._sock.getsockname()
        if info == "server_addr":
            return self._sock.getpeername()
        if info == "ssl_object" and isinstance(self._sock, ssl.SSLSocket):
            # As in httpcore 1.0: it tells more than the socket around it, such as the verified chain of certificates.
            return getattr(self._sock, "_sslobj", None)
        return None

    def _is_readable(self) -> bool:
        return is_socket_readable(self._sock)

    # Errors.

    def _closed(self, kind: type[Error]) -> Error:
        return kind(closed_text(self._peer))

    def _read_error(self, exc: OSError, timeout: float | None) -> ReadError | ReadTimeout:
        if self._shared.closed:
            return self._closed(ReadError)
        if isinstance(exc, WOULD_WAIT):
            return ReadTimeout(timeout_text("The read operation", self._peer, timeout))
        return ReadError(failure_text(exc, self._peer))

    def _write_error(self, exc: OSError, timeout: float | None) -> WriteError | WriteTimeout:
        if self._shared.closed:
            return self._closed(WriteError)
        if isinstance(exc, WOULD_WAIT):
            return WriteTimeout(timeout_text("The write operation", self._peer, timeout))
        return WriteError(failure_text(exc, self._peer))


def _peer_of(sock: socket.socket) -> str:
    try:
        return address_name(sock.getpeername())
    except (AttributeError, OSError):
        # Some TLS sockets, such as python-socks' TLS inside TLS, do not tell, nor does a connection that has ended.
        return "unknown peer"


def _methods() -> tuple[object, ...]:
    """Return the methods that programs replace on this class to see what is sent, and that its subclasses override."""
    return SyncStream.read, SyncStream.write, SyncStream.get_extra_info


_OWN_METHODS = _methods()


def close_left_behind(exc: BaseException, sock: "socket.socket | None" = None) -> None:
    """Close the socket that `SSLContext.wrap_socket()` made out of `sock` and lost when it failed with `exc`.

    This happens when the peer has reset the connection.
    """
    # Skip the frame that caught the exception: reading its variables would keep what they refer to.
    for frame, _ in traceback.walk_tb(exc.__traceback__ and exc.__traceback__.tb_next):
        left = frame.f_locals.get("self")
        if isinstance(left, ssl.SSLSocket):
            if sock is not None and left.fileno() == sock.fileno():
                # It failed before it had taken over the descriptor, which is still ours.
                left.detach()
            if isinstance(left, _socket.socket):
                # Its own method needs attributes that it lacks if a signal handler has interrupted its constructor.
                _socket.socket.close(left)
            else:
                left.close()
