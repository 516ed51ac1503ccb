"""The statistics of a pool."""

import enum
from typing import NamedTuple


class Reason(enum.Enum):
    """Why a connection left the pool."""

    ENDED = "ended"
    """Its last request failed, was cancelled, or was the last one that the client or the server allowed."""

    EXPIRED = "expired"
    """It was idle for longer than `keepalive_expiry`."""

    STALE = "stale"
    """It could not be reused: the server closed it while it was idle, as a rule."""

    SURPLUS = "surplus"
    """More connections were idle than `max_keepalive_connections`."""

    EVICTED = "evicted"
    """It was idle, and was closed to make room for a connection to another origin."""

    POOL_CLOSED = "pool closed"
    """The pool was closed."""


class PoolStats(NamedTuple):
    """What a pool holds now, and what it has done so far."""

    connections_active: int
    """Connections that are in use or being opened."""

    connections_idle: int
    """Connections that are kept for later requests."""

    requests_active: int
    """Requests that have a connection. They have it until their response is closed."""

    requests_queued: int
    """Requests that wait for a connection."""

    opened: int
    """How many connections have been opened."""

    reused: int
    """How many requests have got a connection that existed before."""

    closed: dict[str, int]
    """How many connections have left the pool, by reason: the values of `Reason`."""

    http3: dict[str, int] | None = None
    """`None` unless the pool may use HTTP/3, and in the figures of one origin. How many connections were `opened` over
    HTTP/3, how many over TCP because HTTP/3 failed (`fell_back`), and with how many origins it is `broken`, so that it
    is not tried."""
