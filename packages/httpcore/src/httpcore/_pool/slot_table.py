"""The slots of a pool: which are idle, which can take more requests, which are due to be closed."""

import itertools
import sys
from collections import Counter, OrderedDict
from typing import Generic, TypeVar

from .slots import C, Key, Slot
from .stats import Reason

V = TypeVar("V")

# A connection is looked at once in so many seconds, to see whether it was closed by the server, or by hand ...
_LIVENESS_INTERVAL = 1.0

# ... and so many at a time, whenever a request comes or goes: their number must not matter to it.
_LIVENESS_CHECKS = 2

# How many connections are looked at before a request has to wait.
_CHECKS_BEFORE_WAITING = 16

# Of how many origins the pool remembers how their connections are. A client of more origins than that gains nothing
# from remembering.
_REMEMBERED_ORIGINS = 1024


class SlotTable(Generic[C]):
    """The slots of a pool.

    Connections may be somebody's own. One that raises when it is asked a question leaves the pool, and is closed.
    """

    def __init__(self, max_keepalive: int, keepalive_expiry: float | None) -> None:
        self._max_keepalive = max_keepalive
        self._keepalive_expiry = keepalive_expiry
        self._numbers = itertools.count(1)
        # In the order in which it is their turn to be looked at; how many there are to go in this round, and when the
        # next one begins.
        self._slots: OrderedDict[Slot[C], None] = OrderedDict()
        self._to_check = 0
        self._next_round = 0.0
        # Nothing is to be tidied up before.
        self._prune_at = 0.0
        # Idle slots: all of them by age, oldest first, and those of an origin, most recently used last. There is an
        # entry for the origin of every slot, idle or not; other entries are removed now and then.
        self._idle: dict[Slot[C], None] = {}
        self._idle_by_key: dict[Key, dict[Slot[C], None]] = {}
        # Slots in use that may carry further requests at the same time.
        self._shared: dict[Key, dict[Slot[C], None]] = {}
        # What is remembered of origins: those that carry one request at a time, and how many the others carry.
        self._http1_origins: OrderedDict[Key, None] = OrderedDict()
        self._stream_limits: OrderedDict[Key, int] = OrderedDict()
        self._closed: Counter[str] = Counter()
        self.to_close: list[C] = []

    @property
    def connections(self) -> list[C]:
        """The connections in the pool, oldest first."""
        slots = sorted(self._slots.copy(), key=lambda slot: slot.number)
        return [slot.connection for slot in slots if slot.connection is not None]

    @property
    def connections_idle(self) -> int:
        """How many slots are idle."""
        return len(self._idle)

    @property
    def connections_active(self) -> int:
        """How many slots are not idle."""
        return len(self._slots) - len(self._idle)

    def disown_connections(self) -> list[C]:
        """Return all connections, which are this pool's no more. The state is not usable afterwards."""
        for slot in self._slots:
            slot.pooled = False
        return self.connections

    def _add_slot(self, key: Key) -> Slot[C]:
        slot: Slot[C] = Slot(key, next(self._numbers))
        if len(self._idle_by_key) > 2 * len(self._slots) + 16:
            used = {slot.key for slot in self._slots}
            self._idle_by_key = {key: idle for key, idle in self._idle_by_key.items() if key in used}
        self._idle_by_key.setdefault(key, {})
        self._slots[slot] = None
        return slot

    def _has_room(self, slot: Slot[C]) -> bool:
        """Whether a slot can take another request, besides those on their way to its connection.

        One that says only whether it is available, not how many requests it can carry, is offered any number. Before
        it is established, it is taken for what the origin's last one was.
        """
        connection = slot.connection
        try:
            if connection is None or not connection.is_available():
                return False
            capacity = getattr(connection, "request_capacity", sys.maxsize)
        except Exception:
            self._drop(slot, Reason.STALE)
            return False
        if not isinstance(capacity, int):  # a mock, which has any attribute
            capacity = sys.maxsize
        if not slot.established and slot.key in self._stream_limits:
            capacity = min(capacity, self._stream_limits[slot.key])
        return slot.leases < capacity

    def _is_available(self, slot: Slot[C]) -> bool:
        assert slot.connection is not None
        try:
            return slot.connection.is_available()
        except Exception:
            self._drop(slot, Reason.STALE)
            return False

    def _evict(self) -> bool:
        if not self._idle:
            return False
        self._drop(next(iter(self._idle)), Reason.EVICTED)
        return True

    def _share(self, slot: Slot[C]) -> None:
        self._shared.setdefault(slot.key, {})[slot] = None

    def _unshare(self, slot: Slot[C]) -> bool:
        shared = self._shared.get(slot.key)
        if shared is None or slot not in shared:
            return False
        del shared[slot]
        if not shared:
            del self._shared[slot.key]
        return True

    def _not_shared(self, slot: Slot[C]) -> None:
        """A connection that was taken for a shared one is not: remember it of the origin."""
        if self._unshare(slot):
            _remember(self._http1_origins, slot.key, None)

    def _remember_limit(self, slot: Slot[C]) -> None:
        limit = getattr(slot.connection, "stream_limit", None)
        if isinstance(limit, int) and self._stream_limits.get(slot.key) != limit:
            _remember(self._stream_limits, slot.key, limit)

    def _drop(self, slot: Slot[C], reason: Reason, *, at_once: bool = False) -> None:
        """Take a slot out of the pool. Its connection is closed once no request uses it, or `at_once`."""
        connection = slot.connection
        if connection is not None and (at_once or not slot.leases) and not _says_closed(connection):
            self.to_close.append(connection)
        if slot.pooled:
            slot.pooled = False
            self._slots.pop(slot, None)
            self._closed[reason.value] += 1
            self._unshare(slot)
            if slot in self._idle:
                self._idle_by_key[slot.key].pop(slot, None)
                del self._idle[slot]

    # Looking after connections that nobody asks for.

    def _prune(self, now: float) -> None:
        """Close connections that nobody will come back for, a few at a time."""
        self._expire(now)
        if not self._to_check:
            self._to_check = len(self._slots)
            self._next_round = now + _LIVENESS_INTERVAL
        checks = min(self._to_check, _LIVENESS_CHECKS)
        self._to_check -= checks
        self._check_next(checks)
        self._prune_at = now if self._to_check else self._next_round
        if self._keepalive_expiry is not None:
            # What becomes idle from now on is due later than what is idle already.
            oldest = next(iter(self._idle), None)
            due = (now if oldest is None else oldest.idle_since) + self._keepalive_expiry
            self._prune_at = min(self._prune_at, due)

    def _check_next(self, count: int) -> bool:
        """Look at the next `count` slots, and return whether one of them left the pool."""
        before = len(self._slots)
        for _ in range(min(count, before)):
            slot = next(iter(self._slots))
            self._slots.move_to_end(slot)
            if slot in self._idle:
                self._check_idle(slot)
            elif slot.established:
                self._check_in_use(slot)
        return len(self._slots) < before

    def _check_idle(self, slot: Slot[C]) -> None:
        assert slot.connection is not None
        try:
            stale = slot.connection.has_expired()
        except Exception:
            stale = True
        if stale:
            self._drop(slot, Reason.STALE)

    def _check_in_use(self, slot: Slot[C]) -> None:
        """Drop a slot whose connection was closed under its requests, or whose event loop is gone with them."""
        assert slot.connection is not None
        try:
            lost = slot.connection.is_closed() or (slot.event_loop is not None and slot.event_loop.is_closed())
        except Exception:
            lost = True
        if lost:
            self._drop(slot, Reason.ENDED, at_once=True)

    def _expire(self, now: float) -> None:
        while self._idle and self._keepalive_expiry is not None:
            slot = next(iter(self._idle))
            if now - slot.idle_since < self._keepalive_expiry:
                return
            self._drop(slot, Reason.EXPIRED)


def _says_closed(connection: C) -> bool:
    try:
        return connection.is_closed()
    except Exception:
        return False


def _remember(table: "OrderedDict[Key, V]", key: Key, value: V) -> None:
    table[key] = value
    if len(table) > _REMEMBERED_ORIGINS:
        table.popitem(last=False)
