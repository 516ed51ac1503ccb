"""The places of a pool: which are idle, which can take more requests, which are due to be closed."""

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
    """The places of a pool.

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
        self._tidy_at = 0.0
        # Idle places: all of them by age, oldest first, and those of an origin, most recently used last. There is an
        # entry for the origin of every place, idle or not; other entries are removed now and then.
        self._idle: dict[Slot[C], None] = {}
        self._idle_by_key: dict[Key, dict[Slot[C], None]] = {}
        # Places in use that may carry further requests at the same time.
        self._shared: dict[Key, dict[Slot[C], None]] = {}
        # What is remembered of origins: those that carry one request at a time, and how many the others carry.
        self._exclusive: OrderedDict[Key, None] = OrderedDict()
        self._stream_limits: OrderedDict[Key, int] = OrderedDict()
        self._closed: Counter[str] = Counter()
        self.closing: list[C] = []

    @property
    def connections(self) -> list[C]:
        """The connections in the pool, oldest first."""
        places = sorted(self._slots.copy(), key=lambda place: place.number)
        return [place.connection for place in places if place.connection is not None]

    @property
    def connections_idle(self) -> int:
        """How many places are idle."""
        return len(self._idle)

    @property
    def connections_active(self) -> int:
        """How many places are not idle."""
        return len(self._slots) - len(self._idle)

    def forsake(self) -> list[C]:
        """Return all connections, which are this pool's no more. The state is not usable afterwards."""
        for place in self._slots:
            place.pooled = False
        return self.connections

    def _new_place(self, key: Key) -> Slot[C]:
        place: Slot[C] = Slot(key, next(self._numbers))
        if len(self._idle_by_key) > 2 * len(self._slots) + 16:
            used = {place.key for place in self._slots}
            self._idle_by_key = {key: idle for key, idle in self._idle_by_key.items() if key in used}
        self._idle_by_key.setdefault(key, {})
        self._slots[place] = None
        return place

    def _has_room(self, place: Slot[C]) -> bool:
        """Whether a place can take another request, besides those on their way to its connection.

        One that says only whether it is available, not how many requests it can carry, is offered any number. Before
        it is established, it is taken for what the origin's last one was.
        """
        connection = place.connection
        try:
            if connection is None or not connection.is_available():
                return False
            capacity = getattr(connection, "request_capacity", sys.maxsize)
        except Exception:
            self._drop(place, Reason.STALE)
            return False
        if not isinstance(capacity, int):  # a mock, which has any attribute
            capacity = sys.maxsize
        if not place.established and place.key in self._stream_limits:
            capacity = min(capacity, self._stream_limits[place.key])
        return place.leases < capacity

    def _is_available(self, place: Slot[C]) -> bool:
        assert place.connection is not None
        try:
            return place.connection.is_available()
        except Exception:
            self._drop(place, Reason.STALE)
            return False

    def _evict(self) -> bool:
        if not self._idle:
            return False
        self._drop(next(iter(self._idle)), Reason.EVICTED)
        return True

    def _share(self, place: Slot[C]) -> None:
        self._shared.setdefault(place.key, {})[place] = None

    def _unshare(self, place: Slot[C]) -> bool:
        shared = self._shared.get(place.key)
        if shared is None or place not in shared:
            return False
        del shared[place]
        if not shared:
            del self._shared[place.key]
        return True

    def _not_shared(self, place: Slot[C]) -> None:
        """A connection that was taken for a shared one is not: remember it of the origin."""
        if self._unshare(place):
            _remember(self._exclusive, place.key, None)

    def _remember_limit(self, place: Slot[C]) -> None:
        limit = getattr(place.connection, "stream_limit", None)
        if isinstance(limit, int) and self._stream_limits.get(place.key) != limit:
            _remember(self._stream_limits, place.key, limit)

    def _drop(self, place: Slot[C], reason: Reason, *, at_once: bool = False) -> None:
        """Take a place out of the pool. Its connection is closed once no request uses it, or `at_once`."""
        connection = place.connection
        if connection is not None and (at_once or not place.leases) and not _says_closed(connection):
            self.closing.append(connection)
        if place.pooled:
            place.pooled = False
            self._slots.pop(place, None)
            self._closed[reason.value] += 1
            self._unshare(place)
            if place in self._idle:
                self._idle_by_key[place.key].pop(place, None)
                del self._idle[place]

    # Looking after connections that nobody asks for.

    def _tidy(self, now: float) -> None:
        """Close connections that nobody will come back for, a few at a time."""
        self._expire(now)
        if not self._to_check:
            self._to_check = len(self._slots)
            self._next_round = now + _LIVENESS_INTERVAL
        checks = min(self._to_check, _LIVENESS_CHECKS)
        self._to_check -= checks
        self._check_next(checks)
        self._tidy_at = now if self._to_check else self._next_round
        if self._keepalive_expiry is not None:
            # What becomes idle from now on is due later than what is idle already.
            oldest = next(iter(self._idle), None)
            due = (now if oldest is None else oldest.idle_since) + self._keepalive_expiry
            self._tidy_at = min(self._tidy_at, due)

    def _check_next(self, count: int) -> bool:
        """Look at the next `count` places, and return whether one of them left the pool."""
        before = len(self._slots)
        for _ in range(min(count, before)):
            place = next(iter(self._slots))
            self._slots.move_to_end(place)
            if place in self._idle:
                self._check_idle(place)
            elif place.established:
                self._check_in_use(place)
        return len(self._slots) < before

    def _check_idle(self, place: Slot[C]) -> None:
        assert place.connection is not None
        try:
            stale = place.connection.has_expired()
        except Exception:
            stale = True
        if stale:
            self._drop(place, Reason.STALE)

    def _check_in_use(self, place: Slot[C]) -> None:
        """Drop a place whose connection was closed under its requests, or whose event loop is gone with them."""
        assert place.connection is not None
        try:
            lost = place.connection.is_closed() or (place.home is not None and place.home.is_closed())
        except Exception:
            lost = True
        if lost:
            self._drop(place, Reason.ENDED, at_once=True)

    def _expire(self, now: float) -> None:
        while self._idle and self._keepalive_expiry is not None:
            place = next(iter(self._idle))
            if now - place.idle_since < self._keepalive_expiry:
                return
            self._drop(place, Reason.EXPIRED)


def _says_closed(connection: C) -> bool:
    try:
        return connection.is_closed()
    except Exception:
        return False


def _remember(table: "OrderedDict[Key, V]", key: Key, value: V) -> None:
    table[key] = value
    if len(table) > _REMEMBERED_ORIGINS:
        table.popitem(last=False)
