"""Makes the tables of a pool consistent after an interrupted call: a signal handler may raise at any line."""

import itertools

from .request_table import RequestTable
from .slot_table import SlotTable
from .slots import C
from .stats import Reason


def repair(slots: SlotTable[C], requests: RequestTable[C]) -> None:
    """Rebuild all tables from those that are never wrong: `all`, `active`, `waiting`, `to_wake` and `to_close`."""
    _count_leases(slots, requests)
    _repair_queue(requests)
    _sort_slots(slots)
    if slots.shared:
        requests.make_index()


def _count_leases(slots: SlotTable[C], requests: RequestTable[C]) -> None:
    for slot in itertools.chain(slots.all, (request.slot for request in requests.active)):
        if slot is not None:
            slot.leases = 0
    for request in requests.active:
        if request.slot is not None:
            request.slot.leases += 1


def _repair_queue(requests: RequestTable[C]) -> None:
    """Remove the requests that have a slot, which are woken again, and those that the closing of the pool removed."""
    requests.to_wake += [request for request in requests.waiting if request in requests.active]
    served = {*requests.active, *requests.to_wake}
    waiting = (request for request in requests.waiting if request not in served)
    requests.replace_waiting(sorted(waiting, key=lambda request: request.number))


def _sort_slots(slots: SlotTable[C]) -> None:
    was_shared = {slot for shared in slots.shared.values() for slot in shared}
    by_age = sorted(slots.all, key=lambda slot: slot.idle_since)
    slots.idle, slots.shared = {}, {}
    slots.idle_by_key = {slot.key: {} for slot in by_age}
    for slot in by_age:
        connection = slot.connection
        if not slot.pooled or any(connection is other for other in slots.to_close):
            slot.pooled = True
            slots.drop(slot, Reason.ENDED)
        elif slot.leases:
            if connection is not None and (slot.multiplexed or slot in was_shared):
                slots.shared.setdefault(slot.key, {})[slot] = None
        elif slot.established and connection is not None and _says_idle(connection):
            slots.idle[slot] = None
            slots.idle_by_key[slot.key][slot] = None
        else:
            slots.drop(slot, Reason.ENDED)
    slots.drop_surplus()


def _says_idle(connection: C) -> bool:
    try:
        return connection.is_idle()
    except Exception:
        return False
