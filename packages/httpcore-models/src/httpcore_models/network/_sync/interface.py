# Generated from ../_async/interface.py by tools/make_sync.py: edit that file, then run it.
"""The network seam: what the library asks of a byte stream and of what opens one.

Users replace these to reach the network in their own way. `typing.Any` arguments aside, a replacement needs nothing
but the methods below, and may leave out what its protocol does not use.
"""

import ssl
import typing
from collections.abc import Iterable

from .._options import SOCKET_OPTION


class NetworkStream:
    """A two-way stream of bytes: a socket, TLS on top of one, a tunnel.

    A read that times out or is cancelled has taken nothing. After any other exception, and after a write that was
    interrupted unless `"keeps_unsent"` is true, the stream is in an undefined state: the caller closes it. One task
    may read while another writes; no two may do the same at a time.

    A stream may also have `receive_nowait(max_bytes)`, which returns what a read would return at once, and `None` if
    the read would wait.
    """

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return at least one and at most `max_bytes` bytes as soon as there are any, or `b""` at the end of stream.

        `timeout` is in seconds. Raises `ReadTimeout` or `ReadError`.
        """
        raise NotImplementedError

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`.

        `timeout` is how long in seconds the peer may accept nothing. Raises `WriteTimeout` or `WriteError`; how much
        was written is then unknown.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the stream and release what it holds, without waiting for the peer. Closing twice does nothing."""
        raise NotImplementedError

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "NetworkStream":
        """Do a TLS handshake and return the encrypted stream, which takes this one over.

        `server_hostname` is sent as SNI and checked against the certificate; `timeout` in seconds bounds the whole
        handshake. Raises `ConnectTimeout` or `ConnectError`; this stream is then closed.
        """
        raise NotImplementedError

    def get_extra_info(self, info: str) -> typing.Any:
        """Return what is known under the key `info`, or `None`.

        * `"ssl_object"`: the `ssl.SSLObject` or `ssl.SSLSocket` of an encrypted stream.
        * `"client_addr"`, `"server_addr"`: the socket addresses of both ends, as `getsockname()` gives them.
        * `"socket"`: the `socket.socket` underneath.
        * `"is_readable"`: whether a read would return at once. On an idle connection that means it was closed, or
          that the server broke the protocol.
        * `"keeps_unsent"`: whether what a write did not send, because it timed out or was cancelled, is sent before
          what is written next.
        """
        return None


class NetworkBackend:
    """Opens network streams."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to `host`, a name or an IP address, and `port`.

        `timeout` in seconds bounds the whole, name resolution included where it can be interrupted.
        `local_address` is the address to connect from; `socket_options` are set before connecting. Raises
        `ConnectTimeout` or `ConnectError`. On failure and cancellation nothing stays open.
        """
        raise NotImplementedError

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to the Unix domain socket at `path`; otherwise as `connect_tcp()`."""
        raise NotImplementedError

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        raise NotImplementedError
