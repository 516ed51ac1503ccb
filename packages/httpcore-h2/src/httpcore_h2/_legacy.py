"""Private attributes of httpcore 1.0 that nothing here needs, but programs reach for. They show the state, no copy.

Each says who needs it. `_network_stream` and `_expire_at` of a connection need no entry: they are used here too.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from httpcore_models import lowlevel

from ._states import State

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
    def _state(self) -> State:
        """The state of the connection, for loggers and debuggers of pools."""
        return self._engine.state

    @property
    def _request_count(self) -> int:
        """How many requests the connection has taken, for the same."""
        return self._engine.request_count

    @property
    def _h2_state(self) -> H2State:
        """What of h2's connection has a meaning here, for loggers."""
        control = self._engine.control
        return H2State(control.local_settings, control.remote_settings, self._engine.streams.open_count)


class LegacyBody(lowlevel.LegacyBody):
    """What others look for on the body of a response."""

    _exchange: Any

    @property
    def _connection(self) -> Any:
        """The connection, for those that break a blocked read (`_stream._connection._network_stream`)."""
        return self._exchange.connection

    @property
    def _request(self) -> Any:
        """The request, for the same."""
        return self._exchange.request

    @property
    def _stream_id(self) -> int:
        """The number of the stream, for loggers of streams."""
        number: int = self._exchange.stream.id
        return number
