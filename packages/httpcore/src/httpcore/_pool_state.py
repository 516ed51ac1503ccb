"""Who gets which connection: the pool's decisions on plain data, without I/O, locks or clocks.

A *place* is one of the connections that the pool may have. A request is submitted, and either leases a place at once
or waits; it leases one when another request releases it. What follows from a call is left in two lists for the
caller to carry out: `assigned`, waiting requests that have got a place, and `closing`, connections to close.

What always holds between calls:

* There are at most `max_connections` places, and at most `max_keepalive` of them are idle.
* A place that is idle is leased by no request; any other is leased by at least one.
* While a request waits, no place is idle, no further place may be opened, and no connection of the request's origin
  has room for another stream.
* Requests are served in the order in which they came, among those that could be served.
* A connection that left the pool is in `closing`, at the latest when its last request has released it.

No call walks over all places or all requests: each finds what it needs by origin, by age, or at the head of a queue.
Only the first connection that may be shared has the requests that wait sorted by origin.
"""

import itertools
import sys
from collections import Counter, OrderedDict, deque
from typing import Generic

from ._pool_places import C, Queue, insert, move_to_start
from ._pool_places import Key as Key
from ._pool_places import Place as Place
from ._pool_places import PoolRequest as PoolRequest
from ._pool_stats import PoolStats, Reason

# An idle connection is looked at once in so many seconds, to see whether the server has closed it ...
_LIVENESS_INTERVAL = 1.0

# ... and so many at a time, whenever a request comes or goes: their number must not matter to it.
_LIVENESS_CHECKS = 2

# How many origins the pool remembers as speaking HTTP/1.1 only. A client of more origins than that gains nothing
# from remembering.
_REMEMBERED_ORIGINS = 1024


def _suits(place: Place[C], request: PoolRequest[C]) -> bool:
    """Whether a place in use is one that the request may share."""
    return request.after is None or place.number > request.after


def _has_room(place: Place[C]) -> bool:
    """Whether a place in use can take another request, besides those on their way to its connection.

    One that says only whether it is available, not how many requests it can carry, is offered any number.
    """
    connection = place.connection
    assert connection is not None
    return connection.is_available() and place.leases < getattr(connection, "request_capacity", sys.maxsize)


class PoolState(Generic[C]):
    """The places of a pool and the requests in it."""

    def __init__(
        self,
        max_connections: int | None = None,
        max_keepalive: int | None = None,
        keepalive_expiry: float | None = None,
    ) -> None:
        """Limits on places and idle places, and seconds a place may stay idle; `None` for no limit."""
        self._max_connections = sys.maxsize if max_connections is None else max_connections
        self._max_keepalive = sys.maxsize if max_keepalive is None else max_keepalive
        self._keepalive_expiry = keepalive_expiry
        self._numbers = itertools.count(1)
        self._places: dict[Place[C], None] = {}
        # Idle places: all of them by age, oldest first, and those of an origin, most recently used last. There is an
        # entry for the origin of every place, idle or not; other entries are removed now and then.
        self._idle: dict[Place[C], None] = {}
        self._idle_by_key: dict[Key, dict[Place[C], None]] = {}
        # All places, and some that were, in the order in which it is their turn to be looked at; how many there are to
        # go in this round, and when the next one begins.
        self._unchecked: deque[Place[C]] = deque()
        self._to_check = 0
        self._next_round = 0.0
        # Places in use that may carry further requests at the same time.
        self._shared: dict[Key, dict[Place[C], None]] = {}
        self._exclusive: OrderedDict[Key, None] = OrderedDict()
        self._queue: Queue[C] = OrderedDict()
        # The same by origin, once there has been a connection to share: before, nobody asks for it.
        self._queue_by_key: dict[Key, Queue[C]] | None = None
        # Nothing is to be tidied up before.
        self._tidy_at = 0.0
        #: How many requests lease a place.
        self.requests_active = 0
        self._opened = 0
        self._reused = 0
        self._closed: Counter[str] = Counter()
        self.assigned: list[PoolRequest[C]] = []
        self.closing: list[C] = []

    # What the pool shows of itself.

    @property
    def connections(self) -> list[C]:
        """The connections in the pool, oldest first."""
        return [place.connection for place in list(self._places) if place.connection is not None]

    @property
    def connections_idle(self) -> int:
        """How many places are idle."""
        return len(self._idle)

    @property
    def connections_active(self) -> int:
        """How many places are not idle."""
        return len(self._places) - len(self._idle)

    @property
    def max_connections(self) -> int:
        """The limit on places."""
        return self._max_connections

    @property
    def requests_queued(self) -> int:
        """How many requests wait."""
        return len(self._queue)

    def stats(self) -> PoolStats:
        """All of these figures, and the totals so far."""
        return PoolStats(
            connections_active=self.connections_active,
            connections_idle=self.connections_idle,
            requests_active=self.requests_active,
            requests_queued=self.requests_queued,
            opened=self._opened,
            reused=self._reused,
            closed={reason.value: self._closed[reason.value] for reason in Reason},
        )

    # The life of a request.

    def submit(self, request: PoolRequest[C], now: float) -> bool:
        """Give a new request a place and return true, or let it wait and return false.

        A place whose `connection` is `None` is the request's to fill, with `opened()`.
        """
        request.number = next(self._numbers)
        if now >= self._tidy_at:
            self._tidy(now)
        if self._assign(request):
            return True
        request.waiting = True
        self._queue[request] = None
        if self._queue_by_key is not None:
            self._queue_of(request.key)[request] = None
        return False

    def opened(self, place: Place[C], connection: C) -> None:
        """A place got its connection, not yet established."""
        place.connection = connection
        if place.pooled and place.key not in self._exclusive and connection.is_available():
            # It may turn out to carry several requests, so that others need not open one beside it.
            self._share(place)
            self._serve_streams(place)

    def established(self, place: Place[C], multiplexed: bool = False) -> None:
        """A place's connection has carried a request as far as the response.

        `multiplexed` says that it carries several at a time. So does one that could take another now.
        """
        place.established = True
        assert place.connection is not None
        if multiplexed or place.connection.is_available():
            self._exclusive.pop(place.key, None)
            place.multiplexed = True
            if place.pooled:
                self._share(place)
                self._serve_streams(place)
        else:
            self._not_shared(place)

    def requeue(self, request: PoolRequest[C], now: float) -> None:
        """The request's connection could not take it: let it wait for another, without losing its turn."""
        place = request.place
        assert place is not None
        request.place = None
        place.leases -= 1
        if place.owner is self:
            self.requests_active -= 1
        # Whatever it says of itself, it did not work: do not offer it again before one of its requests is over.
        if place.multiplexed or request.after == place.number:
            self._unshare(place)
        else:
            self._not_shared(place)
        if not place.leases:
            self._drop(place, Reason.ENDED)
        self._serve_waiting(before=request.number)
        if not self._assign(request):
            request.waiting = True
            insert(self._queue, request)
            if self._queue_by_key is not None:
                insert(self._queue_of(request.key), request)
        self._serve_waiting()

    def release(self, request: PoolRequest[C], now: float) -> None:
        """The request is over, whether it ever got a place or not. Releasing it again does nothing."""
        place = request.place
        if place is None:
            if request.waiting:
                self._stop_waiting(request)
            return
        request.place = None
        place.leases -= 1
        if place.owner is self:
            self.requests_active -= 1
        connection = place.connection
        if connection is None or not place.pooled:
            self._drop(place, Reason.ENDED)
        elif place.leases:
            self._release_shared(place, connection)
        # One that could not be established calls itself idle and closed.
        elif connection.is_idle() and (place.established or not connection.is_closed()):
            if self._queue and self._hand_over(place, connection):
                return  # there is nothing new for anybody else
            if self._shared:
                self._unshare(place)
            place.idle_since = now
            self._idle[place] = None
            self._idle_by_key[place.key][place] = None
        else:
            # Where it is neither closed nor idle, the request was given up before the connection was established.
            self._drop(place, Reason.ENDED)
        if self._queue:
            self._serve_waiting()
        if len(self._idle) > self._max_keepalive:
            self._drop(next(iter(self._idle)), Reason.SURPLUS)
        if now >= self._tidy_at:
            self._tidy(now)

    def close(self) -> list[PoolRequest[C]]:
        """Close all connections; return the waiting requests, which wait no longer."""
        waiting = list(self._queue)
        for request in waiting:
            self._stop_waiting(request)
        for place in list(self._places):
            self._drop(place, Reason.POOL_CLOSED)
        return waiting

    def forsake(self) -> list[C]:
        """Return all connections, which are this pool's no more. The state is not usable afterwards."""
        for place in self._places:
            place.pooled = False
        return self.connections

    def _release_shared(self, place: Place[C], connection: C) -> None:
        if connection.is_closed():
            self._drop(place, Reason.ENDED)
            return
        if place.multiplexed:
            self._share(place)
        if place in self._shared.get(place.key, ()):
            self._serve_streams(place)

    def close_expired(self, now: float) -> None:
        """Close all idle connections that have expired, or that the server has closed. Walks over all of them."""
        self._expire(now)
        for place in list(self._idle):
            self._check(place)

    # Finding a place.

    def _assign(self, request: PoolRequest[C]) -> bool:
        place = None
        # One that is repeated has nothing to hope for from idle connections.
        idle = self._idle_by_key.get(request.key) if request.after is None else None
        while idle:
            place, _ = idle.popitem()
            del self._idle[place]
            assert place.connection is not None
            if not place.connection.has_expired():
                if place.multiplexed:
                    self._share(place)
                break
            self._drop(place, Reason.STALE)
            place = None
        if place is None and self._shared:
            place = self._place_with_room(request)
        if place is not None:
            self._reused += 1
        elif len(self._places) < self._max_connections or self._evict():
            place = self._new_place(request.key)
        else:
            return False
        request.place = place
        place.leases += 1
        self.requests_active += 1
        return True

    def _evict(self) -> bool:
        if not self._idle:
            return False
        self._drop(next(iter(self._idle)), Reason.EVICTED)
        return True

    def _new_place(self, key: Key) -> Place[C]:
        place = Place(key, self, next(self._numbers))
        self._places[place] = None
        self._unchecked.append(place)
        if len(self._idle_by_key) > 2 * len(self._places) + 16:
            used = {place.key for place in self._places}
            self._idle_by_key = {key: idle for key, idle in self._idle_by_key.items() if key in used}
        self._idle_by_key.setdefault(key, {})
        self._opened += 1
        return place

    def _place_with_room(self, request: PoolRequest[C]) -> Place[C] | None:
        for place in self._shared.get(request.key, ()):
            if _suits(place, request) and _has_room(place):
                return place
        return None

    # Waiting.

    def _queue_of(self, key: Key) -> Queue[C]:
        assert self._queue_by_key is not None
        return self._queue_by_key.setdefault(key, OrderedDict())

    def _stop_waiting(self, request: PoolRequest[C]) -> None:
        request.waiting = False
        del self._queue[request]
        if self._queue_by_key is not None:
            queue = self._queue_by_key[request.key]
            del queue[request]
            if not queue:
                del self._queue_by_key[request.key]

    def _serve_waiting(self, before: int = sys.maxsize) -> None:
        """Give places to the requests that have waited longest, as far as there are any.

        Only requests with a number below `before` are served.
        """
        while self._idle or self._shared or len(self._places) < self._max_connections:
            request = next(iter(self._queue), None)
            if request is None or request.number >= before or not self._assign(request):
                return
            self._stop_waiting(request)
            self.assigned.append(request)

    def _hand_over(self, place: Place[C], connection: C) -> bool:
        """Give a place that nobody leases to the request whose turn it is, if that may have it.

        It is what becomes of it if it first becomes idle, too, with less to do for each request of a busy pool.
        """
        request = next(iter(self._queue))
        if request.key != place.key or request.after is not None or place.multiplexed or connection.has_expired():
            return False
        self._serve(request, place)
        return True

    def _serve_streams(self, place: Place[C]) -> None:
        """Give the room on a connection in use to the requests that wait for its origin."""
        assert self._queue_by_key is not None
        queue = self._queue_by_key.get(place.key)
        passed_over: list[PoolRequest[C]] = []
        while queue and len(passed_over) < len(queue) and _has_room(place):
            request = next(iter(queue))
            if _suits(place, request):
                self._serve(request, place)
            else:
                queue.move_to_end(request)
                passed_over.append(request)
        if queue and passed_over:
            move_to_start(queue, passed_over)

    def _serve(self, request: PoolRequest[C], place: Place[C]) -> None:
        self._stop_waiting(request)
        request.place = place
        place.leases += 1
        self.requests_active += 1
        self._reused += 1
        self.assigned.append(request)

    # The life of a place.

    def _share(self, place: Place[C]) -> None:
        if self._queue_by_key is None:
            self._queue_by_key = {}
            for request in self._queue:
                self._queue_of(request.key)[request] = None
        self._shared.setdefault(place.key, {})[place] = None

    def _unshare(self, place: Place[C]) -> bool:
        shared = self._shared.get(place.key)
        if shared is None or place not in shared:
            return False
        del shared[place]
        if not shared:
            del self._shared[place.key]
        return True

    def _not_shared(self, place: Place[C]) -> None:
        """A connection that was taken for a shared one is not: remember it of the origin."""
        if self._unshare(place):
            self._exclusive[place.key] = None
            if len(self._exclusive) > _REMEMBERED_ORIGINS:
                self._exclusive.popitem(last=False)

    def _drop(self, place: Place[C], reason: Reason) -> None:
        """Take a place out of the pool. Its connection is closed once no request uses it."""
        if place.pooled:
            place.pooled = False
            self._closed[reason.value] += 1
            self._places.pop(place, None)
            self._unshare(place)
            if place in self._idle:
                del self._idle[place]
                del self._idle_by_key[place.key][place]
        connection = place.connection
        now = reason is Reason.POOL_CLOSED or not place.leases
        if connection is not None and now and not connection.is_closed():
            self.closing.append(connection)

    def _tidy(self, now: float) -> None:
        """Close idle connections that nobody will come back for, a few at a time."""
        self._expire(now)
        if not self._to_check:
            self._to_check = len(self._unchecked)
            self._next_round = now + _LIVENESS_INTERVAL
        for _ in range(min(self._to_check, _LIVENESS_CHECKS)):
            self._to_check -= 1
            place = self._unchecked.popleft()
            if place.pooled:
                self._unchecked.append(place)
                if place in self._idle:
                    self._check(place)
        self._tidy_at = now if self._to_check else self._next_round
        if self._keepalive_expiry is not None:
            # What becomes idle from now on is due later than what is idle already.
            oldest = next(iter(self._idle), None)
            due = (now if oldest is None else oldest.idle_since) + self._keepalive_expiry
            self._tidy_at = min(self._tidy_at, due)

    def _check(self, place: Place[C]) -> None:
        assert place.connection is not None
        if place.connection.has_expired():
            self._drop(place, Reason.STALE)

    def _expire(self, now: float) -> None:
        while self._idle and self._keepalive_expiry is not None:
            place = next(iter(self._idle))
            if now - place.idle_since < self._keepalive_expiry:
                return
            self._drop(place, Reason.EXPIRED)
