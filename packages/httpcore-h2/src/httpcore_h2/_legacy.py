"""Private attributes of httpcore 1.0 that nothing here needs, but programs reach for. They show the state, no copy.

Each says who needs it. `_network_stream`, `_state`, `_request_count` and `_expire_at` of a connection, and
`_connection` of a body, need no entry: they are used here, too.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from httpcore_models import lowlevel

if TYPE_CHECKING:
    from h2.settings import Settings

    from ._engine import Engine


class H2State(NamedTuple):
    """The settings of both sides, and how many streams are open.

    Not the connection of h2 itself. It knows no streams here: to have it reset one would break the connection.
    """

    local_settings: "Settings"
    remote_settings: "Settings"
    open_outbound_streams: int


class LegacyConnection:
    """What others look for on a connection."""

    _engine: "Engine"

    @property
    def _h2_state(self) -> H2State:
        """What of h2's connection has a meaning here, for loggers."""
        engine = self._engine
        h2 = engine._control._h2
        return H2State(h2.local_settings, h2.remote_settings, engine.open_streams)


class LegacyBody(lowlevel.LegacyBody):
    """What others look for on the body of a response."""

    _exchange: Any

    @property
    def _request(self) -> Any:
        """The request, for the same."""
        return self._exchange.request

    @property
    def _stream_id(self) -> int:
        """The number of the stream, for loggers of streams."""
        number: int = self._exchange.stream.id
        return number
