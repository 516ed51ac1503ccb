"""Who gets which connection: the pool's decisions on plain data, without I/O, locks or clocks.

A *place* is one of the connections that the pool may have. A request is submitted, and either leases a place at once
or waits; it leases one when another request releases it. What follows from a call is left in two lists for the
caller to carry out: `assigned`, requests to wake, as they have got a place or the pool was closed, and `closing`,
connections to close.

What always holds between calls:

* There are at most `max_connections` places, and at most `max_keepalive` of them are idle. Where the limit on places
  was lowered below what is in use, no further one is opened.
* A place that is idle is leased by no request; any other is leased by at least one.
* While a request waits, no place is idle, no further place may be opened, and no connection of the request's origin
  has room for another stream, unless it is the one that is to make way.
* Requests are served in the order in which they came, among those that could be served. One connection that carries
  several requests makes way for the request that is due first, where that is for another origin: it takes no more.
* A connection that left the pool is in `closing`, at the latest when its last request has released it.

No call walks over all places or all requests: each finds what it needs by origin, by age, or at the head of a queue.
Only the first connection that may be shared has the requests that wait sorted by origin.

A call that ends with an exception out of a signal handler may leave tables that contradict each other. Then
`repair()` makes them anew from those that tell the truth: `_slots`, `_leasing`, the line, `assigned` and `closing`.
All are changed in an order that allows for it.
"""

import itertools
import sys

from .repair import repair
from .slots import C
from .slots import Key as Key
from .slots import PoolRequest as PoolRequest
from .slots import Slot as Slot
from .stats import PoolStats, Reason
from .table import _CHECKS_BEFORE_WAITING, SlotTable, _says_closed
from .waiting import Line, move_to_start

# Among how many connections the one that makes way is chosen.
_CANDIDATES = 16


def _suits(place: Slot[C], request: PoolRequest[C]) -> bool:
    """Whether a place in use is one that the request may share."""
    return request.after is None or place.number > request.after


class PoolState(SlotTable[C]):
    """The places of a pool and the requests in it."""

    def __init__(
        self,
        max_connections: int | None = None,
        max_keepalive: int | None = None,
        keepalive_expiry: float | None = None,
    ) -> None:
        """Limits on places and idle places, and seconds a place may stay idle; `None` for no limit."""
        super().__init__(sys.maxsize if max_keepalive is None else max_keepalive, keepalive_expiry)
        self._max_connections = sys.maxsize if max_connections is None else max_connections
        self._line: Line[C] = Line()
        self._leasing: dict[PoolRequest[C], None] = {}
        self._reused = 0
        # The request that is due first, and the place that takes no more requests so that it gets its turn.
        self._due: PoolRequest[C] | None = None
        self._leaving: Slot[C] | None = None
        self.assigned: list[PoolRequest[C]] = []
        #: Whether a call did not come to its end, so that `repair()` is due.
        self.broken = False

    @property
    def max_connections(self) -> int:
        """The limit on places."""
        return self._max_connections

    @property
    def requests_active(self) -> int:
        """How many requests lease a place."""
        return len(self._leasing)

    @property
    def requests_queued(self) -> int:
        """How many requests wait."""
        return len(self._line.queue)

    @property
    def first_waiting(self) -> PoolRequest[C] | None:
        """The request that has waited longest. Other threads may ask at any time."""
        return self._line.first()

    def stats(self) -> PoolStats:
        """All figures at the moment, and the totals so far."""
        return PoolStats(
            connections_active=self.connections_active,
            connections_idle=self.connections_idle,
            requests_active=self.requests_active,
            requests_queued=self.requests_queued,
            opened=len(self._slots) + sum(self._closed.values()),
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
            if self._line.queue:
                self._serve_waiting()
        if self._assign(request):
            return True
        # The first that has to wait looks whether some place is taken only by name.
        if not self._line.queue and self._check_next(_CHECKS_BEFORE_WAITING) and self._assign(request):
            return True
        self._line.join(request)
        if self._shared:
            self._make_way()
        return False

    def opened(self, place: Slot[C], connection: C) -> None:
        """A place got its connection, not yet established."""
        place.connection = connection
        if place.pooled and place.key not in self._exclusive and self._is_available(place):
            # It may turn out to carry several requests, so that others need not open one beside it.
            self._share(place)
            self._serve_streams(place)

    def established(self, place: Slot[C], multiplexed: bool = False) -> None:
        """A place's connection has carried a request as far as the response.

        `multiplexed` says that it carries several at a time. So does one that could take another now.
        """
        place.established = True
        if multiplexed or self._is_available(place):
            self._exclusive.pop(place.key, None)
            place.multiplexed = True
            self._remember_limit(place)
            if place.pooled:
                self._share(place)
                self._serve_streams(place)
        else:
            self._not_shared(place)
        self._serve_waiting()

    def changed(self, place: Slot[C]) -> None:
        """A place's connection can carry more requests than before, or fewer, or was closed."""
        if not place.pooled or place.connection is None:
            return
        if place in self._idle:
            self._check_idle(place)
        else:
            self._remember_limit(place)
            if place.established:
                self._check_in_use(place)
            if place.pooled and place.multiplexed:
                self._share(place)
            if place in self._shared.get(place.key, ()):
                self._serve_streams(place)
        self._serve_waiting()

    def give_back(self, request: PoolRequest[C]) -> None:
        """The request's connection could not take it. It leases nothing, and does not wait, before it rejoins.

        Without `after`, it may come back to the same connection, if that still has room and other requests.
        """
        place = request.place
        if request not in self._leasing or place is None:
            return
        del self._leasing[request]
        request.place = None
        place.leases -= 1
        if request.after == place.number:
            self._unshare(place)
        elif not place.multiplexed:
            self._not_shared(place)
        if not place.leases:
            # Whatever it says of itself, it did not work.
            self._drop(place, Reason.ENDED)

    def step_aside(self, request: PoolRequest[C]) -> None:
        """Give the place back for as long as the request pauses before it rejoins."""
        self.give_back(request)
        self._serve_waiting()

    def requeue(self, request: PoolRequest[C]) -> None:
        """Give the place back and rejoin, without losing one's turn in between."""
        self.give_back(request)
        self.rejoin(request)

    def rejoin(self, request: PoolRequest[C]) -> None:
        """Give a request that gave its place back another one, or let it wait, in its turn."""
        self._serve_waiting(before=request.number)
        if not self._assign(request):
            self._line.rejoin(request)
        self._serve_waiting()

    def release(self, request: PoolRequest[C], now: float) -> None:
        """The request is over, whether it ever got a place or not. Releasing it again does nothing."""
        place = request.place
        if place is None or request not in self._leasing:
            request.place = None
            if request.waiting:
                self._line.leave(request)
                if self._leaving is not None:
                    self._make_way()
            return
        del self._leasing[request]
        request.place = None
        place.leases -= 1
        connection = place.connection
        if connection is None or not place.pooled:
            self._drop(place, Reason.ENDED)
        elif place.leases:
            self._release_shared(place, connection)
        else:
            try:
                # One that could not be established calls itself idle and closed.
                idle = connection.is_idle() and (place.established or not connection.is_closed())
            except Exception:
                idle = False
            if not idle:
                # Where it is not closed, the request was given up before the connection was established.
                self._drop(place, Reason.ENDED)
            elif self._line.queue and self._hand_over(place, connection):
                return  # there is nothing new for anybody else
            else:
                if self._shared:
                    self._unshare(place)
                place.idle_since = now
                self._idle[place] = None
                self._idle_by_key[place.key][place] = None
        if len(self._idle) > self._max_keepalive:
            self._drop(next(iter(self._idle)), Reason.SURPLUS)
        if self._line.queue:
            self._serve_waiting()
        if now >= self._tidy_at:
            self._tidy(now)
            if self._line.queue:
                self._serve_waiting()

    def close(self) -> None:
        """Close all connections, and let nobody wait any longer."""
        self.assigned += self._line.queue
        for request in list(self._line.queue):
            self._line.leave(request)
        # Those that left the pool before, with requests in flight, among them.
        leased = {request.place: None for request in self._leasing if request.place is not None}
        for place in self._slots | leased:
            self._drop(place, Reason.POOL_CLOSED, at_once=True)
        self._leaving = None

    def close_expired(self, now: float) -> None:
        """Close all idle connections that have expired, or that the server has closed. Walks over all of them."""
        self._expire(now)
        for place in list(self._idle):
            self._check_idle(place)

    def _release_shared(self, place: Slot[C], connection: C) -> None:
        if _says_closed(connection):
            self._drop(place, Reason.ENDED)
            return
        if place.multiplexed:
            self._remember_limit(place)
            self._share(place)
        if place in self._shared.get(place.key, ()):
            self._serve_streams(place)

    # Finding a place.

    def _assign(self, request: PoolRequest[C]) -> bool:
        # One that is repeated elsewhere has nothing to hope for from idle connections.
        idle = self._idle_by_key.get(request.key) if request.after is None else None
        place = None
        while idle:
            place = next(reversed(idle))
            try:
                # What is idle has one.
                stale = place.connection.has_expired()  # type: ignore[union-attr]
            except Exception:
                stale = True
            if not stale:
                del idle[place]
                del self._idle[place]
                if place.multiplexed:
                    self._share(place)
                break
            self._drop(place, Reason.STALE)
            place = None
        if place is None and self._shared:
            place = self._place_with_room(request)
        if place is not None:
            self._reused += 1
        elif len(self._slots) < self._max_connections or (self._idle and self._evict()):
            place = self._new_place(request.key)
        else:
            return False
        request.place = place
        place.leases += 1
        self._leasing[request] = None
        return True

    def _place_with_room(self, request: PoolRequest[C]) -> Slot[C] | None:
        for place in self._shared.get(request.key, ()):
            if not _suits(place, request) or (place is self._leaving and not self._is_before_due(request)):
                continue
            if self._has_room(place):
                return place
            if not place.pooled:  # it raised
                return self._place_with_room(request)
        return None

    # Waiting.

    def _share(self, place: Slot[C]) -> None:
        self._line.sort_by_key()
        super()._share(place)

    def _serve_waiting(self, before: int = sys.maxsize) -> None:
        """Give places to the requests that have waited longest, as far as there are any.

        Only requests with a number below `before` are served.
        """
        while self._idle or self._shared or len(self._slots) < self._max_connections:
            request = next(iter(self._line.queue), None)
            if request is None or request.number >= before or not self._assign(request):
                break
            self.assigned.append(request)
            self._line.leave(request)
        if self._leaving is not None or (self._shared and self._line.queue):
            self._make_way()

    def _hand_over(self, place: Slot[C], connection: C) -> bool:
        """Give a place that nobody leases to the request whose turn it is, if that may have it.

        It is what becomes of it if it first becomes idle, too, with less to do for each request of a busy pool.
        """
        request = next(iter(self._line.queue))
        if request.key != place.key or request.after is not None or place.multiplexed or not self._max_keepalive:
            return False
        try:
            if connection.has_expired():
                return False
        except Exception:
            return False  # it is asked again once it is idle
        self._serve(request, place)
        return True

    def _serve_streams(self, place: Slot[C]) -> None:
        """Give the room on a connection in use to the requests that wait for its origin."""
        assert self._line.by_key is not None
        self._make_way()
        queue = self._line.by_key.get(place.key)
        passed_over: list[PoolRequest[C]] = []
        while queue and len(passed_over) < len(queue) and place is not self._leaving and self._has_room(place):
            request = next(iter(queue))
            if _suits(place, request):
                self._serve(request, place)
                self._make_way()
            else:
                queue.move_to_end(request)
                passed_over.append(request)
        if queue and passed_over:
            move_to_start(queue, passed_over)

    def _serve(self, request: PoolRequest[C], place: Slot[C]) -> None:
        request.place = place
        place.leases += 1
        self._leasing[request] = None
        self._reused += 1
        self.assigned.append(request)
        self._line.leave(request)

    def _make_way(self) -> None:
        """See to it that the request that is due first will get a place, even if all are shared by other origins."""
        request, leaving = next(iter(self._line.queue), None), self._leaving
        if request is self._due and (not self._shared if leaving is None else leaving.pooled):
            return
        self._due, self._leaving = request, None
        if request is not None and request.key not in self._shared:
            shared = itertools.chain.from_iterable(self._shared.values())
            candidates = itertools.islice(shared, _CANDIDATES)
            self._leaving = min(candidates, key=lambda place: place.leases, default=None)
        if leaving is not None and leaving is not self._leaving and leaving in self._shared.get(leaving.key, ()):
            self._serve_streams(leaving)

    def _is_before_due(self, request: PoolRequest[C]) -> bool:
        return self._due is None or request.number < self._due.number

    def repair(self) -> None:
        """Make all tables consistent again, after an exception in the middle. Walks over all places and requests."""
        repair(self)
