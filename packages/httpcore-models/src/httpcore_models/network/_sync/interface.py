# Generated from ../_async/interface.py by tools/make_sync.py: edit that file, then run it.
"""The interfaces of the network: a byte stream, and the backend that opens one.

Users replace these to reach the network in their own way. A replacement needs the methods below and nothing else, and
may leave out those that its protocol does not use.
"""

import ssl
import typing
from collections.abc import Iterable

from .._default_sleep import sleep
from .._socket_options import SOCKET_OPTION


class NetworkStream:
    """A two-way stream of bytes: a socket, TLS on top of one, a tunnel.

    A read that times out or is interrupted has taken nothing. A write that times out or is interrupted may have sent a
    part; the stream can then only be used further if `"keeps_unsent"` is true. After any other exception the state of
    the stream is undefined, and the caller closes it.

    One thread may read while another one writes, but two threads must not read, or write, at the same time.

    Once the stream is closed, from wherever, a read raises `ReadError` and never returns bytes or `b""`, and a write
    raises `WriteError`. This includes reads and writes that are in progress.

    A stream may also have the following methods. Callers check whether it does. They call the first two only if the
    class that defines them also defines `read()` and `write()`: a subclass or wrapper may do more in these.

    * `receive_nowait(max_bytes) -> bytes | None` returns what a read would return at once, `b""` at the end of stream,
      or `None` if a read would wait. It never blocks, not even in sync code. Raises `ReadError`.
    * `write_until_readable(buffer, timeout) -> int | None`, a coroutine in async code, writes as `write()` does, but
      returns early once something may be read. It returns `None` if everything was sent, and otherwise how many bytes
      of `buffer` were taken: none, some, or even all. Bytes that were taken but not sent, such as encrypted records,
      are sent before anything else by the next write, be it one of `b""`. What can be read may turn out to be a message
      of TLS itself and no data. In that case `receive_nowait()` returns `None`, and the caller goes on writing. Raises
      `WriteTimeout` or `WriteError`.
    * `abort() -> None`, a plain function even in async code, closes the stream at once, without waiting. It may be
      called in a finaliser, from any thread, with or without a running event loop. Reads and writes in progress then
      raise `ReadError` or `WriteError`. Calling it twice, or after closing, does nothing.
    """

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return at least one and at most `max_bytes` bytes as soon as there are any, or `b""` at the end of stream.

        `timeout` limits the whole call, in seconds; infinity is no limit. Raises `ReadTimeout` or `ReadError`.
        """
        raise NotImplementedError

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`, an object with the buffer protocol; its bytes count, not its items.

        `timeout` limits the whole call, in seconds; infinity is no limit. Raises `WriteTimeout` or `WriteError`; it is
        then unknown how much was written.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the stream and release its resources, without waiting for the peer. Closing twice does nothing."""
        raise NotImplementedError

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "NetworkStream":
        """Do a TLS handshake and return the encrypted stream, which takes over this one.

        `server_hostname` is sent as SNI and checked against the certificate. `timeout` limits the whole handshake, in
        seconds. Raises `ConnectTimeout` or `ConnectError`, the latter also if this stream holds bytes in the clear that
        were not read and would be lost. Raises `ValueError` if `ssl_context` checks names and there is no name. After
        an error this stream is closed.
        """
        raise NotImplementedError

    def get_extra_info(self, info: str) -> typing.Any:
        """Return the value of `info`, or `None` if the stream does not know it.

        * `"ssl_object"`: the `ssl.SSLObject` of an encrypted stream, or its equivalent inside an `ssl.SSLSocket`.
        * `"client_addr"`, `"server_addr"`: the socket addresses of both ends, in the form of `getsockname()`.
        * `"socket"`: the `socket.socket` underneath.
        * `"is_readable"`: whether a read would return at once. On an idle connection this means that the server has
          closed it or violated the protocol.
        * `"keeps_unsent"`: whether bytes that a write did not send, because it timed out or was interrupted, are sent
          before those of the next write.
        """
        return None


class NetworkBackend:
    """Opens network streams.

    A backend may also have the following method. Without it there is no HTTP/3 over this backend.

    * `connect_udp(host, port, timeout=None, local_address=None, socket_options=None) -> DatagramStream`, a
      coroutine in async code, opens datagrams to `port` of `host`, a name or an IP address. The arguments are those of
      `connect_tcp()`, except that those of `socket_options` that are for TCP are skipped. Raises `ConnectTimeout` or
      `ConnectError`. On failure and interruption nothing stays open.

    It is called only if the class that defines it also defines `connect_tcp()`, or is a subclass of the one that does:
    a subclass or wrapper that guards `connect_tcp()` must not be bypassed.
    """

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to `port` of `host`, a name or an IP address.

        `timeout` limits the whole call, in seconds, including name resolution if that can be interrupted.
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
        """Connect to the Unix domain socket at `path`; otherwise like `connect_tcp()`."""
        raise NotImplementedError

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`. Called between attempts to connect."""
        sleep(seconds)
