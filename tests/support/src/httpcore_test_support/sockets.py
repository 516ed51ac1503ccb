"""The sockets of this process, read from Linux's /proc, and ports that refuse or ignore connections."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

__all__ = ["OpenSocket", "full_queue", "no_leaked_sockets", "open_sockets", "refusing_port", "unresponsive_port"]

# The places of the shortest accept queue: PyPy asks for one more.
_PLACES = 2 if sys.implementation.name == "pypy" else 1


@dataclass(frozen=True)
class OpenSocket:
    """A socket descriptor; two are equal if they are the same descriptor of the same kernel socket."""

    fd: int
    inode: str
    family: int = field(compare=False)
    local: Any = field(compare=False)
    peer: Any = field(compare=False)

    def __str__(self) -> str:
        return f"fd {self.fd} {self.family!r} local={self.local!r} peer={self.peer!r}"


def open_sockets() -> set[OpenSocket]:
    """Return every socket that this process has open."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        # A descriptor may be closed by another thread at any moment; then it is not open, and not listed.
        with suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{name}")
            if target.startswith("socket:"):
                found.add(_describe(int(name), target))
    return found


@contextmanager
def no_leaked_sockets() -> Iterator[None]:
    """Fail with an `AssertionError` if the `with` block leaves a socket open that was not open before it."""
    before = open_sockets()
    yield
    leaked = leaked_sockets(before)
    if leaked:
        raise AssertionError(describe_leak(leaked))


def leaked_sockets(before: set[OpenSocket]) -> set[OpenSocket]:
    """Return the open sockets that are not in `before` and that no garbage collection closes."""
    if not open_sockets() - before:
        return set()
    gc.collect()
    return open_sockets() - before


def describe_leak(leaked: set[OpenSocket]) -> str:
    """Return one line that names every leaked socket."""
    return "leaked sockets: " + "; ".join(sorted(map(str, leaked)))


def _describe(fd: int, inode: str) -> OpenSocket:
    # A duplicate, because closing the socket object must not close the inspected descriptor.
    duplicate_fd = os.dup(fd)
    blocking = os.get_blocking(fd)
    try:
        duplicate = socket.socket(fileno=duplicate_fd)
    except OSError:
        os.close(duplicate_fd)
        raise
    with duplicate:
        os.set_blocking(duplicate_fd, blocking)  # PyPy lets the new socket block, and with it the inspected one
        peer = None
        with suppress(OSError):
            peer = duplicate.getpeername()
        return OpenSocket(fd, inode, duplicate.family, duplicate.getsockname(), peer)


@contextmanager
def refusing_port() -> Iterator[int]:
    """Reserve a loopback port on which nothing listens, so that the kernel refuses connections to it."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield int(reserved.getsockname()[1])


@contextmanager
def unresponsive_port(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Reserve a port of a loopback address on which connecting neither succeeds nor fails.

    Its accept queue is full, and Linux drops further SYNs instead of answering them.
    """
    with socket.create_server((host, port), backlog=0) as listener, full_queue(listener):
        yield int(listener.getsockname()[1])


@contextmanager
def full_queue(listener: socket.socket) -> Iterator[None]:
    """Keep the accept queue of a socket full that listens with a backlog of 0."""
    with ExitStack() as clients:
        for _ in range(_PLACES):
            clients.enter_context(socket.socket(listener.family)).connect(listener.getsockname())
        yield
