"""What the decisions of a pool are about: slots, and the requests that lease them or wait for one."""

from typing import Any, Generic, Protocol, TypeAlias, TypeVar

#: Scheme, host, port, and the name that TLS checks the server for where a request asks for another one than the host.
Key: TypeAlias = tuple[bytes, bytes, int] | tuple[bytes, bytes, int, bytes | str]


class PoolableConnection(Protocol):
    """What is asked of a connection here: a part of `ConnectionInterface`, none of which waits."""

    def is_available(self) -> bool: ...

    def has_expired(self) -> bool: ...

    def is_idle(self) -> bool: ...

    def is_closed(self) -> bool: ...


C = TypeVar("C", bound=PoolableConnection)


class EventLoop(Protocol):
    """Where a connection was opened, outside of which it cannot be used: an event loop."""

    def is_closed(self) -> bool: ...


class Slot(Generic[C]):
    """One of the connections that the pool may have; `connection` is `None` until the first request has made it."""

    __slots__ = (
        "__weakref__",
        "connection",
        "established",
        "event_loop",
        "idle_since",
        "key",
        "leases",
        "multiplexed",
        "number",
        "pooled",
    )

    def __init__(self, key: Key, number: int) -> None:
        self.key = key
        self.number = number
        self.connection: C | None = None
        self.event_loop: EventLoop | None = None
        self.leases = 0
        self.established = False
        self.multiplexed = False
        self.idle_since = 0.0
        self.pooled = True


class PoolRequest(Generic[C]):
    """A request in the pool: `slot` is what it leases, `None` while it waits.

    One that failed on a slot and is to be repeated elsewhere has that slot's number in `failed_on`. It gets a slot that
    was opened later, and never an idle one: what made the first one fail most likely made its neighbours so.

    `event` is what wakes it, `None` before its first wait: the caller's.
    """

    event: Any = None
    slot: Slot[C] | None = None
    number = 0
    waiting = False
    failed_on: int | None = None

    def __init__(self, key: Key) -> None:
        self.key = key

    # For others; see `_async/legacy.py`.

    #: The caller's request: for programs that shut down the socket of one of theirs, and for logs of those in flight.
    request: Any = None

    @property
    def connection(self) -> C | None:
        """The connection that the request has got: for programs that count the requests on each."""
        return None if self.slot is None else self.slot.connection

    def is_queued(self) -> bool:
        """Whether the request waits: for programs that count those."""
        return self.slot is None
