"""Private attributes of httpcore 1.0 that other programs use. They show the current state and hold no copy of it.

Each says who uses it. `_network_stream` of a connection is missing here because the connection itself uses it.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from httpcore_models import lowlevel
from httpcore_models.lowlevel import AttributeAlias

if TYPE_CHECKING:
    from h2.settings import Settings

    from ._engine import Engine


class H2State(NamedTuple):
    """The settings of both sides, and how many streams are open.

    This is not the connection of h2 itself, which knows no streams here: resetting one there would break the
    connection.
    """

    local_settings: "Settings"
    remote_settings: "Settings"
    open_outbound_streams: int


class LegacyConnection:
    """Attributes of a connection."""

    _engine: "Engine"

    # For loggers and debuggers of pools. Tests assign the time at which the connection expires.
    _state = AttributeAlias("_engine.state")
    _request_count = AttributeAlias("_engine.request_count")
    _expire_at = AttributeAlias("_shared.expire_at")
    _keepalive_expiry = AttributeAlias("_shared.keepalive_expiry")

    @property
    def _h2_state(self) -> H2State:
        """The part of h2's connection that is meaningful here, for loggers."""
        control = self._engine.control
        return H2State(control.local_settings, control.remote_settings, self._engine.streams.open_count)


class LegacyBody(lowlevel.LegacyBody):
    """Attributes of the body of a response."""

    _exchange: Any

    @property
    def _connection(self) -> Any:
        """The connection, for programs that break a blocked read (`_stream._connection._network_stream`)."""
        return self._exchange.connection

    @property
    def _request(self) -> Any:
        """The request, for loggers and debuggers."""
        return self._exchange.request

    @property
    def _stream_id(self) -> int:
        """The stream identifier, for loggers of streams."""
        number: int = self._exchange.stream.id
        return number
