# Generated from ../_async/lifecycle.py by tools/make_sync.py: edit that file, then run it.
"""The life of a connection: its stream and its state."""

import contextlib
import os
import threading

from httpcore_models import ConnectionInfo, NetworkStream, Origin
from httpcore_models.concurrency import forks

from .._engine import Engine
from .._states import TRANSITIONS, Input, State

# Before Python 3.12, looking up a member of an enumeration is slow.
_ACTIVE, _CLOSE = State.ACTIVE, Input.CLOSE


class Lifecycle:
    """What a connection shares with its exchanges, of which there is one at a time.

    Any thread holds `state_lock` only while it checks and changes the state.
    """

    __slots__ = (
        "_process",
        "close_reason",
        "connection_info",
        "engine",
        "expire_at",
        "forks",
        "keepalive_expiry",
        "origin",
        "read_size",
        "request_count",
        "state",
        "state_lock",
        "stream",
    )

    def __init__(
        self,
        origin: Origin,
        stream: NetworkStream,
        engine: Engine,
        keepalive_expiry: float | None,
        read_size: int,
    ) -> None:
        """`read_size` is how many bytes one read may return."""
        self.origin: Origin = origin
        self.stream: NetworkStream = stream
        self.engine: Engine = engine
        self.read_size: int = read_size
        self.state: State = State.NEW
        self.state_lock: threading.Lock = threading.Lock()
        self.request_count: int = 0
        self.keepalive_expiry: float | None = keepalive_expiry
        self.expire_at: float | None = None
        self.connection_info: ConnectionInfo
        #: Why an exchange has closed the connection, if it has told.
        self.close_reason: str | None = None
        self._process = os.getpid()
        #: Another count than now means that a callback of the request has forked, and this is the child process.
        self.forks: int = forks.count

    def give_stream_away(self) -> None:
        """Count as closed, but leave the stream open: after a switch of protocols it belongs to the caller."""
        self.state = State.CLOSED

    def close(self) -> None:
        """Close the stream. An exchange in progress fails."""
        try:
            # In a child process, a thread that does not exist there may hold the lock.
            with self.state_lock if self.is_ours() else contextlib.nullcontext():
                self.state = TRANSITIONS[self.state][_CLOSE]
        finally:  # an exception from a signal handler must not leave the stream open below a closed connection
            self.stream.close()

    def is_active(self) -> bool:
        """Whether an exchange is in progress."""
        return self.state is _ACTIVE

    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        return self.state is State.CLOSED

    def is_ours(self) -> bool:
        """Whether this process opened the connection, rather than inheriting it by a fork."""
        return self._process == os.getpid()
