"""What the decisions of a pool are about: places, requests, and the line in which requests wait."""

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from ._pool_state import PoolState

Key: TypeAlias = tuple[bytes, bytes, int]


class PoolableConnection(Protocol):
    """What is asked of a connection here: a part of `ConnectionInterface`, none of which waits."""

    def is_available(self) -> bool: ...

    def has_expired(self) -> bool: ...

    def is_idle(self) -> bool: ...

    def is_closed(self) -> bool: ...


C = TypeVar("C", bound=PoolableConnection)


class Place(Generic[C]):
    """One of the connections that the pool may have; `connection` is `None` until the first request has made it."""

    __slots__ = (
        "connection",
        "established",
        "idle_since",
        "key",
        "leases",
        "multiplexed",
        "number",
        "owner",
        "pooled",
    )

    def __init__(self, key: Key, owner: "PoolState[C]", number: int) -> None:
        self.key = key
        self.owner = owner
        self.number = number
        self.connection: C | None = None
        self.leases = 0
        self.established = False
        self.multiplexed = False
        self.idle_since = 0.0
        self.pooled = True


class Settable(Protocol):
    """What wakes a request that waits: an event, to be set once."""

    def set(self) -> None: ...


class PoolRequest(Generic[C]):
    """A request in the pool: `place` is what it leases, `None` while it waits.

    One that failed on a place and is to be repeated has that place's number in `after`. It gets a place that was
    opened later, and never an idle one: what made the first one fail most likely made its neighbours so.

    `event` is the caller's, for a request that waits.
    """

    event: Settable

    place: Place[C] | None = None
    number = 0
    waiting = False
    after: int | None = None

    def __init__(self, key: Key) -> None:
        self.key = key


#: Requests that wait, in the order of their numbers. A new one comes last, with `queue[request] = None`.
Queue: TypeAlias = OrderedDict[PoolRequest[C], None]


def insert(queue: Queue[C], request: PoolRequest[C]) -> None:
    """Put a request that is not new where its number belongs. Quick near both ends, where it does, as a rule."""
    before, behind = [], []
    for first, last in zip(queue, reversed(queue), strict=True):
        if last.number < request.number:
            break
        if first.number > request.number:
            queue[request] = None
            before.append(request)
            move_to_start(queue, before)
            return
        before.append(first)
        behind.append(last)
    queue[request] = None
    for other in reversed(behind):
        queue.move_to_end(other)


def move_to_start(queue: Queue[C], requests: list[PoolRequest[C]]) -> None:
    """Put these requests before all others, in their order."""
    for request in reversed(requests):
        queue.move_to_end(request, last=False)
