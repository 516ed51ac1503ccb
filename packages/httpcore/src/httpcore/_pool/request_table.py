"""The requests of a pool: which lease a slot, and which wait, first come, first served."""

from collections import OrderedDict
from typing import Generic, TypeAlias

from .slots import C, Key, PoolRequest, Slot

#: Waiting requests in the order of their numbers. A new one is added at the end with `queue[request] = None`.
Queue: TypeAlias = OrderedDict[PoolRequest[C], None]


class RequestTable(Generic[C]):
    """The requests of a pool.

    The other modules of this package read the tables and change them.
    """

    def __init__(self) -> None:
        #: Requests that lease a slot.
        self.active: dict[PoolRequest[C], None] = {}
        #: Requests that wait. Whatever changes this changes `index` as well.
        self.waiting: Queue[C] = OrderedDict()
        #: Waiting requests by origin, once there is a connection that can be shared.
        self.index: QueueIndex[C] | None = None
        #: Requests for the caller to wake: they got a slot, or the pool was closed.
        self.to_wake: list[PoolRequest[C]] = []

    def insert(self, request: PoolRequest[C]) -> None:
        """Add a request to the queue where its number belongs: it has waited before."""
        insert_in_order(self.waiting, request)
        if self.index is not None:
            self.index.insert(request)

    def remove(self, request: PoolRequest[C]) -> None:
        """Remove a request from the queue, if it waits."""
        self.waiting.pop(request, None)
        if self.index is not None:
            self.index.remove(request)

    def serve(self, request: PoolRequest[C], slot: Slot[C]) -> None:
        """Give a waiting request a slot that has a connection."""
        request.slot = slot
        slot.leases += 1
        self.active[request] = None
        slot.reused += 1
        self.to_wake.append(request)
        self.remove(request)

    def first_waiting(self) -> PoolRequest[C] | None:
        """Return the request that has waited longest. Other threads may call this at any time."""
        while True:
            try:
                return next(iter(self.waiting), None)
            except RuntimeError:
                continue  # another thread changed the queue meanwhile

    def make_index(self) -> "QueueIndex[C]":
        """Find waiting requests by origin from now on."""
        self.index = QueueIndex(self.waiting)
        return self.index

    def replace_waiting(self, requests: list[PoolRequest[C]]) -> None:
        """Replace the whole queue."""
        self.waiting = OrderedDict.fromkeys(requests)
        if self.index is not None:
            self.make_index()


class QueueIndex(Generic[C]):
    """Waiting requests by origin. Each queue is in the order of the requests' numbers, and none is empty."""

    def __init__(self, requests: Queue[C]) -> None:
        self.queues: dict[Key, Queue[C]] = {}
        for request in requests:
            self.append(request)

    def append(self, request: PoolRequest[C]) -> None:
        """Add a new request at the end of its queue."""
        self.queues.setdefault(request.key, OrderedDict())[request] = None

    def insert(self, request: PoolRequest[C]) -> None:
        """Add a request to its queue where its number belongs."""
        insert_in_order(self.queues.setdefault(request.key, OrderedDict()), request)

    def remove(self, request: PoolRequest[C]) -> None:
        """Remove a request, if it is there."""
        queue = self.queues.get(request.key)
        if queue is not None:
            queue.pop(request, None)
            if not queue:
                del self.queues[request.key]


def insert_in_order(queue: Queue[C], request: PoolRequest[C]) -> None:
    """Insert a request where its number belongs. Searches from both ends, since most requests belong near one."""
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
    """Move requests to the start of the queue, in the given order."""
    for request in reversed(requests):
        queue.move_to_end(request, last=False)
