"""The state of a pool after a call that was interrupted: an exception from a signal handler may come at any line."""

import itertools
from typing import TYPE_CHECKING

from .slots import C
from .stats import Reason

if TYPE_CHECKING:
    from .state import PoolState


def repair(state: "PoolState[C]") -> None:
    """Make the tables anew from those that tell the truth: `_slots`, `_leasing`, the line, `assigned`, `closing`."""
    _count_leases(state)
    _sort_requests(state)
    _sort_places(state)
    state._due = state._leaving = None
    state._serve_waiting()
    state.broken = False


def _count_leases(state: "PoolState[C]") -> None:
    for place in itertools.chain(state._slots, (request.place for request in state._leasing)):
        if place is not None:
            place.leases = 0
    for request in state._leasing:
        if request.place is not None:
            request.place.leases += 1


def _sort_requests(state: "PoolState[C]") -> None:
    """Let nobody wait who has a place, or was told that the pool is closed. Whoever has got a place is woken again."""
    queue = state._line.queue
    state.assigned += [request for request in queue if request in state._leasing]
    over = set(state.assigned).union(state._leasing)
    for request in over:
        request.waiting = False
    state._line.replace(sorted((request for request in queue if request not in over), key=lambda other: other.number))


def _sort_places(state: "PoolState[C]") -> None:
    was_shared = {place for places in state._shared.values() for place in places}
    places = sorted(state._slots, key=lambda place: place.idle_since)
    state._idle, state._shared = {}, {}
    state._idle_by_key = {place.key: {} for place in places}
    for place in places:
        connection = place.connection
        if not place.pooled or any(connection is closing for closing in state.closing):
            place.pooled = True
            state._drop(place, Reason.ENDED)
        elif place.leases:
            if connection is not None and (place.multiplexed or place in was_shared):
                state._share(place)
        elif place.established and connection is not None and _says_idle(connection):
            state._idle[place] = None
            state._idle_by_key[place.key][place] = None
        else:
            state._drop(place, Reason.ENDED)
    while len(state._idle) > state._max_keepalive:
        state._drop(next(iter(state._idle)), Reason.SURPLUS)


def _says_idle(connection: C) -> bool:
    try:
        return connection.is_idle()
    except Exception:
        return False
