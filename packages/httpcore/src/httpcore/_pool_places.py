"""What the decisions of a pool are about: places, requests, and the line in which requests wait."""

import bisect
import collections
from collections.abc import Iterable
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

    def __init__(self, requests: Iterable[PoolRequest[C]] = ()) -> None:
        self._line = collections.deque(requests)
        #: How many of them wait.
        self.length = len(self._line)

    def push(self, request: PoolRequest[C]) -> None:
        """Put a request in the line, where its number belongs."""
        line = self._line
        self.length += 1
        if line and line[-1].number > request.number:
            bisect.insort(line, request, key=_number)
        else:
            line.append(request)

    def first(self) -> PoolRequest[C] | None:
        """Return the request whose turn it is, if any waits."""
        line = self._line
        while line and not line[0].waiting:
            line.popleft()
        return line[0] if line else None

    def discard(self) -> None:
        """Account for a request that is no longer waiting."""
        self.length -= 1
        if len(self._line) > 2 * self.length + 16:
            self._line = collections.deque(request for request in self._line if request.waiting)

    def lift(self) -> PoolRequest[C]:
        """Take the first out of the line, though it goes on waiting, until it is put back."""
        return self._line.popleft()

    def put_back(self, requests: list[PoolRequest[C]]) -> None:
        """Put back what `lift()` took out, in that order."""
        self._line.extendleft(reversed(requests))

    def waiting(self) -> list[PoolRequest[C]]:
        """Return all that wait, in their order."""
        return [request for request in self._line if request.waiting]


def _number(request: PoolRequest[C]) -> int:
    return request.number
