# Generated from ../_async/interface.py by tools/make_sync.py: edit that file, then run it.
"""The network seam: what the library asks of a byte stream and of what opens one.

Users replace these to reach the network in their own way. `typing.Any` arguments aside, a replacement needs nothing
but the methods below, and may leave out what its protocol does not use.
"""

import ssl
import typing
from collections.abc import Iterable

from .._default_sleep import sleep
from .._socket_options import SOCKET_OPTION


class NetworkStream:
    """A two-way stream of bytes: a socket, TLS on top of one, a tunnel.

    A read that times out or is interrupted has taken nothing. After any other exception, and after a write that was
    interrupted unless `"keeps_unsent"` is true, the stream is in an undefined state: the caller closes it. One thread
    may read while another writes; no two may do the same at a time.

    Closing the stream, by whomever, makes those who wait fail: a read that begins or goes on after it raises
    `ReadError`, never returns bytes or `b""`, and a write raises `WriteError`.

    A stream may also have some of these methods; whoever uses one looks whether it is there. The first two are called
    only where `read()` and `write()` are of the same class, and not of a subclass or wrapper that may do more.

    * `receive_nowait(max_bytes) -> bytes | None` returns what a read would return at once, `b""` at the end of stream,
      and `None` if a read would wait. It never blocks, in sync code neither. Raises `ReadError`.
    * `write_until_readable(buffer, timeout) -> int`, called in async code, writes as `write()` does, but returns early
      once something may be read. It returns how many bytes of `buffer` were taken: all of them, or fewer, maybe none,
      when there is something to be read first. What was taken but not sent yet, such as encrypted records, is sent
      before all else. It may turn out that what there is to be read is no data, but a message of TLS itself;
      `receive_nowait()` then returns `None`, and the caller goes on writing. Raises `WriteTimeout` or `WriteError`.
    * `abort() -> None`, in async code not called either, closes the stream at once, without waiting. It may be called
      in a finaliser, from any thread, with or without a running event loop. Whoever reads or writes then fails with
      `ReadError` or `WriteError`. Doing it twice, or after closing, does nothing.
    """

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return at least one and at most `max_bytes` bytes as soon as there are any, or `b""` at the end of stream.

        `timeout` is how long in seconds the whole call may take; infinity is no limit. Raises `ReadTimeout` or
        `ReadError`.
        """
        raise NotImplementedError

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`, an object with the buffer protocol; its bytes count, not its items.

        `timeout` is how long in seconds the whole call may take; infinity is no limit. Raises `WriteTimeout` or
        `WriteError`; how much was written is then unknown.
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
        handshake. Raises `ConnectTimeout` or `ConnectError`, the latter also if bytes that are not TLS were received
        and not read, which would be lost, and `ValueError` without a name where the context checks names; this stream
        is then closed.
        """
        raise NotImplementedError

    def get_extra_info(self, info: str) -> typing.Any:
        """Return what is known under the key `info`, or `None`.

        * `"ssl_object"`: the `ssl.SSLObject` of an encrypted stream, or what does the same within an `ssl.SSLSocket`.
        * `"client_addr"`, `"server_addr"`: the socket addresses of both ends, as `getsockname()` gives them.
        * `"socket"`: the `socket.socket` underneath.
        * `"is_readable"`: whether a read would return at once. On an idle connection that means it was closed, or
          that the server broke the protocol.
        * `"keeps_unsent"`: whether what a write did not send, because it timed out or was interrupted, is sent before
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
        `ConnectTimeout` or `ConnectError`. On failure and interruption nothing stays open.
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
        """Wait for `seconds`; called between attempts to connect."""
        sleep(seconds)
