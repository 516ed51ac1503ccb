"""The records of a recorder, from their start to their end."""

from collections import deque
from collections.abc import Callable

import httpcore
from httpcore_models.concurrency import ForkLock

from ._record import RequestRecord

_MOST_CONNECTIONS = 1000

# Guards the records of all recorders. Held for a moment, and never while the program's functions are called. One for
# each recorder would have to be registered for forks, and would never be collected.
LOCK = ForkLock()


class Lifecycle:
    """Keeps the records, and calls back once for each start and end."""

    def __init__(
        self,
        requests: deque[RequestRecord],
        on_start: Callable[[RequestRecord], object] | None,
        on_end: Callable[[RequestRecord], object] | None,
    ) -> None:
        self._requests = requests
        self._on_start = on_start
        self._on_end = on_end
        # Of connections that were opened for recorded requests, the last ones.
        self.connections: dict[int, httpcore.ConnectionInfo] = {}
        # Filled by finalisers, which may run at any line of any thread, also while this thread holds the lock.
        self._dropped: deque[tuple[RequestRecord, float]] = deque()

    def started(self, record: RequestRecord) -> None:
        """Keep a new record."""
        with LOCK.lock:
            self._requests.append(record)
        if self._on_start is not None:
            self._on_start(record)

    def remember(self, connection: httpcore.ConnectionInfo) -> None:
        """Keep a connection, which later requests may use."""
        with LOCK.lock:
            self.connections[connection.id] = connection
            if len(self.connections) > _MOST_CONNECTIONS:
                del self.connections[next(iter(self.connections))]

    def ended(self, record: RequestRecord, when: float) -> None:
        """Set the end of a record, unless it has one."""
        with LOCK.lock:
            if record.ended is not None:
                return
            record.ended = when
        if self._on_end is not None:
            self._on_end(record)

    def dropped(self, record: RequestRecord, when: float) -> None:
        """Do the same later: this is called by finalisers."""
        self._dropped.append((record, when))

    def end_dropped(self) -> None:
        """End the records of requests that were dropped."""
        while self._dropped:
            try:
                record, when = self._dropped.popleft()
            except IndexError:  # another thread was faster
                return
            self.ended(record, when)
