"""Private attributes of httpcore 1.0 that programs reach for, as views of the state that is kept elsewhere.

`_connection` of a body needs no entry here: it is an attribute of every exchange.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import h11


def _of_lifecycle(name: str) -> Any:
    """A property of the connection that is an attribute of its lifecycle.

    It can be deleted, since `mock.patch.object()` deletes what it has replaced before it assigns the original.
    """

    def get(connection: Any) -> Any:
        return getattr(connection._lifecycle, name)  # noqa: SLF001 - a subclass has it, see below

    def set(connection: Any, value: Any) -> None:
        setattr(connection._lifecycle, name, value)  # noqa: SLF001

    def delete(connection: Any) -> None:
        delattr(connection._lifecycle, name)  # noqa: SLF001

    return property(get, set, delete)


class LegacyConnection:
    """The private attributes of a connection."""

    _lifecycle: Any

    _network_stream = _of_lifecycle("stream")  # to end a blocked read, or to reach the socket
    _state = _of_lifecycle("state")
    _state_lock = _of_lifecycle("state_lock")
    _request_count = _of_lifecycle("request_count")
    _expire_at = _of_lifecycle("expire_at")
    _keepalive_expiry = _of_lifecycle("keepalive_expiry")

    @property
    def _h11_state(self) -> "h11.Connection | None":
        """h11's connection, for loggers of its states; `None` while the fast parser needs no h11."""
        connection: h11.Connection | None = self._lifecycle.engine.h11_connection
        return connection
