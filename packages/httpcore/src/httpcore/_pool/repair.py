"""The state of a pool after a call that was interrupted: an exception from a signal handler may come at any line."""

import itertools
from typing import TYPE_CHECKING

from .slots import C
from .stats import Reason

if TYPE_CHECKING:
    from .state import PoolState


def repair(state: "PoolState[C]") -> None:
    """Make the tables anew from those that tell the truth: `_slots`, `_leasing`, the line, `to_wake`, `to_close`."""
    _count_leases(state)
    _sort_requests(state)
    _sort_slots(state)
    state._next_due = state._draining = None
    state._serve_waiting()
    state.broken = False


def _count_leases(state: "PoolState[C]") -> None:
    for slot in itertools.chain(state._slots, (request.slot for request in state._leasing)):
        if slot is not None:
            slot.leases = 0
    for request in state._leasing:
        if request.slot is not None:
            request.slot.leases += 1


def _sort_requests(state: "PoolState[C]") -> None:
    """Let nobody wait who has a slot, or was told that the pool is closed. Whoever has got a slot is woken again."""
    queue = state._queue.requests
    state.to_wake += [request for request in queue if request in state._leasing]
    over = set(state.to_wake).union(state._leasing)
    for request in over:
        request.waiting = False
    state._queue.replace(sorted((request for request in queue if request not in over), key=lambda other: other.number))


def _sort_slots(state: "PoolState[C]") -> None:
    was_shared = {slot for slots in state._shared.values() for slot in slots}
    slots = sorted(state._slots, key=lambda slot: slot.idle_since)
    state._idle, state._shared = {}, {}
    state._idle_by_key = {slot.key: {} for slot in slots}
    for slot in slots:
        connection = slot.connection
        if not slot.pooled or any(connection is closing for closing in state.to_close):
            slot.pooled = True
            state._drop(slot, Reason.ENDED)
        elif slot.leases:
            if connection is not None and (slot.multiplexed or slot in was_shared):
                state._share(slot)
        elif slot.established and connection is not None and _says_idle(connection):
            state._idle[slot] = None
            state._idle_by_key[slot.key][slot] = None
        else:
            state._drop(slot, Reason.ENDED)
    while len(state._idle) > state._max_keepalive:
        state._drop(next(iter(state._idle)), Reason.SURPLUS)


def _says_idle(connection: C) -> bool:
    try:
        return connection.is_idle()
    except Exception:
        return False
