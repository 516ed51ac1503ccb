"""Closing a socket that other threads use. All sync streams close here.

The problem. A thread reads, another one closes the socket. The operating system may give the number of the closed
descriptor to the next socket that is opened anywhere in the process. If the first thread was about to call `recv()`
with that number, it now reads from somebody else's connection, and may hand the bytes of one user to another. A lock
around each call would prevent that, but then closing would have to wait for a read that may last for minutes.

Our way. Closing ends the connection with `shutdown()`, which wakes the threads that wait for it. The descriptor is
closed once the last of them has left. Each thread that uses the socket keeps a reference to a `SocketLease` in a local
variable meanwhile. Closing drops the stream's own reference, and the finaliser of the lease, which runs when the last
reference is gone, closes the descriptor.

Why references, not a counter. A counter has to be decremented in a `finally`, and a signal handler may raise between
any two instructions, also just before the `try` and within the `finally`. The interpreter counts references itself, and
no exception on any line can make it miscount.

The cyclic garbage collector finalises what it finds in any order, and a socket that it finalises before the lease warns
that it was not closed. Without the GIL, it may find what is in no cycle: a reference that another thread than the
creating one dropped last. So a table refers to the socket from its closing to the end of the lease.

Where references are not counted, as in PyPy, or the thread that has to run the finaliser waits for something, closed
sockets pile up. Before they use up the descriptors of the process, the table has the collector run.
"""

import _socket
import contextlib
import gc
import os
import socket
import sys
import weakref
from typing import ClassVar

# How many forks lie between this process and the one that imported this module. A connection belongs to one process.
forks = 0


def _count_fork() -> None:
    global forks
    forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


# A process may usually have 1024 descriptors, some systems allow 256.
_TOO_MANY = 100


class SocketLease:
    """Keeps a socket open for as long as a local variable refers to it."""

    __slots__ = ("__weakref__", "closing", "sock")

    #: The leases that close their sockets when they end, and these sockets, by their identities.
    ending: ClassVar["dict[int, tuple[weakref.ref[SocketLease], socket.socket]]"] = {}
    #: How many of them make the collector run.
    too_many: ClassVar[int] = _TOO_MANY

    def __init__(self, sock: socket.socket) -> None:
        self.sock: socket.socket = sock
        self.closing: bool = False

    def __del__(self) -> None:
        """Close the socket. If nothing asked for that, leave it to the socket, which warns that it was not closed."""
        if getattr(self, "closing", False):
            self.sock.close()
            self.ending.pop(id(self.sock), None)

    def close_at_end(self, reference: "weakref.ref[SocketLease]") -> None:
        """Close the socket when the last reference is gone. `reference` is one that does not count."""
        ending = self.ending
        if len(ending) >= self.too_many:
            gc.collect()
            # Those that remain have users. The collector would be in vain for them the next time, too.
            SocketLease.too_many = max(_TOO_MANY, 2 * len(ending))
        # The finaliser of a lease that has ended was interrupted, or will not need this. Its socket is left to itself.
        for key, (other, _) in list(ending.items()):
            if other() is None:
                ending.pop(key, None)
        ending[id(self.sock)] = (reference, self.sock)
        self.closing = True


class SharedSocket:
    """A socket that threads share. To use it, refer to `lease` meanwhile, and look at `closed` afterwards.

    `handed_out` is set when a program is given the socket. It may change the socket's time limit, and keep the
    connection beyond the end of the stream: by `makefile()`, by `dup()`, or in another process.
    """

    __slots__ = ("_lease_ref", "_process", "closed", "forks", "handed_out", "lease", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.forks: int = forks
        self._process = os.getpid()
        self.closed: bool = False
        self.handed_out: bool = False
        self.sock: socket.socket = sock
        self.lease: SocketLease | None = SocketLease(sock)
        self._lease_ref = weakref.ref(self.lease)  # tells after closing whether a thread still uses the socket

    def close(self) -> None:
        """End the connection. May be called from any thread, signal handler or finaliser, and more than once."""
        lease = self.lease
        if lease is None:
            if self._lease_ref() is None:
                # The descriptor is closed, unless a signal handler raised just as the finaliser was about to do it.
                self.sock.close()
            else:
                self._end_for_users()
            return
        self.closed = True
        if not self.handed_out:
            self._end_for_users()
        lease.close_at_end(self._lease_ref)
        self.lease = None
        if self.handed_out:
            # Another holder may go on with the connection: end it only if threads still wait for it here.
            del lease
            if _may_outlive_references() and self._lease_ref() is not None:
                gc.collect()
            self._end_for_users()

    def _end_for_users(self) -> None:
        """End the connection for the threads that use the socket, if there may be any.

        Closing a descriptor does not wake the threads that wait for it. This does. A child process does not do it: that
        would end the connection of its parent. The system knows the process: code that is not Python's may have forked.
        """
        lease = self._lease_ref()
        if lease is not None and self._process == os.getpid():
            _wake_users(lease.sock)


def _may_outlive_references() -> bool:
    """Whether an object may stay after its last reference is gone: in PyPy, and without the GIL."""
    return sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)()


def _wake_users(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        if isinstance(sock, _socket.socket):
            # Not the method of a TLS socket, which first drops TLS: a thread that writes would go on in the clear.
            _socket.socket.shutdown(sock, socket.SHUT_RDWR)
        elif hasattr(sock, "getpeercert"):
            # Green TLS, whose `shutdown()` drops TLS, too. Closing it wakes the threads that wait.
            sock.close()
        elif hasattr(sock, "shutdown"):
            sock.shutdown(socket.SHUT_RDWR)
