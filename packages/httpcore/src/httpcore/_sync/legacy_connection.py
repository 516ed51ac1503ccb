# Generated from ../_async/legacy_connection.py by tools/make_sync.py: edit that file, then run it.
"""Private names of 1.0's connections to origins that published programs use."""

from typing import Any

from httpcore_models import ConnectionInterface
from httpcore_models.concurrency import Lock
from httpcore_models.lowlevel import AttributeAlias

from .._option_alias import NonDataProperty, OptionAlias


class LegacyConnection:
    """Names that nothing here needs. They show the state of the connection and hold no copy of it."""

    _established: ConnectionInterface | None

    # Subclasses that connect by themselves read these. Programs that forbid some hosts replace the backend.
    _network_backend = AttributeAlias("_direct.backend")
    _local_address = AttributeAlias("_direct.local_address")
    _uds = AttributeAlias("_direct.uds")
    _socket_options = AttributeAlias("_direct.socket_options")
    _ssl_context = OptionAlias()
    _keepalive_expiry = OptionAlias()
    _http1 = OptionAlias()
    _http2 = OptionAlias()
    _retries = OptionAlias()

    def _adopt(self, connection: ConnectionInterface | None) -> None: ...

    def _use_replaced_connect(self) -> None:
        """Called when a program has replaced `_connect()`, before a stream is opened."""

    @property
    def _connection(self) -> ConnectionInterface | None:
        """The HTTP/1.1 or HTTP/2 connection. hermes-agent and others end a read through its `_network_stream`."""
        return self._established

    @_connection.setter
    def _connection(self, value: ConnectionInterface | None) -> None:
        # Subclasses that replace `handle_request()` assign it.
        self._adopt(value)

    @_connection.deleter
    def _connection(self) -> None:
        # For `mock.patch.object()`, which deletes what it has set before it assigns the former value.
        del self._established

    @NonDataProperty
    def _request_lock(self) -> Any:
        """A lock that subclasses hold while they open the connection themselves."""
        return self.__dict__.setdefault("_lock", Lock())  # the same one for all threads
