"""Finds connections that are of no use any more: idle for too long, closed by the server, or lost in use."""

from typing import Generic

from .slot_table import SlotTable
from .slots import C, Slot
from .stats import Reason

# How many seconds pass, at least, between two checks of the same connection.
_LIVENESS_INTERVAL = 1.0

# How many connections are checked whenever a request comes or goes. The cost of a request must not depend on the
# number of connections, so the checks are spread over many requests.
_LIVENESS_CHECKS = 2


class Pruner(Generic[C]):
    """Prunes the slots of a pool, a few at a time."""

    def __init__(self, slots: SlotTable[C]) -> None:
        self._slots = slots
        #: There is nothing to prune before this time.
        self.due_at = 0.0
        # How many slots are left to check in this round, and when the next round begins.
        self._to_check = 0
        self._next_round = 0.0

    def prune(self, now: float) -> None:
        """Drop connections that have expired, and check the next few whether they are still open."""
        slots = self._slots
        self.expire(now)
        if not self._to_check:
            self._to_check = len(slots.all)
            self._next_round = now + _LIVENESS_INTERVAL
        checks = min(self._to_check, _LIVENESS_CHECKS)
        self._to_check -= checks
        self.check_next(checks)
        self.due_at = now if self._to_check else self._next_round
        expiry = slots.limits.keepalive_expiry
        if expiry is not None:
            # A slot that becomes idle from now on expires later than those that are idle already.
            oldest = next(iter(slots.idle), None)
            self.due_at = min(self.due_at, (now if oldest is None else oldest.idle_since) + expiry)

    def expire(self, now: float) -> None:
        """Drop all slots that have been idle for too long."""
        slots = self._slots
        expiry = slots.limits.keepalive_expiry
        while slots.idle and expiry is not None:
            slot = next(iter(slots.idle))
            if now - slot.idle_since < expiry:
                return
            slots.drop(slot, Reason.EXPIRED)

    def check_next(self, count: int) -> bool:
        """Check the next `count` slots; return whether any of them left the pool."""
        slots = self._slots
        before = len(slots.all)
        for _ in range(min(count, before)):
            slot = next(iter(slots.all))
            slots.all.move_to_end(slot)
            if slot in slots.idle:
                self.check_idle(slot)
            elif slot.established:
                self.check_in_use(slot)
        return len(slots.all) < before

    def check_idle(self, slot: Slot[C]) -> None:
        """Drop an idle slot whose connection was closed by the server or has expired."""
        assert slot.connection is not None
        try:
            stale = slot.connection.has_expired()
        except Exception:
            stale = True
        if stale:
            self._slots.drop(slot, Reason.STALE)

    def check_in_use(self, slot: Slot[C]) -> None:
        """Drop a slot whose connection was closed under its requests, or whose event loop is gone with them."""
        assert slot.connection is not None
        try:
            lost = slot.connection.is_closed() or (slot.event_loop is not None and slot.event_loop.is_closed())
        except Exception:
            lost = True
        if lost:
            self._slots.drop(slot, Reason.ENDED, at_once=True)
