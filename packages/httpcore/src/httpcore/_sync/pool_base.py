# Generated from ../_async/pool_base.py by tools/make_sync.py: edit that file, then run it.
"""What a pool does besides sending requests: it counts its connections, and closes them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, overload

from httpcore_models import ConnectionInterface, Origin, RequestInterface

from .._pool.stats import PoolStats
from .._pool.stats_by_key import stats_by_key, sum_of
from .shared_state import SharedState

if TYPE_CHECKING:
    from .http3_connection import HTTP3Connections


class PoolBase(RequestInterface):
    """Shows, counts and closes the connections of a pool."""

    #: What makes the connections of a pool that may use HTTP/3.
    _http3: HTTP3Connections | None = None

    def __init__(
        self, max_connections: int | None, max_keepalive_connections: int | None, keepalive_expiry: float | None
    ) -> None:
        self._shared = SharedState(max_connections, max_keepalive_connections, keepalive_expiry)

    @property
    def connections(self) -> list[ConnectionInterface]:
        """The connections in the pool, oldest first, as a new list."""
        self._shared.catch_up()
        return self._shared.state.slots.connections

    @overload
    def stats(self, *, by_origin: Literal[False] = False) -> PoolStats: ...

    @overload
    def stats(self, *, by_origin: Literal[True]) -> dict[str, PoolStats]: ...

    def stats(self, *, by_origin: bool = False) -> PoolStats | dict[str, PoolStats]:
        """Return the current numbers of connections and requests, and totals of connections so far. Cheap.

        `by_origin` returns them for each origin, by its URL, such as `https://example.com:443`: all that have a
        connection or a request now, and the last 1024 of which a connection has left the pool.

        Any thread may call this, whichever thread or event loop uses the pool.
        """
        self._shared.catch_up()
        state = self._shared.state
        if not by_origin:
            with self._shared.lock:
                stats = state.stats()
            return stats if self._http3 is None else stats._replace(http3=self._http3.stats())
        with self._shared.lock:
            figures = stats_by_key(state.slots, state.requests)
        origins: dict[str, PoolStats] = {}
        for key, stats in figures.items():
            # There may be several keys: for connections whose TLS was asked to verify another name.
            origin = str(Origin(*key[:3]))
            origins[origin] = sum_of(origins[origin], stats) if origin in origins else stats
        return origins

    def close_expired(self) -> None:
        """Close the idle connections that have expired or that their servers have closed.

        The pool works without it: each request that comes or goes checks some connections. It is for programs that
        send no requests for a long time and want the sockets closed meanwhile.
        """
        self._shared.step(self._shared.state.close_expired, time.monotonic())
        self._shared.close_pending()

    def close(self) -> None:
        """Close all connections. Requests in flight on them fail, and waiting ones raise `ConnectError`.

        Each connection has a second to close. The pool may be used again.
        """
        self._shared.step(self._shared.close)
        self._shared.close_pending()

    def __repr__(self) -> str:
        stats = self.stats()
        return (
            f"<{type(self).__name__} ["
            f"Requests: {stats.requests_active} active, {stats.requests_queued} queued | "
            f"Connections: {stats.connections_active} active, {stats.connections_idle} idle]>"
        )
