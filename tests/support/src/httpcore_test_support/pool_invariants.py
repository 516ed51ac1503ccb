"""The invariants of a pool's state as a function, and a model connection to fill a pool."""

from __future__ import annotations

import sys
import weakref
from collections import Counter
from collections.abc import Mapping
from typing import Any

from httpcore._pool.slot_table import _REMEMBERED_ORIGINS
from httpcore._pool.slots import Key, PoolRequest, Slot
from httpcore._pool.state import PoolState

__all__ = ["CheckedPoolState", "ModelConnection", "check_invariants"]


class ModelConnection:
    """A connection that carries up to `streams` requests at a time, and may be shared before it is connected.

    Unless `counted`, it does not say how many requests it can carry. `asked` counts the pool's questions.
    """

    def __init__(self, streams: int = 1, *, may_share: bool | None = None, counted: bool = True) -> None:
        self.streams = streams
        self.counted = counted
        self.may_share = streams > 1 if may_share is None else may_share
        self.connected = False
        self.in_use = 0
        self.closed = False
        self.expired = False
        self.stream_limit: int | None = None
        self.asked: Counter[str] = Counter()

    @property
    def request_capacity(self) -> int:
        """How many requests it can carry, where that is known."""
        return self.streams if self.connected and self.counted else sys.maxsize

    def take(self) -> bool:
        """Start a request, connecting if it is the first; return false if the connection cannot take it."""
        if self.closed or self.in_use >= self.streams:
            return False
        self.connected = True
        self.in_use += 1
        return True

    def end(self, *, keep: bool = True) -> None:
        """End a request; without `keep` this was the connection's last one."""
        self.in_use -= 1
        self.closed = self.closed or not keep

    def is_available(self) -> bool:
        """Whether another request may be sent."""
        self.asked["is_available"] += 1
        if self.closed:
            return False
        return self.in_use < self.streams if self.connected else self.may_share

    def has_expired(self) -> bool:
        """Whether the server has closed the idle connection."""
        self.asked["has_expired"] += 1
        return self.expired

    def is_idle(self) -> bool:
        """Whether the connection is established and carries nothing."""
        self.asked["is_idle"] += 1
        return self.connected and not self.closed and not self.in_use

    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        self.asked["is_closed"] += 1
        return self.closed


class CheckedPoolState(PoolState[ModelConnection]):
    """A pool's state that is checked after every step."""

    @property
    def connections(self) -> list[ModelConnection]:
        """The connections in the pool, oldest first."""
        return self.slots.connections

    @property
    def connections_active(self) -> int:
        """How many slots are in use."""
        return self.stats().connections_active

    @property
    def connections_idle(self) -> int:
        """How many slots are idle."""
        return self.stats().connections_idle

    @property
    def requests_active(self) -> int:
        """How many requests lease a slot."""
        return self.stats().requests_active

    @property
    def requests_queued(self) -> int:
        """How many requests wait."""
        return self.stats().requests_queued

    def is_waiting(self, request: PoolRequest[ModelConnection]) -> bool:
        """Whether a request waits."""
        return request in self.requests.waiting

    def submit(self, request: PoolRequest[ModelConnection], now: float) -> bool:
        """See `PoolState.submit()`."""
        served = super().submit(request, now)
        check_invariants(self)
        assert served == (request.slot is not None)
        return served

    def opened(self, slot: Slot[ModelConnection], connection: ModelConnection) -> None:
        """See `PoolState.opened()`."""
        super().opened(slot, connection)
        check_invariants(self)

    def established(self, slot: Slot[ModelConnection], multiplexed: bool = False) -> None:
        """See `PoolState.established()`."""
        super().established(slot, multiplexed)
        check_invariants(self)

    def changed(self, slot: Slot[ModelConnection]) -> None:
        """See `PoolState.changed()`."""
        super().changed(slot)
        check_invariants(self)

    def requeue(self, request: PoolRequest[ModelConnection]) -> None:
        """See `PoolState.requeue()`."""
        super().requeue(request)
        check_invariants(self)

    def release(self, request: PoolRequest[ModelConnection], now: float) -> None:
        """See `PoolState.release()`."""
        super().release(request, now)
        check_invariants(self)

    def close(self) -> None:
        """See `PoolState.close()`."""
        super().close()
        check_invariants(self)

    def close_expired(self, now: float) -> None:
        """See `PoolState.close_expired()`."""
        super().close_expired(now)
        check_invariants(self)


# The most slots that each state was seen with.
_most_slots: weakref.WeakKeyDictionary[PoolState[Any], int] = weakref.WeakKeyDictionary()


def check_invariants(state: PoolState[Any]) -> None:
    """Fail with an `AssertionError` if something that always holds between two calls does not."""
    _check_limits(state)
    _check_slots(state)
    _check_idle_order(state)
    _check_queues(state)
    if state.requests.waiting:
        _check_nothing_is_withheld(state)


def _check_limits(state: PoolState[Any]) -> None:
    assert len(state.slots.all) <= state.slots.limits.max_connections
    assert len(state.slots.idle) <= state.slots.limits.max_keepalive
    assert len(state.slots.http1_origins) <= _REMEMBERED_ORIGINS
    assert len(state.slots.stream_limits) <= _REMEMBERED_ORIGINS


def _check_slots(state: PoolState[Any]) -> None:
    for slot in state.slots.all:
        assert slot.pooled
        assert slot.leases >= 0
        assert (slot in state.slots.idle) == (not slot.leases), "idle slots have no leases, all others have some"
    _check_index(state, state.slots.idle_by_key)
    _check_index(state, state.slots.shared)
    assert all(state.slots.shared.values()), "an origin without slots stays in the index"
    assert all(slot.key in state.slots.idle_by_key for slot in state.slots.all)
    # An unlimited pool forgets origins as well: what counts is how many slots there were at most.
    most = _most_slots[state] = max(_most_slots.get(state, 0), len(state.slots.all))
    assert len(state.slots.idle_by_key) <= 2 * most + 17, "origins without slots are not forgotten"
    assert {slot for slots in state.slots.idle_by_key.values() for slot in slots} == set(state.slots.idle)
    assert all(slot.leases for slots in state.slots.shared.values() for slot in slots), "idle slots are not shared"
    leases = sum(slot.leases for slot in state.slots.all)
    # Slots that left the pool may still be leased.
    assert leases <= len(state.requests.active)
    stats = state.stats()
    assert stats.connections_active + stats.connections_idle == len(state.slots.all)
    assert stats.opened - sum(stats.closed.values()) == len(state.slots.all)


def _check_index(state: PoolState[Any], index: Mapping[Key, Mapping[Slot[Any], None]]) -> None:
    for key, slots in index.items():
        assert all(slot.key == key and slot in state.slots.all for slot in slots)
        assert all(slot.connection is not None for slot in slots)


def _check_idle_order(state: PoolState[Any]) -> None:
    for slots in (state.slots.idle, *state.slots.idle_by_key.values()):
        times = [slot.idle_since for slot in slots]
        assert times == sorted(times)


def _check_queues(state: PoolState[Any]) -> None:
    index = state.requests.index
    by_key = index.queues if index is not None else {}
    for queue in (state.requests.waiting, *by_key.values()):
        assert all(request.slot is None for request in queue)
        assert [request.number for request in queue] == sorted(request.number for request in queue)
    for key, queue in by_key.items():
        assert queue, "an origin without waiting requests stays in the index"
        assert all(request.key == key for request in queue)
    if by_key or state.slots.shared:
        assert index is not None, "there is no index for a shared connection"
        assert {request for queue in by_key.values() for request in queue} == set(state.requests.waiting)


def _check_nothing_is_withheld(state: PoolState[Any]) -> None:
    assert not state.slots.idle, "a request waits beside an idle slot"
    assert len(state.slots.all) == state.slots.limits.max_connections, "a request waits although a slot may be opened"
    for key, queue in (state.requests.index.queues if state.requests.index is not None else {}).items():
        # One that is repeated waits for slots opened after the one that it failed on.
        after = min(request.failed_on or 0 for request in queue)
        for slot in state.slots.shared.get(key, ()):
            if slot.number <= after or slot is state._shared.draining:
                continue
            assert slot.connection is not None
            room = slot.connection.is_available() and slot.leases < slot.connection.request_capacity
            assert not room, "a request waits beside a connection with room"
