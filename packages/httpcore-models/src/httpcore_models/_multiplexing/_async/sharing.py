"""What the exchanges on a connection share, apart from how bytes or datagrams are moved."""

import collections
import os
import threading
from typing import Any

from ...concurrency import AsyncLoopAffinity, forks
from ..capacity import CapacityReporter
from ..engine import MessageEngine


class AsyncSharedConnection:
    """The engine of a connection with its lock, and where and until when the connection can be used."""

    #: The network stream or datagram stream of the connection.
    network_stream: Any
    engine: MessageEngine
    capacity: CapacityReporter

    def __init__(self, peer: str) -> None:
        """`peer` names the server in errors."""
        #: Guards the engine, and all that says who waits, reads and writes. Held for a few microseconds at a time,
        #: never across a wait or a trace callback.
        self.lock: threading.Lock = threading.Lock()
        self.peer: str = peer
        #: Where the stream can be used: in which process or event loop. The system knows the process; the number of
        #: forks costs less to look at, but misses those by code that is not Python's.
        self.process: int = os.getpid()
        self.forks: int = forks.count
        self.affinity: AsyncLoopAffinity = AsyncLoopAffinity()
        #: How many seconds the connection may stay idle, `None` for no limit.
        self.keepalive_expiry: float | None = None
        #: When the connection expires if it stays idle, on the monotonic clock.
        self.expire_at: float | None = None
        #: Streams that are to be ended without waiting, as soon as the lock is free.
        self.dropped: collections.deque[Any] = collections.deque()

    # What a subclass knows.

    def wake_all(self) -> None:
        """Wake all tasks that wait. The lock is held."""
        raise NotImplementedError

    def leave(self, stream: Any) -> bool:
        """End a request; return whether the connection is over. The lock is held."""
        raise NotImplementedError

    def is_read_for(self, stream: Any) -> bool:
        """Whether a task waits for the network on behalf of this stream."""
        raise NotImplementedError

    # Ending a request without waiting.

    def drop(self, stream: Any) -> None:
        """End a request without waiting: the next write resets its stream.

        May be called at any point, by a finaliser in any thread, even while the same thread holds the lock.
        """
        self.dropped.append(stream)
        self.end_dropped()

    def end_dropped(self) -> None:
        """End the requests that were dropped while the lock was held."""
        # The lock is never held for long, but the calling thread itself may hold it. Then this is done later.
        if not self.dropped or self.lock.locked():
            return
        over = False
        with self.lock:
            while self.dropped:
                over = self.leave(self.dropped.popleft()) or over
        abort = getattr(self.network_stream, "abort", None)
        if over and abort is not None:
            abort()
