# Generated from ../_async/tls.py by tools/make_sync.py: edit that file, then run it.
"""TLS over any network stream, and so inside another TLS stream too.

`_tls.records` turns bytes into records and back, `tls_sender` sends records, and this module does the rest: reading,
the handshake, and who may do what at a time.

A reader returns what it has decrypted without sending anything. What TLS itself wants sent, such as the answer to a
KeyUpdate, goes out before the next wait, or with what is written next.

TLS is not shut down on close, since that could wait for the peer. A connection that ends without `close_notify` reads
as a plain end of stream: HTTP has framing of its own that tells a truncated body.
"""

import contextlib
import ssl
from collections.abc import Callable
from typing import Any

from ..._buffers import as_bytes
from ..._closing import close_unopened
from ..._exceptions import (
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    TimeoutException,
    WriteError,
    WriteTimeout,
)
from ...concurrency import Event
from ...deadline import Deadline
from .._error_texts import (
    already_reading_text,
    already_writing_text,
    closed_text,
    failure_text,
    handshake_failure_text,
    inner_failure_text,
    peer_of,
    timeout_text,
)
from .._tls.alpn import takes_alpn_offer
from .._tls.records import TLSRecords
from .._tls.strangers import is_foreign
from .interface import NetworkStream
from .tls_sender import TLSSender

# How many encrypted bytes are received at a time, as many as asyncio's transports receive.
_READ_SIZE = 256 * 1024

# How many bytes are encrypted before they are sent. This bounds the memory for the encrypted copy.
_WRITE_SIZE = 64 * 1024


class TLSCapableStream(NetworkStream):
    """A base class for streams: `start_tls()` by way of `TLSStream`."""

    @takes_alpn_offer
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        """Do a TLS handshake over this stream; see `NetworkStream.start_tls()`."""
        return TLSStream.handshake(self, ssl_context, server_hostname, timeout)


class TLSStream(TLSCapableStream):
    """TLS on top of another stream. It has `abort()` and `write_until_readable()` if that stream has them."""

    def __init__(self, stream: NetworkStream, ssl_context: ssl.SSLContext, server_hostname: str | None) -> None:
        self._stream = stream
        self._peer = peer_of(stream, server_hostname)
        self._tls = TLSRecords(ssl_context, server_hostname)
        self._sender = TLSSender(stream, self._tls)
        self._receiving = False  # a thread waits for the network
        self._received: Event | None = None  # set when that thread has received; only if another one waits for it
        self._reading = False
        self._writing = False
        self._unread = b""  # decrypted
        self._unsent: bytes | memoryview = b""  # to be encrypted: left by an interrupted write
        self._closed = False

    @classmethod
    def handshake(
        cls,
        stream: NetworkStream,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "TLSStream":
        """Do a TLS handshake over `stream` and return the encrypted stream; see `start_tls()`."""
        tls: TLSStream | None = None
        try:
            tls = cls(stream, ssl_context, server_hostname)
            tls._shake_hands(Deadline(timeout))
            return tls
        except BaseException as exc:
            peer = peer_of(stream, server_hostname)
            if server_hostname is not None and not peer.startswith(server_hostname):
                peer = f"{server_hostname} via {peer}"
            try:
                close_unopened(stream)
            finally:
                # Needed if an interruption came through, or if the stream cannot close without waiting.
                abort: Callable[[], None] | None = getattr(stream, "abort", None)
                if abort is not None:
                    abort()
            if isinstance(exc, TimeoutException):
                raise ConnectTimeout(timeout_text("The handshake operation", peer, timeout)) from exc
            if isinstance(exc, ssl.SSLEOFError):
                raise ConnectError(f"Server disconnected during the TLS handshake ({peer})") from exc
            if isinstance(exc, (ReadError, WriteError)):
                raise ConnectError(inner_failure_text(exc, peer_of(stream, peer))) from exc
            # A `ValueError` without a name to check is the caller's mistake.
            if isinstance(exc, OSError) or (isinstance(exc, ValueError) and server_hostname is not None):
                foreign = tls is not None and is_foreign(tls._tls.beginning)
                raise ConnectError(handshake_failure_text(exc, peer, foreign)) from exc
            raise

    def _shake_hands(self, deadline: Deadline) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._sender.send(deadline)
                self._receive(self._tls.feeds, deadline.remaining_or_raise(ReadTimeout))
            except ssl.SSLError:
                # The alert that tells the peer what was wrong, if it still listens.
                with contextlib.suppress(TimeoutException, WriteError):
                    self._sender.send(deadline)
                raise
            else:
                self._sender.send(deadline)
                return

    # Receiving.

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has been received, or wait for it."""
        self._check_not_closed()
        if self._reading:
            raise ReadError(already_reading_text(self._peer))
        try:
            with self._tls.lock:
                self._reading = True  # from here on looking for input takes nothing
            feeds = self._tls.feeds
            data = self._decrypt(max_bytes)
            if data is None:
                data = self._wait_for_data(max_bytes, timeout, feeds)
            return data
        except TimeoutException as exc:
            raise ReadTimeout(timeout_text("The read operation", self._peer, timeout)) from exc
        except ReadError as exc:
            if self._tls.outgoing.pending and not self._closed:
                # The alert that tells the peer what was wrong, if it still listens.
                self._sender.send_for_reader(Deadline(0.0))
            raise ReadError(inner_failure_text(exc, self._peer)) from exc.__cause__ or exc
        finally:
            self._reading = False

    def _wait_for_data(self, max_bytes: int, timeout: float | None, feeds: int) -> bytes:
        deadline = Deadline(timeout)
        remaining = timeout
        while True:
            self._sender.send_for_reader(deadline)
            self._receive(feeds, remaining)
            self._check_not_closed()
            feeds = self._tls.feeds
            data = self._decrypt(max_bytes)
            if data is not None:
                return data
            remaining = deadline.remaining_or_raise(ReadTimeout)

    def _check_not_closed(self) -> None:
        if self._closed:
            raise ReadError(closed_text(self._peer))

    def _decrypt(self, max_bytes: int) -> bytes | None:
        """Return data, `b""` at the end of stream, or `None` if TLS needs more bytes. Raises `ReadError`."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        try:
            return self._tls.decrypt(max_bytes)
        except ssl.SSLError as exc:
            raise ReadError(failure_text(exc, self._peer)) from exc

    def _receive(self, feeds: int, timeout: float | None) -> None:
        """Feed TLS from the network, unless it was fed since the caller found `self._tls.feeds` to be `feeds`.

        In a renegotiation a writer needs this as well as a reader. While one of them receives, the other waits for it.
        """
        received, mine = None, False
        try:
            with self._tls.lock:
                if self._tls.feeds != feeds:
                    return
                if self._receiving:
                    received = self._received = self._received or Event()
                else:
                    mine = self._receiving = True
            if mine:
                self._tls.feed(self._stream.read(_READ_SIZE, timeout))
            elif received is not None and not received.wait(timeout):
                raise ReadTimeout from TimeoutError()
        finally:
            if mine:
                with self._tls.lock:
                    received, self._received = self._received, None
                    self._receiving = False
                if received is not None:
                    received.set()

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what is there, `b""` at the end of stream, or `None` if a read would wait. Raises `ReadError`."""
        self._check_not_closed()
        below: Callable[[int], bytes | None] | None = getattr(self._stream, "receive_nowait", None)
        fed = 0
        with self._tls.lock:
            while (data := self._decrypt(max_bytes)) is None:
                # A peer that sends only messages of TLS itself must not keep the caller here forever.
                if below is None or self._receiving or fed >= _READ_SIZE:
                    return None
                encrypted = below(_READ_SIZE)
                if encrypted is None:
                    return None
                self._tls.feed(encrypted)
                fed += len(encrypted)
        return data

    # Sending.

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`, after what an interrupted write has left."""
        self._write(buffer, timeout)

    @property
    def write_until_readable(self) -> Any:
        """See `NetworkStream`."""
        if not hasattr(self._stream, "write_until_readable"):
            raise AttributeError("the stream below has no write_until_readable()")
        return self._write_until_readable

    def _write_until_readable(self, buffer: bytes, timeout: float | None = None) -> int | None:
        return self._write(buffer, timeout, until_readable=True)

    def _write(self, buffer: bytes, timeout: float | None, *, until_readable: bool = False) -> int | None:
        """Write; return `None` if everything was sent, otherwise how many bytes of `buffer` were taken."""
        if self._closed:
            raise WriteError(closed_text(self._peer))
        if self._writing:
            raise WriteError(already_writing_text(self._peer))
        deadline = Deadline(timeout)
        data = as_bytes(buffer)
        turn, sender = object(), self._sender
        try:
            self._writing = True
            rest = self._unsent = memoryview(bytes(self._unsent) + data if self._unsent else data)
            sender.wait_for_turn(turn, deadline)
            # Even with nothing to encrypt, there may be records that an interrupted write has left.
            sent = (bool(rest) and not sender.has_unsent) or sender.send(
                deadline, until_readable=until_readable, flush=True
            )
            while rest and sent:
                feeds = self._tls.feeds
                try:
                    with self._tls.lock:
                        size = self._tls.encrypt(rest[:_WRITE_SIZE])
                except ssl.SSLWantReadError:
                    self._wait_for_handshake(feeds, deadline)
                    continue
                rest = self._unsent = rest[size:]
                sent = sender.send(deadline, until_readable=until_readable)
            while sent and not sender.end_turn_if_all_is_sent(turn):
                sent = sender.send(deadline, until_readable=until_readable)
            # The rest of an interrupted write stays ours; the rest of this buffer stays the caller's.
            left = min(len(rest), len(data))
            self._unsent = rest[: len(rest) - left]
            return None if sent else len(data) - left
        except TimeoutException as exc:
            raise WriteTimeout(timeout_text("The write operation", self._peer, timeout)) from exc
        except (ReadError, WriteError) as exc:
            raise WriteError(inner_failure_text(exc, self._peer)) from exc.__cause__ or exc
        except ssl.SSLError as exc:
            raise WriteError(failure_text(exc, self._peer)) from exc
        finally:
            self._unsent = bytes(self._unsent)
            sender.end_turn(turn)
            self._writing = False

    def _wait_for_handshake(self, feeds: int, deadline: Deadline) -> None:
        self._sender.send(deadline)
        self._receive(feeds, deadline.remaining_or_raise(ReadTimeout))
        if self._closed:
            raise WriteError(closed_text(self._peer))

    # Closing and looking.

    def close(self) -> None:
        """Close the stream below. TLS is not shut down."""
        self._closed = True
        self._stream.close()

    @property
    def abort(self) -> Callable[[], None]:
        """See `NetworkStream`."""
        if not hasattr(self._stream, "abort"):
            raise AttributeError("the stream below has no abort()")
        return self._abort

    def _abort(self) -> None:
        self._closed = True
        self._stream.abort()  # type: ignore[attr-defined]

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream.get_extra_info()`."""
        if info == "ssl_object":
            return self._tls.ssl_object
        if info == "is_readable":
            return self._is_readable()
        return self._stream.get_extra_info(info)

    def _is_readable(self) -> bool:
        if self._closed or self._unread or self._tls.ended or self._tls.failure is not None:
            return True
        if self._reading or not hasattr(self._stream, "receive_nowait"):
            # What has come is for the thread that reads.
            if self._stream.get_extra_info("is_readable"):
                return True
            if self._reading:
                return False
        elif not self._tls.has_input() and not self._stream.get_extra_info("is_readable"):
            return False
        # What has come may be no data, but a message of TLS itself, such as a session ticket of TLS 1.3: look.
        try:
            with self._tls.lock:
                if self._reading:  # another thread has begun to
                    return False
                data = self.receive_nowait(1)
                self._unread = data or b""
        except ReadError:
            return True
        return data is not None
