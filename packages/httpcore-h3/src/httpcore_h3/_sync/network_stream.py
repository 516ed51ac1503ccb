# Generated from ../_async/network_stream.py by tools/make_sync.py: edit that file, then run it.
"""What is below a response, for those who look at its addresses or at the server's certificate."""

from typing import Any

from httpcore_models import NetworkStream, ReadError, WriteError

from .shared_stream import SharedStream


class QUICStream(NetworkStream):
    """The `network_stream` of a response. It tells about the connection, and carries nothing itself."""

    def __init__(self, shared: SharedStream) -> None:
        self._shared = shared

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Raise `ReadError`: the connection is not a stream of bytes."""
        raise ReadError("A connection over QUIC cannot be read as a stream")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Raise `WriteError`."""
        raise WriteError("A connection over QUIC cannot be written to as a stream")

    def close(self) -> None:
        """Do nothing: the connection is closed by its own `close()`."""

    def get_extra_info(self, info: str) -> Any:
        """Return what the stream of datagrams knows, or `"peer_certificate"`: that of the server, as DER.

        There is no `"ssl_object"`: TLS over QUIC is not that of the `ssl` module.
        """
        if info == "peer_certificate":
            return self._shared.engine.quic.peer_certificate
        return self._shared.network_stream.get_extra_info(info)
