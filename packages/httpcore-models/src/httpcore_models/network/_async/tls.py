"""TLS over any network stream, and so inside another TLS stream too.

Theory of operation: an `ssl.SSLObject` does TLS between two memory buffers. "Incoming" holds what came from the
network and TLS has not consumed, "outgoing" what TLS wants sent. An operation on the object either succeeds, having
maybe left bytes in outgoing, or says that it wants to read: then outgoing is written to the network, more is read
into incoming, and the operation is tried again.

Left out on purpose: TLS is not shut down on close, since that could wait for the peer, and a connection that ends
without `close_notify` reads as a plain end of stream, as HTTP has its own framing to tell a cut off body.
"""

import contextlib
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from ..._exceptions import (
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    TimeoutException,
    WriteError,
    WriteTimeout,
)
from ...concurrency import AsyncLock
from .._errors import failed, timed_out
from .._offers import make_tls, takes_offer
from .interface import AsyncNetworkStream

T = TypeVar("T")

# As much as asyncio receives at a time.
_READ_SIZE = 256 * 1024

# A TLS record of the largest size, with its overhead.
_RECORD_SIZE = 16 * 1024 + 256

# How much is encrypted before it is sent: bounds the copy in memory.
_WRITE_SIZE = 64 * 1024


class AsyncTLSStream(AsyncNetworkStream):
    """TLS on top of another stream."""

    def __init__(
        self,
        stream: AsyncNetworkStream,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None,
    ) -> None:
        if ssl_context.check_hostname and not server_hostname:
            # Sockets refuse this by themselves; memory buffers would leave the name unchecked.
            raise ValueError("check_hostname requires server_hostname")
        self._stream = stream
        self._peer = server_hostname or "TLS peer"
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ssl = make_tls(
            ssl_context,
            lambda: ssl_context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname),
        )
        # OpenSSL allows one call at a time, and each thread of a reader and a writer makes some.
        self._tls_lock = threading.Lock()
        self._write_lock = AsyncLock()
        self._unread = b""
        self._unsent = b""
        self._reading = False
        self._closed = False

    @classmethod
    async def handshake(
        cls,
        stream: AsyncNetworkStream,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "AsyncTLSStream":
        """Do a TLS handshake over `stream` and return the encrypted stream; see `start_tls()`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            tls = cls(stream, ssl_context, server_hostname)
            await tls._run(tls._ssl.do_handshake, timeout, deadline)
            return tls
        except BaseException as exc:
            await stream.aclose()
            peer = server_hostname or "TLS peer"
            if isinstance(exc, TimeoutException):
                raise ConnectTimeout(timed_out("TLS handshake", peer, timeout)) from exc
            if isinstance(exc, ssl.SSLEOFError):
                raise ConnectError(f"Server disconnected during the TLS handshake ({peer})") from exc
            if isinstance(exc, (OSError, ValueError, ReadError, WriteError)):
                raise ConnectError(failed(exc, peer)) from exc
            raise

    async def _run(self, operation: Callable[[], T], timeout: float | None, deadline: float | None = None) -> T:
        """Try `operation` until it has what it needs from the network.

        `timeout` limits each wait for the network, and `deadline` all of them together.
        """
        while True:
            try:
                with self._tls_lock:
                    result = operation()
            except ssl.SSLWantReadError:
                await self._flush(_remaining(timeout, deadline))
                self._feed(await self._stream.read(_READ_SIZE, _remaining(timeout, deadline)))
            except ssl.SSLError:
                # The alert that tells the peer what was wrong, if it still listens.
                with contextlib.suppress(TimeoutException, WriteError):
                    await self._flush(_remaining(timeout, deadline))
                raise
            else:
                if self._outgoing.pending:
                    await self._flush(_remaining(timeout, deadline))
                return result

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self, timeout: float | None) -> None:
        if not self._outgoing.pending:
            return
        # Records have to leave in the order in which TLS made them, whoever of reader and writer sends them.
        async with self._write_lock:
            data = self._outgoing.read()
            if data:
                await self._stream.write(data, timeout)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what is there, or wait for it."""
        if self._closed:
            raise ReadError(f"the stream is closed ({self._peer})")
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        self._reading = True
        try:
            if not self._has_input():
                self._feed(await self._stream.read(_READ_SIZE, timeout))
            return await self._run(lambda: self._read_records(max_bytes), timeout)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""
        except WriteTimeout as exc:
            raise ReadTimeout(str(exc)) from exc
        except (ssl.SSLError, WriteError) as exc:
            raise ReadError(failed(exc, self._peer)) from exc
        finally:
            self._reading = False

    def _has_input(self) -> bool:
        """Whether there is something to be had, or to be found out, without the network."""
        return bool(self._incoming.pending or self._incoming.eof or self._ssl.pending())

    def _read_records(self, max_bytes: int) -> bytes:
        """Decrypt what there is. TLS gives one record at a time, and whoever reads prefers larger parts."""
        data: bytes = self._ssl.read(max_bytes)
        if len(data) == max_bytes or self._incoming.pending < _RECORD_SIZE:
            return data
        parts = [data]
        size = len(data)
        # What is wrong with the next record is found again by the next read.
        with contextlib.suppress(ssl.SSLError):
            while size < max_bytes and self._incoming.pending >= _RECORD_SIZE:
                parts.append(self._ssl.read(max_bytes - size))
                size += len(parts[-1])
        return b"".join(parts)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`, after what an interrupted write has left."""
        rest = memoryview(self._unsent + buffer if self._unsent else buffer)
        self._unsent = b""

        def encrypt() -> None:
            nonlocal rest
            rest = rest[self._ssl.write(rest[:_WRITE_SIZE]) :]

        try:
            if not rest:
                # Nothing to encrypt, but the stream below may have something left of an interrupted write.
                async with self._write_lock:
                    await self._stream.write(self._outgoing.read(), timeout)
            while rest:
                await self._run(encrypt, timeout)
        except ReadTimeout as exc:
            raise WriteTimeout(str(exc)) from exc
        except (ssl.SSLError, ReadError) as exc:
            raise WriteError(failed(exc, self._peer)) from exc
        finally:
            self._unsent = bytes(rest)

    async def aclose(self) -> None:
        """Close the stream below. TLS is not shut down."""
        self._closed = True
        await self._stream.aclose()

    @takes_offer
    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncNetworkStream:
        """Do a TLS handshake inside this TLS stream."""
        return await AsyncTLSStream.handshake(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """See `AsyncNetworkStream.get_extra_info()`."""
        if info == "ssl_object":
            return self._ssl
        if info == "is_readable":
            return self._is_readable()
        return self._stream.get_extra_info(info)

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what is there, `b""` at the end of stream, or `None` if a read would wait. Raises `ReadError`."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        below: Callable[[int], bytes | None] | None = getattr(self._stream, "receive_nowait", None)
        try:
            while True:
                # Asking TLS costs an exception, in every request that finds its connection idle.
                if self._has_input():
                    with contextlib.suppress(ssl.SSLWantReadError), self._tls_lock:
                        return self._ssl.read(max_bytes)
                data_below = below(_READ_SIZE) if below is not None else None
                if data_below is None:
                    return None
                self._feed(data_below)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""
        except ssl.SSLError as exc:
            raise ReadError(failed(exc, self._peer)) from exc

    def _is_readable(self) -> bool:
        if self._unread:
            return True
        if self._reading or not hasattr(self._stream, "receive_nowait"):
            # What has come is for whoever reads.
            if self._stream.get_extra_info("is_readable"):
                return True
            if self._reading:
                return False
        # What has come may be a message of TLS itself, such as the session tickets of TLS 1.3.
        try:
            data = self.receive_nowait(1)
        except ReadError:
            return True
        self._unread = data or b""
        return data is not None


def _remaining(timeout: float | None, deadline: float | None) -> float | None:
    if deadline is None:
        return timeout
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise ConnectTimeout
    return remaining
