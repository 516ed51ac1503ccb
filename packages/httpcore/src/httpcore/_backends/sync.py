"""Alias of 1.0's module path: the backend for threads is in `httpcore_models.network`."""

import socket
import ssl
from typing import Any

from httpcore_models.network import NetworkStream, TLSStream
from httpcore_models.network import SyncBackend as SyncBackend
from httpcore_models.network import SyncStream as SyncStream

from .._lazy import legacy_name


class TLSinTLSStream(NetworkStream):
    """TLS inside the TLS of `sock`, for backends of programs. Instances are of the class `TLSStream`."""

    def __new__(  # type: ignore[misc]
        cls,
        sock: socket.socket,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        """Do the handshake; see `NetworkStream.start_tls()`."""
        return TLSStream.handshake(SyncStream(sock), ssl_context, server_hostname, timeout)


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
