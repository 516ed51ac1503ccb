"""The network for threads."""

import time
from collections.abc import Iterable

from ..._arguments import enforce_port
from .._connecting.connect_sync import open_tcp_socket, open_unix_socket
from .._error_texts import peer_name
from .._socket_options import SOCKET_OPTION
from .._streams.sync_plain import PlainSocketStream as PlainSocketStream
from .._streams.sync_stream import SyncStream as SyncStream
from .._streams.sync_tls import TLSSocketStream as TLSSocketStream
from .._sync.interface import NetworkBackend, NetworkStream


class SyncBackend(NetworkBackend):
    """Connects with the standard library's sockets, or with those that a program has put in their place."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to the first of the host's addresses that answers. A slow resolver is not interrupted."""
        enforce_port(host, port)
        return SyncStream(open_tcp_socket(host, port, timeout, local_address, socket_options), peer_name(host, port))

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to a Unix domain socket."""
        return SyncStream(open_unix_socket(path, timeout, socket_options), path)

    def sleep(self, seconds: float) -> None:
        """Block this thread for `seconds`."""
        time.sleep(seconds)
