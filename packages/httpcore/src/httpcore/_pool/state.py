"""Who gets which connection: the pool's decisions on plain data, without I/O, locks or clocks.

A *slot* is one of the connections that the pool may have. A request is submitted, and either leases a slot at once
or waits; it leases one when another request releases it. What follows from a call is left in two lists for the
caller to carry out: `to_wake`, requests to wake, as they have got a slot or the pool was closed, and `to_close`,
connections to close.

What always holds between calls:

* There are at most `max_connections` slots, and at most `max_keepalive` of them are idle. Where the limit on slots
  was lowered below what is in use, no further one is opened.
* A slot that is idle is leased by no request; any other is leased by at least one.
* While a request waits, no slot is idle, no further slot may be opened, and no connection of the request's origin
  has room for another stream, unless it is the one that is to make way.
* Requests are served in the order in which they came, among those that could be served. One connection that carries
  several requests makes way for the request that is due first, where that is for another origin: it takes no more.
* A connection that left the pool is in `to_close`, at the latest when its last request has released it.

No call walks over all slots or all requests: each finds what it needs by origin, by age, or at the head of a queue.
Only the first connection that may be shared has the requests that wait sorted by origin.

A call that ends with an exception out of a signal handler may leave tables that contradict each other. Then
`repair()` makes them anew from those that tell the truth: `_slots`, `_leasing`, the line, `to_wake` and `to_close`.
All are changed in an order that allows for it.
"""

import itertools
import sys

from .repair import repair
from .request_queue import RequestQueue, move_to_start
from .slot_table import _CHECKS_BEFORE_WAITING, SlotTable, _says_closed
from .slots import C
from .slots import Key as Key
from .slots import PoolRequest as PoolRequest
from .slots import Slot as Slot
from .stats import PoolStats, Reason

# Among how many connections the one that makes way is chosen.
_CANDIDATES = 16


def _may_share(slot: Slot[C], request: PoolRequest[C]) -> bool:
    """Whether a slot in use is one that the request may share."""
    return request.failed_on is None or slot.number > request.failed_on


class PoolState(SlotTable[C]):
    """The slots of a pool and the requests in it."""

    def __init__(
        self,
        max_connections: int | None = None,
        max_keepalive: int | None = None,
        keepalive_expiry: float | None = None,
    ) -> None:
        """Limits on slots and idle slots, and seconds a slot may stay idle; `None` for no limit."""
        super().__init__(sys.maxsize if max_keepalive is None else max_keepalive, keepalive_expiry)
        self._max_connections = sys.maxsize if max_connections is None else max_connections
        self._queue: RequestQueue[C] = RequestQueue()
        self._leasing: dict[PoolRequest[C], None] = {}
        self._reused = 0
        # The request that is due first, and the slot that takes no more requests so that it gets its turn.
        self._next_due: PoolRequest[C] | None = None
        self._draining: Slot[C] | None = None
        self.to_wake: list[PoolRequest[C]] = []
        #: Whether a call did not come to its end, so that `repair()` is due.
        self.broken = False

    @property
    def max_connections(self) -> int:
        """The limit on slots."""
        return self._max_connections

    @property
    def requests_active(self) -> int:
        """How many requests lease a slot."""
        return len(self._leasing)

    @property
    def requests_queued(self) -> int:
        """How many requests wait."""
        return len(self._queue.requests)

    @property
    def first_waiting(self) -> PoolRequest[C] | None:
        """The request that has waited longest. Other threads may ask at any time."""
        return self._queue.first()

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
        """Give a new request a slot and return true, or let it wait and return false.

        A slot whose `connection` is `None` is the request's to fill, with `opened()`.
        """
        request.number = next(self._numbers)
        if now >= self._prune_at:
            self._prune(now)
            if self._queue.requests:
                self._serve_waiting()
        if self._assign(request):
            return True
        # The first that has to wait looks whether some slot holds a dead connection.
        if not self._queue.requests and self._check_next(_CHECKS_BEFORE_WAITING) and self._assign(request):
            return True
        self._queue.append(request)
        if self._shared:
            self._update_draining()
        return False

    def opened(self, slot: Slot[C], connection: C) -> None:
        """A slot got its connection, not yet established."""
        slot.connection = connection
        if slot.pooled and slot.key not in self._http1_origins and self._is_available(slot):
            # It may turn out to carry several requests, so that others need not open one beside it.
            self._share(slot)
            self._serve_streams(slot)

    def established(self, slot: Slot[C], multiplexed: bool = False) -> None:
        """A slot's connection has carried a request as far as the response.

        `multiplexed` says that it carries several at a time. So does one that could take another now.
        """
        slot.established = True
        if multiplexed or self._is_available(slot):
            self._http1_origins.pop(slot.key, None)
            slot.multiplexed = True
            self._remember_limit(slot)
            if slot.pooled:
                self._share(slot)
                self._serve_streams(slot)
        else:
            self._not_shared(slot)
        self._serve_waiting()

    def changed(self, slot: Slot[C]) -> None:
        """A slot's connection can carry more requests than before, or fewer, or was closed."""
        if not slot.pooled or slot.connection is None:
            return
        if slot in self._idle:
            self._check_idle(slot)
        else:
            self._remember_limit(slot)
            if slot.established:
                self._check_in_use(slot)
            if slot.pooled and slot.multiplexed:
                self._share(slot)
            if slot in self._shared.get(slot.key, ()):
                self._serve_streams(slot)
        self._serve_waiting()

    def give_back(self, request: PoolRequest[C]) -> None:
        """The request's connection could not take it. It leases nothing, and does not wait, before it rejoins.

        Without `failed_on`, it may come back to the same connection, if that still has room and other requests.
        """
        slot = request.slot
        if request not in self._leasing or slot is None:
            return
        del self._leasing[request]
        request.slot = None
        slot.leases -= 1
        if request.failed_on == slot.number:
            self._unshare(slot)
        elif not slot.multiplexed:
            self._not_shared(slot)
        if not slot.leases:
            # Whatever it says of itself, it did not work.
            self._drop(slot, Reason.ENDED)

    def step_aside(self, request: PoolRequest[C]) -> None:
        """Give the slot back for as long as the request pauses before it rejoins."""
        self.give_back(request)
        self._serve_waiting()

    def requeue(self, request: PoolRequest[C]) -> None:
        """Give the slot back and rejoin, without losing one's turn in between."""
        self.give_back(request)
        self.rejoin(request)

    def rejoin(self, request: PoolRequest[C]) -> None:
        """Give a request that gave its slot back another one, or let it wait, in its turn."""
        self._serve_waiting(before=request.number)
        if not self._assign(request):
            self._queue.insert(request)
        self._serve_waiting()

    def release(self, request: PoolRequest[C], now: float) -> None:
        """The request is over, whether it ever got a slot or not. Releasing it again does nothing."""
        slot = request.slot
        if slot is None or request not in self._leasing:
            request.slot = None
            if request.waiting:
                self._queue.remove(request)
                if self._draining is not None:
                    self._update_draining()
            return
        del self._leasing[request]
        request.slot = None
        slot.leases -= 1
        connection = slot.connection
        if connection is None or not slot.pooled:
            self._drop(slot, Reason.ENDED)
        elif slot.leases:
            self._release_shared(slot, connection)
        else:
            try:
                # One that could not be established calls itself idle and closed.
                idle = connection.is_idle() and (slot.established or not connection.is_closed())
            except Exception:
                idle = False
            if not idle:
                # Where it is not closed, the request was given up before the connection was established.
                self._drop(slot, Reason.ENDED)
            elif self._queue.requests and self._hand_over(slot, connection):
                return  # there is nothing new for anybody else
            else:
                if self._shared:
                    self._unshare(slot)
                slot.idle_since = now
                self._idle[slot] = None
                self._idle_by_key[slot.key][slot] = None
        if len(self._idle) > self._max_keepalive:
            self._drop(next(iter(self._idle)), Reason.SURPLUS)
        if self._queue.requests:
            self._serve_waiting()
        if now >= self._prune_at:
            self._prune(now)
            if self._queue.requests:
                self._serve_waiting()

    def close(self) -> None:
        """Close all connections, and let nobody wait any longer."""
        self.to_wake += self._queue.requests
        for request in list(self._queue.requests):
            self._queue.remove(request)
        # Those that left the pool before, with requests in flight, among them.
        leased = {request.slot: None for request in self._leasing if request.slot is not None}
        for slot in self._slots | leased:
            self._drop(slot, Reason.POOL_CLOSED, at_once=True)
        self._draining = None

    def close_expired(self, now: float) -> None:
        """Close all idle connections that have expired, or that the server has closed. Walks over all of them."""
        self._expire(now)
        for slot in list(self._idle):
            self._check_idle(slot)

    def _release_shared(self, slot: Slot[C], connection: C) -> None:
        if _says_closed(connection):
            self._drop(slot, Reason.ENDED)
            return
        if slot.multiplexed:
            self._remember_limit(slot)
            self._share(slot)
        if slot in self._shared.get(slot.key, ()):
            self._serve_streams(slot)

    # Finding a slot.

    def _assign(self, request: PoolRequest[C]) -> bool:
        # One that is repeated elsewhere has nothing to hope for from idle connections.
        idle = self._idle_by_key.get(request.key) if request.failed_on is None else None
        slot = None
        while idle:
            slot = next(reversed(idle))
            try:
                # What is idle has one.
                stale = slot.connection.has_expired()  # type: ignore[union-attr]
            except Exception:
                stale = True
            if not stale:
                del idle[slot]
                del self._idle[slot]
                if slot.multiplexed:
                    self._share(slot)
                break
            self._drop(slot, Reason.STALE)
            slot = None
        if slot is None and self._shared:
            slot = self._slot_with_room(request)
        if slot is not None:
            self._reused += 1
        elif len(self._slots) < self._max_connections or (self._idle and self._evict()):
            slot = self._add_slot(request.key)
        else:
            return False
        request.slot = slot
        slot.leases += 1
        self._leasing[request] = None
        return True

    def _slot_with_room(self, request: PoolRequest[C]) -> Slot[C] | None:
        for slot in self._shared.get(request.key, ()):
            if not _may_share(slot, request) or (slot is self._draining and not self._is_before_next_due(request)):
                continue
            if self._has_room(slot):
                return slot
            if not slot.pooled:  # it raised
                return self._slot_with_room(request)
        return None

    # Waiting.

    def _share(self, slot: Slot[C]) -> None:
        self._queue.sort_by_key()
        super()._share(slot)

    def _serve_waiting(self, before: int = sys.maxsize) -> None:
        """Give slots to the requests that have waited longest, as far as there are any.

        Only requests with a number below `before` are served.
        """
        while self._idle or self._shared or len(self._slots) < self._max_connections:
            request = next(iter(self._queue.requests), None)
            if request is None or request.number >= before or not self._assign(request):
                break
            self.to_wake.append(request)
            self._queue.remove(request)
        if self._draining is not None or (self._shared and self._queue.requests):
            self._update_draining()

    def _hand_over(self, slot: Slot[C], connection: C) -> bool:
        """Give a slot that nobody leases to the request whose turn it is, if that may have it.

        It is what becomes of it if it first becomes idle, too, with less to do for each request of a busy pool.
        """
        request = next(iter(self._queue.requests))
        if request.key != slot.key or request.failed_on is not None or slot.multiplexed or not self._max_keepalive:
            return False
        try:
            if connection.has_expired():
                return False
        except Exception:
            return False  # it is asked again once it is idle
        self._serve(request, slot)
        return True

    def _serve_streams(self, slot: Slot[C]) -> None:
        """Give the room on a connection in use to the requests that wait for its origin."""
        assert self._queue.by_key is not None
        self._update_draining()
        queue = self._queue.by_key.get(slot.key)
        passed_over: list[PoolRequest[C]] = []
        while queue and len(passed_over) < len(queue) and slot is not self._draining and self._has_room(slot):
            request = next(iter(queue))
            if _may_share(slot, request):
                self._serve(request, slot)
                self._update_draining()
            else:
                queue.move_to_end(request)
                passed_over.append(request)
        if queue and passed_over:
            move_to_start(queue, passed_over)

    def _serve(self, request: PoolRequest[C], slot: Slot[C]) -> None:
        request.slot = slot
        slot.leases += 1
        self._leasing[request] = None
        self._reused += 1
        self.to_wake.append(request)
        self._queue.remove(request)

    def _update_draining(self) -> None:
        """See to it that the request that is due first will get a slot, even if all are shared by other origins."""
        request, draining = next(iter(self._queue.requests), None), self._draining
        if request is self._next_due and (not self._shared if draining is None else draining.pooled):
            return
        self._next_due, self._draining = request, None
        if request is not None and request.key not in self._shared:
            shared = itertools.chain.from_iterable(self._shared.values())
            candidates = itertools.islice(shared, _CANDIDATES)
            self._draining = min(candidates, key=lambda slot: slot.leases, default=None)
        if draining is not None and draining is not self._draining and draining in self._shared.get(draining.key, ()):
            self._serve_streams(draining)

    def _is_before_next_due(self, request: PoolRequest[C]) -> bool:
        return self._next_due is None or request.number < self._next_due.number

    def repair(self) -> None:
        """Make all tables consistent again, after an exception in the middle. Walks over all slots and requests."""
        repair(self)
