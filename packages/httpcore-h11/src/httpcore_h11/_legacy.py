"""Private attributes of httpcore 1.0 that programs reach for, as views of the state that is kept elsewhere.

`_connection` of a body needs no entry here: it is an attribute of every exchange.
"""

from typing import TYPE_CHECKING, Any

from httpcore_models.lowlevel import AttributeAlias

if TYPE_CHECKING:
    import h11


class LegacyConnection:
    """The private attributes of a connection."""

    _lifecycle: Any

    _network_stream = AttributeAlias("_lifecycle.stream")  # to end a blocked read, or to reach the socket
    _state = AttributeAlias("_lifecycle.state")
    _state_lock = AttributeAlias("_lifecycle.state_lock")
    _request_count = AttributeAlias("_lifecycle.request_count")
    _expire_at = AttributeAlias("_lifecycle.expire_at")
    _keepalive_expiry = AttributeAlias("_lifecycle.keepalive_expiry")

    @property
    def _h11_state(self) -> "h11.Connection | None":
        """h11's connection, for loggers of its states; `None` while the fast parser needs no h11."""
        connection: h11.Connection | None = self._lifecycle.engine.h11_connection
        return connection
