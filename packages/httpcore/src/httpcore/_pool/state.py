"""Decides which request gets which connection: the pool's decisions on plain data, without I/O, locks or clocks.

A *slot* is room for one of the connections that the pool may have. A request is submitted, and either leases a slot at
once or waits; it leases one when another request releases it. What a call decides is left in two lists for the caller
to carry out: `to_wake`, requests that got a slot, or that have to learn that the pool was closed; and `to_close`,
connections that left the pool.

These hold between calls:

* There are at most `max_connections` slots, and at most `max_keepalive` of them are idle. After a limit was lowered,
  there may be more slots in use, but none is added.
* An idle slot is leased by no request, any other slot by at least one.
* While a request waits, no slot is idle, no slot may be added, and no connection to the request's origin has room for
  another request, except for the one that is being drained.
* Requests that can be served are served in the order in which they came. If all slots are shared by requests to other
  origins, one of them is drained for the request that has waited longest: it takes no further requests.
* A connection that left the pool is in `to_close`, at the latest when its last request has released it.

The cost of a request does not grow with the number of slots or requests: each call finds what it needs by origin, by
age, or at the head of a queue. These calls walk over all of them: `close()`, `close_expired()`, `set_limits()`,
`repair()`, and the first call of `opened()` or `established()` whose connection can be shared.

A signal handler may raise in the middle of a call, which may leave tables that contradict each other. `repair()`
rebuilds them from those that are never wrong: all slots, active requests, waiting requests, `to_wake` and `to_close`.
Statements that change these are in an order that makes that possible.
"""

import itertools
import sys
from typing import Generic

from .limits import limits_from
from .pruning import Pruner
from .repair import repair
from .request_table import RequestTable
from .sharing import SharedSlots
from .slot_table import SlotTable, says_closed
from .slots import C, PoolRequest, Slot
from .stats import PoolStats, Reason

# How many connections are checked before a request has to wait.
_CHECKS_BEFORE_WAITING = 16


class PoolState(Generic[C]):
    """The slots of a pool and the requests in it."""

    def __init__(
        self,
        max_connections: int | None = None,
        max_keepalive: int | None = None,
        keepalive_expiry: float | None = None,
    ) -> None:
        """Set the limits on slots, on idle slots, and on the seconds that a slot may be idle; `None` for no limit."""
        self.slots: SlotTable[C] = SlotTable(limits_from(max_connections, max_keepalive, keepalive_expiry))
        self.requests: RequestTable[C] = RequestTable()
        self.to_wake = self.requests.to_wake
        self.to_close = self.slots.to_close
        #: Whether a call was interrupted, so that `repair()` is due.
        self.broken = False
        self._pruner = Pruner(self.slots)
        self._shared = SharedSlots(self.slots, self.requests)
        self._numbers = itertools.count(1)

    def stats(self) -> PoolStats:
        """Return the current figures and the totals so far."""
        slots = self.slots
        return PoolStats(
            connections_active=len(slots.all) - len(slots.idle),
            connections_idle=len(slots.idle),
            requests_active=len(self.requests.active),
            requests_queued=len(self.requests.waiting),
            opened=len(slots.all) + sum(slots.closed.values()),
            reused=slots.reused + sum(slot.reused for slot in slots.all),
            closed={reason.value: slots.closed[reason.value] for reason in Reason},
        )

    def set_limits(
        self, max_connections: int | None, max_keepalive: int | None, keepalive_expiry: float | None
    ) -> None:
        """Change the limits. Excess connections leave the pool: idle ones now, those in use when they become idle."""
        self._pruner.due_at = 0.0
        self.slots.set_limits(limits_from(max_connections, max_keepalive, keepalive_expiry))
        self._serve_waiting()

    def repair(self) -> None:
        """Make all tables consistent again after an interrupted call."""
        repair(self.slots, self.requests)
        self._shared.reset()
        self._serve_waiting()
        self.broken = False

    # The life of a request.

    def submit(self, request: PoolRequest[C], now: float) -> bool:
        """Give a new request a slot and return true, or let it wait and return false.

        If the slot has no connection, the request has to make one and pass it to `opened()`.
        """
        request.number = next(self._numbers)
        if now >= self._pruner.due_at:
            self._prune(now)
        if self.requests.waiting:
            if not self._shared.is_behind_others(request) and self._assign(request):
                return True
        # A connection in use may be dead. The first request that has to wait checks that: there may be no later one.
        elif self._assign(request) or (self._pruner.check_next(_CHECKS_BEFORE_WAITING) and self._assign(request)):
            return True
        self.requests.waiting[request] = None
        if self.requests.index is not None:
            self.requests.index.append(request)
        if self.slots.shared:
            self._shared.update_draining()
        return False

    def opened(self, slot: Slot[C], connection: C) -> None:
        """Record the connection of a slot, which is not established yet."""
        slot.connection = connection
        if slot.pooled and slot.key not in self.slots.http1_origins and self.slots.is_available(slot):
            # It may turn out to carry several requests, so that others need not open a connection of their own.
            self._shared.add(slot)
            self._shared.serve(slot)

    def established(self, slot: Slot[C], multiplexed: bool = False) -> None:
        """Record that a connection has carried a request as far as the response.

        `multiplexed` says that it carries several requests at a time. So does a connection that is available now.
        """
        slot.established = True
        if multiplexed or self.slots.is_available(slot):
            self.slots.http1_origins.pop(slot.key, None)
            slot.multiplexed = True
            self.slots.remember_stream_limit(slot)
            if slot.pooled:
                self._shared.add(slot)
                self._shared.serve(slot)
        elif self.slots.shared:
            self.slots.mark_http1(slot)
        if self.requests.waiting or self._shared.draining is not None:
            self._serve_waiting()

    def changed(self, slot: Slot[C]) -> None:
        """Check a connection that was closed, or that can carry more or fewer requests than before."""
        if not slot.pooled or slot.connection is None:
            return
        if slot in self.slots.idle:
            self._pruner.check_idle(slot)
        else:
            self.slots.remember_stream_limit(slot)
            if slot.established:
                self._pruner.check_in_use(slot)
            if slot.pooled and slot.multiplexed:
                self._shared.add(slot)
            if slot in self.slots.shared.get(slot.key, ()):
                self._shared.serve(slot)
        self._serve_other_slots()

    def suspend(self, request: PoolRequest[C]) -> None:
        """Return the slot of a request whose connection could not take it, until the request resumes.

        Until then the request neither leases a slot nor waits. If other requests still lease the slot, and its
        connection has room, the request may get it again, unless it is the one that `failed_on` names.
        """
        self._return_slot(request)
        self._serve_waiting()

    def resume(self, request: PoolRequest[C]) -> None:
        """Give a request without a slot one, or let it wait, in its turn."""
        self._serve_waiting(before=request.number)
        if not self._assign(request):
            self.requests.insert(request)
        self._serve_waiting()

    def requeue(self, request: PoolRequest[C]) -> None:
        """Return the slot of a request and resume it at once, so that it keeps its turn."""
        self._return_slot(request)
        self.resume(request)

    def release(self, request: PoolRequest[C], now: float) -> None:
        """End a request, whether it ever got a slot or not. Releasing it again does nothing."""
        slots, requests, slot = self.slots, self.requests, request.slot
        if slot is None or request not in requests.active:
            request.slot = None
            requests.remove(request)
            if self._shared.draining is not None:
                self._shared.update_draining()
            return
        del requests.active[request]
        request.slot = None
        slot.leases -= 1
        connection = slot.connection
        if connection is None or not slot.pooled:
            slots.drop(slot, Reason.ENDED)
        elif slot.leases:
            self._release_shared(slot, connection)
        else:
            try:
                # A connection that could not be established says that it is idle and closed.
                idle = connection.is_idle() and (slot.established or not connection.is_closed())
            except Exception:
                idle = False
            if not idle:
                # If it is not closed, the request was given up before the connection was established.
                slots.drop(slot, Reason.ENDED)
            elif requests.waiting and self._hand_over(slot, connection):
                slot.idle_since = now
                return  # nothing changed for any other request
            else:
                if slots.shared:
                    slots.unshare(slot)
                slot.idle_since = now
                slots.idle[slot] = None
                slots.idle_by_key[slot.key][slot] = None
        if len(slots.idle) > slots.limits.max_keepalive:
            slots.drop_surplus()
        if requests.waiting:
            self._serve_other_slots()
        if now >= self._pruner.due_at:
            self._prune(now)

    def close(self) -> None:
        """Close all connections, and let no request wait any longer."""
        if self.requests.waiting:
            self.to_wake += self.requests.waiting
            self.requests.replace_waiting([])
        # Slots that have left the pool, with requests in flight, are among the leased ones.
        leased = {request.slot: None for request in self.requests.active if request.slot is not None}
        for slot in self.slots.all | leased:
            self.slots.drop(slot, Reason.POOL_CLOSED, at_once=True)
        self._shared.reset()

    def close_expired(self, now: float) -> None:
        """Close all idle connections that have expired, or that the server has closed."""
        self._pruner.expire(now)
        for slot in list(self.slots.idle):
            self._pruner.check_idle(slot)

    def _prune(self, now: float) -> None:
        self._pruner.prune(now)
        if self.requests.waiting:
            self._serve_waiting()

    def _return_slot(self, request: PoolRequest[C]) -> None:
        slot = request.slot
        if request not in self.requests.active or slot is None:
            return
        del self.requests.active[request]
        request.slot = None
        slot.leases -= 1
        if request.failed_on == slot.number:
            self.slots.unshare(slot)
        else:
            # Its connection may have told its limit, and refused this request, before it has carried any.
            self.slots.remember_stream_limit(slot)
            if not slot.multiplexed:
                self.slots.mark_http1(slot)
        if not slot.leases:
            # Whatever the connection says, it did not work.
            self.slots.drop(slot, Reason.ENDED)

    def _release_shared(self, slot: Slot[C], connection: C) -> None:
        if says_closed(connection):
            self.slots.drop(slot, Reason.ENDED)
            return
        if slot.multiplexed:
            self.slots.remember_stream_limit(slot)
            self._shared.add(slot)
        if slot in self.slots.shared.get(slot.key, ()):
            self._shared.serve(slot)

    # Finding a slot for a request.

    def _assign(self, request: PoolRequest[C]) -> bool:
        slots = self.slots
        slot: Slot[C] | None
        # A retry skips idle connections: they are probably as stale as the one that failed.
        idle = slots.idle_by_key.get(request.key) if request.failed_on is None else None
        while idle:
            slot = next(reversed(idle))
            try:
                stale = slot.connection.has_expired()  # type: ignore[union-attr]  # an idle slot has a connection
            except Exception:
                stale = True
            if not stale:
                del idle[slot]
                del slots.idle[slot]
                if slot.multiplexed:
                    self._shared.add(slot)
                break
            slots.drop(slot, Reason.STALE)
        else:
            slot = self._shared.find_room(request) if slots.shared else None
        if slot is not None:
            slot.reused += 1
        elif len(slots.all) < slots.limits.max_connections or (slots.idle and slots.evict()):
            slot = slots.add(request.key)
        else:
            return False
        request.slot = slot
        slot.leases += 1
        self.requests.active[request] = None
        return True

    # Finding a request for a slot.

    def _serve_waiting(self, before: int = sys.maxsize) -> None:
        """Give slots to the requests that have waited longest, as far as there are any.

        Only requests with a number below `before` are served.
        """
        slots = self.slots
        while slots.idle or slots.shared or len(slots.all) < slots.limits.max_connections:
            request = next(iter(self.requests.waiting), None)
            if request is None or request.number >= before or not self._assign(request):
                break
            self.requests.to_wake.append(request)
            self.requests.remove(request)
        if self._shared.draining is not None or (slots.shared and self.requests.waiting):
            self._shared.update_draining()

    def _serve_other_slots(self) -> None:
        """Give slots to waiting requests after a change of one slot, whose own room, if it is shared, they have got."""
        slots, shared = self.slots, self._shared
        may_add = len(slots.all) < slots.limits.max_connections
        # Of a connection that does not tell when it can carry more, this is the time to find out.
        if may_add or slots.idle or shared.any_silent or shared.draining is not None:
            self._serve_waiting()

    def _hand_over(self, slot: Slot[C], connection: C) -> bool:
        """Give a slot that no request leases to the one that has waited longest, if that may have it.

        The result is the same as if the slot became idle first. This is faster, which matters in a busy pool.
        """
        request = next(iter(self.requests.waiting))
        keeps_idle = self.slots.limits.max_keepalive
        if request.key != slot.key or request.failed_on is not None or slot.multiplexed or not keeps_idle:
            return False
        try:
            if connection.has_expired():
                return False
        except Exception:
            return False  # it is asked again once it is idle
        self.requests.serve(request, slot)
        return True
