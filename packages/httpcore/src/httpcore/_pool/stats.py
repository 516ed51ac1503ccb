"""What a pool tells about itself."""

import enum
from typing import NamedTuple


class Reason(enum.Enum):
    """Why a connection left the pool."""

    ENDED = "ended"
    """Its last request closed it: with an error, by cancellation, or because either side wanted it closed."""

    EXPIRED = "expired"
    """It was idle for longer than `keepalive_expiry`."""

    STALE = "stale"
    """It said so itself while idle, mostly because the server had closed it."""

    SURPLUS = "surplus"
    """More connections were idle than `max_keepalive_connections`."""

    EVICTED = "evicted"
    """It was idle, and made room for a connection to another origin."""

    POOL_CLOSED = "pool closed"
    """The pool was closed."""


class PoolStats(NamedTuple):
    """What a pool holds at the moment, and what it has done so far."""

    connections_active: int
    """Connections in use, or being opened."""

    connections_idle: int
    """Connections kept for later requests."""

    requests_active: int
    """Requests that have a connection: those of which the response is not closed yet."""

    requests_queued: int
    """Requests that wait for a connection."""

    opened: int
    """Connections opened so far."""

    reused: int
    """Requests so far that were given a connection that was there already."""

    closed: dict[str, int]
    """Connections that left the pool so far, by reason: the values of `Reason`."""
