"""Private attributes of httpcore 1.0 that nothing here needs, but programs reach for. They show the state, no copy.

Each says who needs it. `_network_stream`, `_state`, `_request_count` and `_expire_at` of a connection, and
`_connection` of a body, need no entry: they are used here, too.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h11

    from ._engine import Engine


class LegacyConnection:
    """What others look for on a connection."""

    _engine: "Engine"

    @property
    def _h11_state(self) -> "h11.Connection | None":
        """h11's connection, for loggers of its states; `None` while the fast parser has no need of h11."""
        fallback = self._engine._receiver or self._engine._sender
        return None if fallback is None else fallback._h11
