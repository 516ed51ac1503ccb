"""The line in which the requests of a pool wait: first come, first served."""

from collections import OrderedDict
from typing import Generic, TypeAlias

from .slots import C, Key, PoolRequest

#: Requests that wait, in the order of their numbers. A new one comes last, with `queue[request] = None`.
Queue: TypeAlias = OrderedDict[PoolRequest[C], None]


class RequestQueue(Generic[C]):
    """All requests that wait, and the same by origin once somebody has asked for those."""

    def __init__(self) -> None:
        self.requests: Queue[C] = OrderedDict()
        self.by_key: dict[Key, Queue[C]] | None = None

    def append(self, request: PoolRequest[C]) -> None:
        """Put a new request at the end."""
        request.waiting = True
        self.requests[request] = None
        if self.by_key is not None:
            self._queue_of(request.key)[request] = None

    def insert(self, request: PoolRequest[C]) -> None:
        """Put a request that is not new where its number belongs."""
        request.waiting = True
        insert(self.requests, request)
        if self.by_key is not None:
            insert(self._queue_of(request.key), request)

    def remove(self, request: PoolRequest[C]) -> None:
        """Take a request out, if it is there."""
        request.waiting = False
        self.requests.pop(request, None)
        if self.by_key is not None:
            queue = self.by_key.get(request.key)
            if queue is not None:
                queue.pop(request, None)
                if not queue:
                    del self.by_key[request.key]

    def first(self) -> PoolRequest[C] | None:
        """Return the request that is due first. Other threads may call this at any time."""
        while True:
            try:
                return next(iter(self.requests), None)
            except RuntimeError:
                continue  # changed at that very moment

    def sort_by_key(self) -> None:
        """Have the requests found by origin from now on."""
        if self.by_key is None:
            self.by_key = {}
            for request in self.requests:
                self._queue_of(request.key)[request] = None

    def replace(self, requests: list[PoolRequest[C]]) -> None:
        """Have these wait and nobody else, in their order."""
        self.requests = OrderedDict.fromkeys(requests)
        for request in requests:
            request.waiting = True
        if self.by_key is not None:
            self.by_key = None
            self.sort_by_key()

    def _queue_of(self, key: Key) -> Queue[C]:
        assert self.by_key is not None
        return self.by_key.setdefault(key, OrderedDict())


def insert(queue: Queue[C], request: PoolRequest[C]) -> None:
    """Put a request that is not new where its number belongs. Quick near both ends, where it does, as a rule."""
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
    """Put these requests before all others, in their order."""
    for request in reversed(requests):
        queue.move_to_end(request, last=False)
