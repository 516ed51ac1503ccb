"""What the decisions of a pool are about: places, requests, and the line in which requests wait."""

import heapq
import itertools
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


class PoolRequest(Generic[C]):
    """A request in the pool: `place` is what it leases, `None` while it waits.

    One that failed on a place and is to be repeated has that place's number in `after`. It gets a place that was
    opened later, and never an idle one: what made the first one fail most likely made its neighbours so.
    """

    place: Place[C] | None = None
    number = 0
    waiting = False
    after: int | None = None

    def __init__(self, key: Key) -> None:
        self.key = key


class Queue(Generic[C]):
    """Waiting requests in the order of their numbers. One that leaves is only marked, and dropped when met."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, PoolRequest[C]]] = []
        self._ties = itertools.count()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, request: PoolRequest[C]) -> None:
        """Put a request in the line, where its number belongs."""
        self._length += 1
        heapq.heappush(self._heap, (request.number, next(self._ties), request))

    def discard(self) -> None:
        """Account for a request that is no longer waiting."""
        self._length -= 1
        if len(self._heap) > 2 * self._length + 16:
            self._heap = [entry for entry in self._heap if entry[2].waiting]
            heapq.heapify(self._heap)

    def first(self) -> PoolRequest[C] | None:
        """Return the request whose turn it is, if any waits."""
        heap = self._heap
        while heap and not heap[0][2].waiting:
            heapq.heappop(heap)
        return heap[0][2] if heap else None

    def lift(self) -> tuple[int, int, PoolRequest[C]]:
        """Take the first out of the line, though it goes on waiting, until it is put back."""
        return heapq.heappop(self._heap)

    def put_back(self, entry: tuple[int, int, PoolRequest[C]]) -> None:
        """Put back what `lift()` took out."""
        heapq.heappush(self._heap, entry)
