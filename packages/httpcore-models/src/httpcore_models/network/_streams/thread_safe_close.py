"""Closing a socket that several threads use: it happens here and nowhere else.

A descriptor that is closed while another thread is about to use its number would make that thread read from, or write
to, whatever connection gets the number next. So closing shuts the connection down, which wakes all who wait for it;
and the descriptor is closed when the last of them has left.
"""

import _socket
import contextlib
import os
import socket
import weakref

# How many times this process was forked off another one that used this module. A connection belongs to one process.
forks = 0


def _count_fork() -> None:
    global forks
    forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


class Lease:
    """Keeps a socket open while somebody refers to it, in a local variable.

    The interpreter counts the references, which no exception, at whatever line, can upset.
    """

    __slots__ = ("__weakref__", "closing", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock: socket.socket = sock
        self.closing: bool = False

    def __del__(self) -> None:
        """Close the socket. One that nobody asked to close complains, when it is collected, that it was not closed."""
        if getattr(self, "closing", False):
            self.sock.close()


class SharedSocket:
    """A socket that is shared. Whoever uses it refers to the lease meanwhile, and looks at `closed` afterwards.

    `handed_out` is set when others are given the socket. They may change its time limit, and hold on to the connection
    beyond the end of the stream: by `makefile()`, by `dup()`, or in another process.
    """

    __slots__ = ("_given", "closed", "forks", "handed_out", "lease", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.forks: int = forks
        self.closed: bool = False
        self.handed_out: bool = False
        self.sock: socket.socket = sock
        self.lease: Lease | None = Lease(sock)
        self._given = weakref.ref(self.lease)

    def close(self) -> None:
        """End the connection. May be called from any thread, signal handler or finaliser, and more than once."""
        lease = self.lease
        if lease is None:
            if self._given() is None:
                # Done already, unless a signal handler has raised just when it was.
                self.sock.close()
            else:
                self._end_for_users()
            return
        self.closed = True
        if not self.handed_out:
            self._end_for_users()
        lease.closing = True
        self.lease = None
        if self.handed_out:
            del lease
            self._end_for_users()

    def _end_for_users(self) -> None:
        """End the connection for those who use the socket, if there are any, or may be.

        Closing a descriptor does not wake the threads that wait for it; this does. In a child process it would end the
        connection of the parent.
        """
        lease = self._given()
        if lease is not None and self.forks == forks:
            _wake_users(lease.sock)


def _wake_users(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        if isinstance(sock, _socket.socket):
            # Not the method of the TLS socket, which gives up TLS first: a thread that writes would go on in the clear.
            _socket.socket.shutdown(sock, socket.SHUT_RDWR)
        elif hasattr(sock, "getpeercert"):
            # Green TLS, whose shutdown gives up TLS, too. Closing wakes those who wait for it.
            sock.close()
        elif hasattr(sock, "shutdown"):
            sock.shutdown(socket.SHUT_RDWR)
