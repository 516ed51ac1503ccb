"""The slots of a pool: which are idle, which can take more requests, which connections are to be closed."""

import itertools
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from .limits import Limits
from .slots import C, Key, Slot
from .stats import Reason

V = TypeVar("V")

# For how many origins the pool remembers what their servers support, and how many connections to them were closed.
_REMEMBERED_ORIGINS = 1024


class SlotTable(Generic[C]):
    """The slots of a pool, found by origin, by age, and by whether they can be shared.

    The other modules of this package read the tables and change them. A change that has to reach several tables is a
    method here. A connection that raises when it is asked a question leaves the pool, and is closed.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        #: All slots, in the order in which their connections are checked next.
        self.all: OrderedDict[Slot[C], None] = OrderedDict()
        #: Idle slots, the one that became idle first at the front.
        self.idle: dict[Slot[C], None] = {}
        #: Idle slots by origin, the one used last at the end. Each origin of a slot, idle or not, has an entry here.
        #: Entries of other origins are removed now and then.
        self.idle_by_key: dict[Key, dict[Slot[C], None]] = {}
        #: Slots in use that may take further requests at the same time.
        self.shared: dict[Key, dict[Slot[C], None]] = {}
        #: Origins whose connections turned out to carry one request at a time.
        self.http1_origins: OrderedDict[Key, None] = OrderedDict()
        #: How many requests at a time the connections to an origin carry.
        self.stream_limits: OrderedDict[Key, int] = OrderedDict()
        #: How many slots have left the pool, by reason, and how often they had been reused.
        self.closed: Counter[str] = Counter()
        self.reused = 0
        #: The same for the origins with the most recent departures.
        self.left: OrderedDict[Key, tuple[Counter[str], int]] = OrderedDict()
        #: What is called with each slot that has left, as soon as no request uses its connection.
        self.on_departure: Callable[[Slot[C]], None] | None = None
        #: Connections that left the pool, for the caller to close.
        self.to_close: list[C] = []
        self._numbers = itertools.count(1)

    @property
    def connections(self) -> list[C]:
        """The connections in the pool, oldest first."""
        slots = sorted(self.all.copy(), key=lambda slot: slot.number)
        return [slot.connection for slot in slots if slot.connection is not None]

    def disown_connections(self) -> list[C]:
        """Return all connections and give up responsibility for them. The table is not usable afterwards."""
        for slot in self.all:
            slot.pooled = False
        return self.connections

    def add(self, key: Key) -> Slot[C]:
        """Add a slot, which has no connection yet."""
        slot: Slot[C] = Slot(key, next(self._numbers))
        if len(self.idle_by_key) > 2 * len(self.all) + 16:
            used = {slot.key for slot in self.all}
            self.idle_by_key = {key: idle for key, idle in self.idle_by_key.items() if key in used}
        self.idle_by_key.setdefault(key, {})
        self.all[slot] = None
        return slot

    def capacity_of(self, slot: Slot[C]) -> int:
        """Return how many requests may lease a slot: those on their way to its connection count as well.

        A connection that says only whether it is available, not how many requests it can carry, is offered any number.
        Until it is established, it counts as one with the limit of the previous connection to the same origin.
        """
        connection = slot.connection
        try:
            if connection is None or not connection.is_available():
                return 0
            capacity = getattr(connection, "request_capacity", sys.maxsize)
        except Exception:
            self.drop(slot, Reason.STALE)
            return 0
        if not isinstance(capacity, int):  # a mock, which has any attribute
            capacity = sys.maxsize
        if not slot.established and slot.key in self.stream_limits:
            capacity = min(capacity, self.stream_limits[slot.key])
        return capacity

    def is_available(self, slot: Slot[C]) -> bool:
        """Whether the connection of a slot says that it can take a request."""
        assert slot.connection is not None
        try:
            return slot.connection.is_available()
        except Exception:
            self.drop(slot, Reason.STALE)
            return False

    def unshare(self, slot: Slot[C]) -> bool:
        """Let no further request have a slot in use; return whether any could."""
        shared = self.shared.get(slot.key)
        if shared is None or slot not in shared:
            return False
        del shared[slot]
        if not shared:
            del self.shared[slot.key]
        return True

    def mark_http1(self, slot: Slot[C]) -> None:
        """Record that a connection carries one request at a time, for it and for others to its origin."""
        if self.unshare(slot):
            _remember(self.http1_origins, slot.key, None)

    def remember_stream_limit(self, slot: Slot[C]) -> None:
        """Record how many requests at a time a connection carries, if it says so, for others to its origin."""
        limit = getattr(slot.connection, "stream_limit", None)
        if isinstance(limit, int):
            slot.multiplexed = True
            if self.stream_limits.get(slot.key) != limit:
                _remember(self.stream_limits, slot.key, limit)

    def set_limits(self, limits: Limits) -> None:
        """Change the limits, and drop idle slots, as far as there are too many slots."""
        self.limits = limits
        limit = limits.max_connections
        while len(self.all) > limit and self.evict():
            pass
        if len(self.all) > limit:
            self.limits = limits._replace(max_keepalive=min(limit, limits.max_keepalive))
        self.drop_surplus()

    def evict(self) -> bool:
        """Drop the slot that has been idle for longest, if any is idle, to make room for another."""
        if not self.idle:
            return False
        self.drop(next(iter(self.idle)), Reason.EVICTED)
        return True

    def drop_surplus(self) -> None:
        """Drop the slots that have been idle for longest, as far as too many are idle."""
        while len(self.idle) > self.limits.max_keepalive:
            self.drop(next(iter(self.idle)), Reason.SURPLUS)

    def drop(self, slot: Slot[C], reason: Reason, *, at_once: bool = False) -> None:
        """Take a slot out of the pool. Its connection is closed once no request uses it, or `at_once`."""
        connection = slot.connection
        slot.reason = slot.reason or reason
        if connection is not None and (at_once or not slot.leases):
            if not says_closed(connection):
                self.to_close.append(connection)
            slot.gone = True
            if self.on_departure is not None:
                self.on_departure(slot)
        if slot.pooled:
            slot.pooled = False
            self.all.pop(slot, None)
            self._count(slot, reason)
            if self.shared:
                self.unshare(slot)
            if slot in self.idle:
                self.idle_by_key[slot.key].pop(slot, None)
                del self.idle[slot]

    def _count(self, slot: Slot[C], reason: Reason) -> None:
        closed, reused = self.left.get(slot.key) or (Counter(), 0)
        closed[reason.value] += 1
        _remember(self.left, slot.key, (closed, reused + slot.reused))
        self.left.move_to_end(slot.key)
        self.closed[reason.value] += 1
        self.reused += slot.reused


def says_closed(connection: C) -> bool:
    """Whether a connection says that it is closed. One that raises does not."""
    try:
        return connection.is_closed()
    except Exception:
        return False


def _remember(table: "OrderedDict[Key, V]", key: Key, value: V) -> None:
    table[key] = value
    if len(table) > _REMEMBERED_ORIGINS:
        table.popitem(last=False)
