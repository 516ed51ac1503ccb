"""What a connection to an origin tells about itself."""

import sys
from collections.abc import Callable
from typing import Any

from httpcore_models import ConnectionInfo, Origin, Request
from httpcore_models.lowlevel import connection_info_of, next_connection_id

from ._reports import report
from ._ssl import TLS_SCHEMES


class ConnectionFacts:
    """The facts about a connection to an origin, and who is told that it was opened.

    Subclasses of programs may have attributes of their own with the same public names. Nothing depends on these.
    """

    _origin: Origin
    _established: Any

    #: The proxies on the way, nearest first, without credentials.
    proxies: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._connection_number: int = next_connection_id()
        self._on_opened: Callable[[ConnectionInfo], None] | None = None

    def report_opening_to(self, callback: Callable[[ConnectionInfo], None]) -> None:
        """Call `callback`, which is the pool's, when the connection has been opened."""
        self._on_opened = callback

    @property
    def connection_id(self) -> int:
        """The `id` that its `ConnectionInfo` has once it is open."""
        return self._connection_number

    @property
    def connection_info(self) -> ConnectionInfo | None:
        """What is known about the connection, `None` until it is open. Responses have it as extension `connection`."""
        info = getattr(self._established, "connection_info", None)
        return info if isinstance(info, ConnectionInfo) else None

    @property
    def close_reason(self) -> str | None:
        """Why the connection takes no further request: one of the reasons of `ConnectionEvent`, if it is known."""
        reason = getattr(self._established, "close_reason", None)
        return reason if isinstance(reason, str) else None

    @property
    def stream_limit(self) -> int | None:
        """How many concurrent requests an HTTP/2 server allows, `None` until its SETTINGS have arrived."""
        limit: int | None = getattr(self._established, "stream_limit", None)
        return limit

    @property
    def request_capacity(self) -> int:
        """How many requests the connection can carry at a time, as far as is known, including those in flight."""
        capacity: int = getattr(self._established, "request_capacity", sys.maxsize)
        return capacity

    @property
    def _served_origin(self) -> Origin:
        """The origin that requests are for."""
        return self._origin

    def _describe(self, stream: Any, http_version: str) -> ConnectionInfo:
        origin = self._served_origin
        has_tls = origin.scheme in TLS_SCHEMES  # otherwise the TLS of the stream is that of a proxy
        return connection_info_of(
            stream,
            origin,
            http_version,
            connection_id=self._connection_number,
            proxies=self.proxies if isinstance(self.proxies, tuple) else (),
            has_tls=has_tls,
        )

    def _report_opened(self, request: Request) -> None:
        """Tell the pool and the request that the connection has been opened for this request."""
        info = self.connection_info
        if info is None:
            return
        if self._on_opened is not None:
            self._on_opened(info)
        if "observe" in request.extensions:
            report(request, "connection.opened", {"connection": info})


def connection_id_of(connection: object) -> int:
    """Return the number of a connection. One of a user's own class has that of what it wraps, or a new one."""
    if isinstance(connection, ConnectionFacts):
        number: int = ConnectionFacts.connection_id.__get__(connection)  # not a subclass's attribute of this name
        return number
    found = getattr(connection, "connection_id", None)
    return found if isinstance(found, int) else next_connection_id()
