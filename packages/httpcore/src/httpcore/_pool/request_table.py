"""The requests of a pool: which lease a slot, and which wait, first come, first served."""

from collections import OrderedDict
from typing import Generic, TypeAlias

from .slots import C, Key, PoolRequest, Slot

#: Waiting requests in the order of their numbers. A new one is added at the end with `queue[request] = None`.
Queue: TypeAlias = OrderedDict[PoolRequest[C], None]


class RequestTable(Generic[C]):
    """The requests of a pool.

    The other modules of this package read the tables and change them. A change that has to reach several tables is a
    method here.
    """

    def __init__(self) -> None:
        #: Requests that lease a slot.
        self.active: dict[PoolRequest[C], None] = {}
        self.waiting: Queue[C] = OrderedDict()
        #: Waiting requests by origin, once there is a connection that can be shared.
        self.waiting_by_key: dict[Key, Queue[C]] | None = None
        #: Requests for the caller to wake: they got a slot, or the pool was closed.
        self.to_wake: list[PoolRequest[C]] = []
        #: How many requests got a connection that existed before.
        self.reused = 0

    def append(self, request: PoolRequest[C]) -> None:
        """Add a new request at the end of the queue."""
        self.waiting[request] = None
        if self.waiting_by_key is not None:
            self._waiting_for(request.key)[request] = None

    def insert(self, request: PoolRequest[C]) -> None:
        """Add a request to the queue where its number belongs: it has waited before."""
        insert_in_order(self.waiting, request)
        if self.waiting_by_key is not None:
            insert_in_order(self._waiting_for(request.key), request)

    def remove(self, request: PoolRequest[C]) -> None:
        """Remove a request from the queue, if it waits."""
        self.waiting.pop(request, None)
        if self.waiting_by_key is not None:
            queue = self.waiting_by_key.get(request.key)
            if queue is not None:
                queue.pop(request, None)
                if not queue:
                    del self.waiting_by_key[request.key]

    def serve(self, request: PoolRequest[C], slot: Slot[C]) -> None:
        """Give a waiting request a slot that has a connection."""
        request.slot = slot
        slot.leases += 1
        self.active[request] = None
        self.reused += 1
        self.to_wake.append(request)
        self.remove(request)

    def first(self) -> PoolRequest[C] | None:
        """Return the request that has waited longest. Other threads may call this at any time."""
        while True:
            try:
                return next(iter(self.waiting), None)
            except RuntimeError:
                continue  # the queue changed at that very moment

    def index_by_key(self) -> None:
        """Find waiting requests by origin from now on. Walks over the queue the first time."""
        if self.waiting_by_key is None:
            self.waiting_by_key = {}
            for request in self.waiting:
                self._waiting_for(request.key)[request] = None

    def replace(self, requests: list[PoolRequest[C]]) -> None:
        """Replace the whole queue."""
        self.waiting = OrderedDict.fromkeys(requests)
        if self.waiting_by_key is not None:
            self.waiting_by_key = None
            self.index_by_key()

    def _waiting_for(self, key: Key) -> Queue[C]:
        assert self.waiting_by_key is not None
        return self.waiting_by_key.setdefault(key, OrderedDict())


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
