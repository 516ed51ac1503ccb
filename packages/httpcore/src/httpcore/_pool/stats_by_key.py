"""The statistics of a pool, for each origin."""

from collections import Counter

from .request_table import RequestTable
from .slot_table import SlotTable
from .slots import C, Key
from .stats import PoolStats, Reason


def stats_by_key(slots: SlotTable[C], requests: RequestTable[C]) -> dict[Key, PoolStats]:
    """Count the slots and requests of each key, from all tables."""
    figures: dict[Key, Counter[str]] = {}
    for slot in slots.all:
        counts = figures.setdefault(slot.key, Counter())
        counts["connections_idle" if slot in slots.idle else "connections_active"] += 1
        counts["reused"] += slot.reused
    for name, table in (("requests_active", requests.active), ("requests_queued", requests.waiting)):
        for request in table:
            figures.setdefault(request.key, Counter())[name] += 1
    return {
        key: _stats(figures.get(key, Counter()), *slots.left.get(key, (Counter(), 0))) for key in figures | slots.left
    }


def _stats(now: Counter[str], closed: Counter[str], reused: int) -> PoolStats:
    return PoolStats(
        connections_active=now["connections_active"],
        connections_idle=now["connections_idle"],
        requests_active=now["requests_active"],
        requests_queued=now["requests_queued"],
        opened=now["connections_active"] + now["connections_idle"] + sum(closed.values()),
        reused=now["reused"] + reused,
        closed={reason.value: closed[reason.value] for reason in Reason},
    )


def sum_of(first: PoolStats, second: PoolStats) -> PoolStats:
    """Add up the figures of two keys of one origin."""
    names = [name for name in PoolStats._fields if name not in ("closed", "http3")]
    figures = {name: getattr(first, name) + getattr(second, name) for name in names}
    closed = {reason: count + second.closed[reason] for reason, count in first.closed.items()}
    return PoolStats(**figures, closed=closed)
