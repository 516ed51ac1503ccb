"""Private attributes of httpcore 1.0 that nothing here needs, but programs reach for. They show the state, no copy.

Each says who needs it. `_network_stream`, `_state`, `_request_count` and `_expire_at` of a connection, and
`_connection` of a body, need no entry: they are used here, too.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from h2.connection import H2Connection

    from ._engine import Engine


class LegacyConnection:
    """What others look for on a connection."""

    _engine: "Engine"

    @property
    def _h2_state(self) -> "H2Connection":
        """h2's connection, for loggers of the settings of both sides. It knows none of the streams."""
        return self._engine._control._h2


class LegacyBody:
    """What others look for on the body of a response: in 1.0, a body of the pool held that of the connection."""

    _exchange: Any

    @property
    def _stream(self) -> "LegacyBody":
        """The connection's body, for those that break a blocked read (`_stream._connection._network_stream`)."""
        return self

    @property
    def _pool(self) -> Any:
        """The pool, for debuggers of leaks; `None` without one, or once the body is closed."""
        return getattr(getattr(self, "lease", None), "pool", None)

    @property
    def _pool_request(self) -> Any:
        """What stands for the request in the pool, for the same."""
        return getattr(getattr(self, "lease", None), "waiting", None)

    @property
    def _request(self) -> Any:
        """The request, for the same."""
        return self._exchange.request

    @property
    def _stream_id(self) -> int:
        """The number of the stream, for loggers of streams."""
        number: int = self._exchange.stream.id
        return number
