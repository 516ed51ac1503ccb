"""Streams for threads, on sockets."""

import socket
import ssl
import time
import traceback
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from ..._exceptions import ConnectError, ConnectTimeout, ReadError, ReadTimeout, WriteError, WriteTimeout
from .._buffers import as_bytes
from .._error_texts import address_name, failure_text, timeout_text
from .._readiness import is_socket_readable, wait_limit
from .._sync.interface import NetworkStream
from .._sync.tls import TLSStream
from .._tls.alpn import make_tls_object, offer_on_context, takes_alpn_offer
from . import thread_safe_close
from .thread_safe_close import SharedSocket

Error = TypeVar("Error", ReadError, WriteError, ConnectError)

# What an operation says that cannot go on before the peer or the operating system has done something.
WOULD_WAIT = (TimeoutError, BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

# Where the contexts are from whose `wrap_socket()` leaves the handshake to the caller, if asked to, and nothing else.
_CONTEXTS_THAT_WAIT = ("ssl", "gevent.ssl", "eventlet.green.ssl")


class SyncStream(NetworkStream):
    """A connected socket, clear or TLS.

    Called with a plain socket of the standard library, or its TLS, it makes a stream of the subclass that suits this
    socket. What replaces the standard library's, such as the sockets of gevent, eventlet, PySocks and mocks, may be
    no more than it promises: it is used in the plain way, by `settimeout()`. So are all where a program has replaced
    methods of this class.

    One thread may read while another writes, and any may close. `peer` is how the other end is named in errors, by
    default by its address.
    """

    _suitable: ClassVar[list[tuple[Callable[[socket.socket], bool], type["SyncStream"]]]] = []

    def __new__(cls, sock: socket.socket, *_: Any, **__: Any) -> "SyncStream":
        """Make a stream of the class that suits `sock`."""
        if cls is SyncStream and _methods() == _OWN_METHODS:
            for suits, kind in SyncStream._suitable:
                if suits(sock):
                    return object.__new__(kind)
        return object.__new__(cls)

    def __init__(self, sock: socket.socket, peer: str | None = None, shared: SharedSocket | None = None) -> None:
        self._sock = sock
        self._peer = _peer_of(sock) if peer is None else peer
        self._shared = SharedSocket(sock) if shared is None else shared

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what is there, or wait for it."""
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
        deadline = None if remaining is None else time.monotonic() + remaining
        try:
            while rest and not self._shared.closed:
                self._sock.settimeout(remaining)
                rest = rest[self._sock.send(rest) :]
                if rest and deadline is not None:
                    remaining = deadline - time.monotonic()
                    if remaining <= 0:
                        raise TimeoutError
            if self._shared.closed:
                raise self._closed(WriteError)
        except OSError as exc:
            raise self._write_error(exc, timeout) from exc
        finally:
            del lease

    def close(self) -> None:
        """Close the socket. TLS is not shut down: that would wait for the peer.

        Whoever reads or writes at the time fails with `ReadError` or `WriteError`.
        """
        self._shared.close()

    def abort(self) -> None:
        """Close at once; see `NetworkStream`. That is all that `close()` does, too."""
        self._shared.close()

    @takes_alpn_offer
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
        lease = self._shared.lease
        try:
            if lease is None:
                raise self._closed(ConnectError)
            self._sock.settimeout(wait_limit(timeout))
            # The method of this context: it may have been replaced there alone, and the context be of any class.
            if getattr(ssl_context.wrap_socket, "__module__", None) in _CONTEXTS_THAT_WAIT:
                sock = make_tls_object(
                    ssl_context,
                    lambda: ssl_context.wrap_socket(
                        self._sock, server_hostname=server_hostname, do_handshake_on_connect=False
                    ),
                )
                # From here on whoever closes the stream ends the handshake.
                lease.sock = self._shared.sock = sock
                if not self._shared.closed:
                    sock.do_handshake()
            else:
                # It may look at the certificates itself, after a handshake of its own, or know no other arguments.
                with offer_on_context(ssl_context):
                    sock = lease.sock = self._shared.sock = ssl_context.wrap_socket(
                        self._sock, server_hostname=server_hostname
                    )
            if self._shared.closed:
                raise self._closed(ConnectError)
            return SyncStream(sock, self._peer, self._shared)
        except BaseException as exc:
            closed = self._shared.closed
            self._shared.close()
            close_left_behind(exc, self._sock)
            if closed and isinstance(exc, (OSError, ValueError)):
                raise self._closed(ConnectError) from exc
            if isinstance(exc, WOULD_WAIT):
                raise ConnectTimeout(timeout_text("The handshake operation", self._peer, timeout)) from exc
            # Without a name that is to be checked it is the caller's mistake.
            if isinstance(exc, OSError) or (isinstance(exc, ValueError) and server_hostname is not None):
                raise ConnectError(failure_text(exc, self._peer)) from exc
            raise
        finally:
            del lease

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream.get_extra_info()`."""
        if info == "is_readable":
            # A process that was forked off leaves the connections of its parent alone.
            return self._shared.closed or self._shared.forks != thread_safe_close.forks or self._is_readable()
        if info == "socket":
            self._shared.handed_out = True
            return self._sock
        if info == "client_addr":
            return self._sock.getsockname()
        if info == "server_addr":
            return self._sock.getpeername()
        if info == "ssl_object" and isinstance(self._sock, ssl.SSLSocket):
            # As ever: it tells more than the socket around it, such as the verified chain of certificates.
            return self._sock._sslobj  # type: ignore[attr-defined]
        return None

    def _is_readable(self) -> bool:
        return is_socket_readable(self._sock)

    # Errors.

    def _closed(self, kind: type[Error]) -> Error:
        return kind(f"the stream is closed ({self._peer})")

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
        # TLS of others, as that of python-socks inside TLS, does not tell, nor does a connection that is over.
        return "unknown peer"


def _methods() -> tuple[object, ...]:
    """What programs replace on this class to see what is sent and received, and its subclasses have of their own."""
    return SyncStream.read, SyncStream.write, SyncStream.get_extra_info


_OWN_METHODS = _methods()


def close_left_behind(exc: BaseException, sock: "socket.socket | None" = None) -> None:
    """Close the socket that `SSLContext.wrap_socket()` makes out of `sock`, and loses when it fails itself.

    It does when the peer has reset the connection.
    """
    # Not in the frame that has caught it: looking at its variables would keep what they refer to.
    for frame, _ in traceback.walk_tb(exc.__traceback__ and exc.__traceback__.tb_next):
        left = frame.f_locals.get("self")
        if isinstance(left, ssl.SSLSocket):
            if sock is not None and left.fileno() == sock.fileno():
                # It was lost before it had taken the descriptor over.
                left.detach()
            left.close()
