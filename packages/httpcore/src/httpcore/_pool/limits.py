"""The limits of a pool while it is in use: what they are, and what follows when they change."""

import sys
from typing import TYPE_CHECKING

from .slots import C
from .stats import Reason

if TYPE_CHECKING:
    from .state import PoolState


def limits(state: "PoolState[C]") -> tuple[int, int, float | None]:
    """Return the arguments that make another state with the same limits."""
    return state._max_connections, state._max_keepalive, state._keepalive_expiry


def set_limits(
    state: "PoolState[C]",
    max_connections: int | None,
    max_keepalive: int | None,
    keepalive_expiry: float | None,
) -> None:
    """Change the limits; see `PoolState`. Idle connections above them leave the pool, those in use once they are done.

    Whoever waits gets a slot if there are more of them now.
    """
    state._max_connections = sys.maxsize if max_connections is None else max_connections
    state._max_keepalive = sys.maxsize if max_keepalive is None else max_keepalive
    state._keepalive_expiry = keepalive_expiry
    state._prune_at = 0.0
    while len(state._slots) > state._max_connections and state._evict():
        pass
    if len(state._slots) > state._max_connections:
        # Those in use will be idle one day.
        state._max_keepalive = min(state._max_keepalive, state._max_connections)
    while len(state._idle) > state._max_keepalive:
        state._drop(next(iter(state._idle)), Reason.SURPLUS)
    state._serve_waiting()
