"""Slots, and the requests that lease one or wait for one."""

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from .stats import Reason

#: What a connection can be reused for: scheme, host and port; then the name that TLS verifies, if it is not the host.
Key: TypeAlias = tuple[bytes, bytes, int] | tuple[bytes, bytes, int, bytes | str]


class PoolableConnection(Protocol):
    """What the pool asks a connection: the part of `ConnectionInterface` that never waits.

    Two attributes are optional: `request_capacity` and `stream_limit`, as `ConnectionInterface` describes them.
    """

    def is_available(self) -> bool: ...

    def has_expired(self) -> bool: ...

    def is_idle(self) -> bool: ...

    def is_closed(self) -> bool: ...


C = TypeVar("C", bound=PoolableConnection)


class EventLoop(Protocol):
    """The event loop that a connection is bound to."""

    def is_closed(self) -> bool: ...


class Slot(Generic[C]):
    """Room for one connection.

    * `connection`: `None` until the first request that leases the slot has made it.
    * `number`: slots added later have higher numbers.
    * `leases`: how many requests lease the slot.
    * `established`: whether the connection has carried a request as far as the response.
    * `multiplexed`: whether it carries several requests at a time.
    * `pooled`: whether the slot is still in the pool. It may have left while requests lease it.
    * `reused`: how many requests have got the slot after the first one.
    * `reports`: whether its connection tells when the server allows more or fewer requests.
    * `reason`: why the slot has left the pool, if it has.
    * `gone`: whether it has left, and no request uses its connection any more.

    Two attributes are for the caller: `connection_id`, 0 if it is not known, and `history`.
    """

    __slots__ = (
        "__weakref__",
        "connection",
        "connection_id",
        "established",
        "event_loop",
        "gone",
        "history",
        "idle_since",
        "key",
        "leases",
        "multiplexed",
        "number",
        "pooled",
        "reason",
        "reports",
        "reused",
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
        self.reused = 0
        self.reports = False
        self.reason: Reason | None = None
        self.gone = False
        self.connection_id = 0
        self.history: Any = None

    @property
    def may_take_another(self) -> bool:
        """Whether a response on the slot may have made room for a request that waits: then somebody has to look.

        A connection that reports tells what its server allows, but not that a response has arrived as a whole: its
        stream is free, even though the response is neither read nor closed.
        """
        if not (self.multiplexed and self.reports):
            return self.multiplexed
        capacity = getattr(self.connection, "request_capacity", None)
        return not isinstance(capacity, int) or capacity > self.leases


class PoolRequest(Generic[C]):
    """A request in the pool. Set `key` after creating one: it has no constructor, which would slow every request down.

    Programs get this class for 1.0's `AsyncPoolRequest`, of which they use `request`, `connection` and `is_queued()`.
    """

    #: The connections that can carry the request.
    key: Key
    #: The position in the queue: requests that came earlier have lower numbers.
    number = 0
    #: The slot that the request leases, `None` while it waits.
    slot: Slot[C] | None = None
    #: For a retry, the number of the slot whose connection failed. The retry gets a slot that was added later, and
    #: never an idle one: the idle connections are probably as stale as the one that failed.
    failed_on: int | None = None

    # The state of the pool does not use the attributes below. They are for its caller.

    #: The user's request.
    request: Any = None
    #: What wakes the request. Set before each wait.
    event: Any = None
    #: When the request came, on the monotonic clock.
    came_at = 0.0
    #: Whether its response has begun. The request is in the pool until that is closed.
    answered = False
    #: When the wait began that the `pool` timeout limits; 0.0 if there was none.
    waiting_since = 0.0
    #: How often the pool had been closed when the request came.
    close_count = 0
    #: How many connections the request has opened.
    opened = 0

    @property
    def connection(self) -> C | None:
        """The connection of the slot, for programs that count the requests on each connection."""
        return None if self.slot is None else self.slot.connection

    def is_queued(self) -> bool:
        """Whether the request waits, for programs that count waiting requests."""
        return self.slot is None
