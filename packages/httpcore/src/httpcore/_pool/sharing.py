"""Slots whose connections carry several requests at a time: which requests share them, and which slot is drained."""

import itertools
from typing import Generic

from .request_table import RequestTable, move_to_start
from .slot_table import SlotTable
from .slots import C, PoolRequest, Slot

# How many shared slots are compared to choose the one that is drained.
_DRAINING_CANDIDATES = 16


class SharedSlots(Generic[C]):
    """Gives the room on shared connections to requests.

    If other origins share all slots of the pool, requests to them could keep a waiting request out for ever. So one
    slot is *drained* for the request that has waited longest: it takes no requests that came later.
    """

    def __init__(self, slots: SlotTable[C], requests: RequestTable[C]) -> None:
        self._slots = slots
        self._requests = requests
        #: The slot that is drained, and the request that it is drained for, the one that has waited longest.
        self.draining: Slot[C] | None = None
        self._next_due: PoolRequest[C] | None = None
        #: Whether a connection was ever shared that does not tell when it can carry more.
        self.any_silent = False

    def reset(self) -> None:
        """Drain no slot until the next choice."""
        self.draining = self._next_due = None
        self.any_silent = any(not slot.reports for slot in self._slots.all)

    def add(self, slot: Slot[C]) -> None:
        """Let further requests share a slot in use."""
        if self._requests.index is None:
            self._requests.make_index()
        if not slot.reports:
            self.any_silent = True
        self._slots.shared.setdefault(slot.key, {})[slot] = None

    def find_room(self, request: PoolRequest[C]) -> Slot[C] | None:
        """Return a slot that a request can share."""
        while True:
            for slot in self._slots.shared.get(request.key, ()):
                if not _may_share(slot, request) or (slot is self.draining and not self._came_before_next_due(request)):
                    continue
                if slot.leases < self._slots.capacity_of(slot):
                    return slot
                if not slot.pooled:
                    break  # its connection raised, which changed the table: start again
            else:
                return None

    def serve(self, slot: Slot[C]) -> None:
        """Give the room on a shared connection to the requests that wait for its origin."""
        assert self._requests.index is not None
        queues = self._requests.index.queues
        queue = queues.get(slot.key)
        # Nobody needs a slot drained who waits for the origin of this one.
        if self.draining is not None or len(queues) > (queue is not None):
            self.update_draining()
        if not queue or slot is self.draining:
            return
        capacity = self._slots.capacity_of(slot)
        passed_over: list[PoolRequest[C]] = []
        while slot.leases < capacity and len(passed_over) < len(queue) and slot is not self.draining and slot.pooled:
            request = next(iter(queue))
            if _may_share(slot, request):
                self._requests.serve(request, slot)
                if self.draining is not None or len(queues) > 1:
                    self.update_draining()
            else:
                queue.move_to_end(request)
                passed_over.append(request)
        if passed_over:
            move_to_start(queue, passed_over)

    def update_draining(self) -> None:
        """Choose the slot to drain, if the request that has waited longest needs one."""
        shared = self._slots.shared
        request, previous = next(iter(self._requests.waiting), None), self.draining
        if previous is None and (request is None or request.key in shared):
            return
        if request is self._next_due and (not shared if previous is None else previous.pooled):
            return
        self._next_due, self.draining = request, None
        if request is not None and request.key not in shared:
            candidates = itertools.islice(itertools.chain.from_iterable(shared.values()), _DRAINING_CANDIDATES)
            self.draining = min(candidates, key=lambda slot: slot.leases, default=None)
        if previous is not None and previous is not self.draining and previous in shared.get(previous.key, ()):
            self.serve(previous)

    def is_behind_others(self, request: PoolRequest[C]) -> bool:
        """Whether a new request has to wait since others do that could use any connection that it could use."""
        index = self._requests.index
        if index is None or self.any_silent:
            return False
        queue = index.queues.get(request.key)
        return queue is not None and next(iter(queue)).failed_on is None

    def _came_before_next_due(self, request: PoolRequest[C]) -> bool:
        return self._next_due is None or request.number < self._next_due.number


def _may_share(slot: Slot[C], request: PoolRequest[C]) -> bool:
    """Whether a request may share a slot: a retry may not share one that is as old as the slot that it failed on."""
    return request.failed_on is None or slot.number > request.failed_on
