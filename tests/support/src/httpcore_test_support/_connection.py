"""One connection of a scripted server: what it received, and everything that a script can do with it."""

from __future__ import annotations

import _socket
import fcntl
import re
import select
import socket
import ssl
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from httpcore_models.network._streams.sync_stream import close_left_behind

_READ_SIZE = 65_536
_POLL_INTERVAL = 0.001
_HOLD_INTERVAL_MS = 20


class PeerClosedError(Exception):
    """The client closed the connection while the script waited for more bytes."""


class ServerStoppedError(Exception):
    """The server is closing while a script is still running."""


class Connection:
    """An accepted connection. Every blocking call of a script ends after `timeout`, or when the server closes."""

    timeout = 10.0

    def __init__(self, client: socket.socket, index: int, stopping: threading.Event) -> None:
        self.index = index
        self.error: BaseException | None = None
        self._socket = client
        self._stopping = stopping
        self._received = bytearray()
        self._consumed = 0
        self._closed = False
        self._lock = threading.Lock()
        client.settimeout(self.timeout)
        if client.family == socket.AF_INET:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def received(self) -> bytes:
        """Every byte received so far, after decryption."""
        return bytes(self._received)

    @property
    def closed(self) -> bool:
        """Whether the connection is over: closed by the client, or by the script."""
        return self._closed

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands as the TLS server, at the start or after a proxy's response."""
        with self._lock:
            try:
                wrapped = context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
            except OSError as error:
                close_left_behind(error)
                self._closed = True
                raise
            self._socket = wrapped
        wrapped.do_handshake()

    def receive(self) -> bytes:
        """Wait for some bytes and return those that no call has returned yet."""
        if self._consumed == len(self._received):
            self._read()
        return self._take(len(self._received))

    def receive_until(self, until: bytes | Callable[[bytes], bool]) -> bytes:
        """Return the bytes up to and with a marker, or all unread bytes once a predicate on them holds."""
        while True:
            unread = bytes(self._received[self._consumed :])
            if isinstance(until, bytes):
                end = unread.find(until)
                if end >= 0:
                    return self._take(self._consumed + end + len(until))
            elif until(unread):
                return self._take(len(self._received))
            self._read()

    def receive_exactly(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        while len(self._received) - self._consumed < size:
            self._read()
        return self._take(self._consumed + size)

    def receive_request(self) -> bytes:
        """Return one HTTP/1.1 request with its body, framed by Content-Length or chunked without trailers."""
        head = self.receive_until(b"\r\n\r\n")
        if re.search(rb"\r\ntransfer-encoding: *chunked\r\n", head, re.IGNORECASE):
            return head + self._receive_chunks()
        length = re.search(rb"\r\ncontent-length: *(\d+)\r\n", head, re.IGNORECASE)
        return head + (self.receive_exactly(int(length[1])) if length else b"")

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._socket.sendall(data)

    def send_pieces(self, pieces: Iterable[bytes]) -> None:
        """Send every piece once the client has read the one before, so that no read of the client sees two."""
        for piece in pieces:
            self.send(piece)
            self._wait_taken()

    def wait(self, event: threading.Event) -> None:
        """Wait for the test to set `event`."""
        deadline = time.monotonic() + self.timeout
        while not event.wait(0.02):
            self._check_running()
            if time.monotonic() > deadline:
                raise TimeoutError("the event that the script waits for was never set")

    def hold(self) -> None:
        """Neither read nor write until the client closes."""
        poll = select.poll()
        poll.register(self._socket.fileno(), getattr(select, "POLLRDHUP", 0x2000))  # PyPy does not name it
        # Unread data hides the end of a stream, so this checks the kernel's table as well.
        while not poll.poll(_HOLD_INTERVAL_MS) and not self._client_gone():
            pass
        self._check_running()

    def drain(self) -> None:
        """Read until the client has closed its socket."""
        if self._closed:
            return
        self._socket.settimeout(None)
        try:
            while True:
                self._read()
        except PeerClosedError:
            pass
        except OSError as error:
            self.error = self.error or error
        # Peers answer the end of a TLS stream; then the client must close its socket too.
        self._send_close_notify()
        with suppress(OSError):
            # Not by `socket.socket`, which a test may have replaced.
            while _socket.socket.recv(self._socket, _READ_SIZE):
                pass
        self._check_running()

    def shutdown_write(self) -> None:
        """Send the end of the stream; unlike after `close`, the server still sees the client's side close."""
        self._send_close_notify()
        with suppress(OSError):
            _socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def close(self, *, close_notify: bool = True) -> None:
        """Close the connection; without `close_notify`, TLS is cut short."""
        if close_notify:
            self._send_close_notify()
        with self._lock:
            self._closed = True
            self._socket.close()

    def abort(self) -> None:
        """Close with a TCP RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close(close_notify=False)

    def interrupt(self) -> None:
        """Wake the script's thread, from another thread, because the server closes."""
        with self._lock, suppress(OSError):
            if not self._closed:
                # Not `SSLSocket.shutdown`, which would drop the TLS state that the other thread is using.
                _socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_SIZE)
        except OSError:
            self._check_running()
            raise
        if not data:
            self._check_running()
            raise PeerClosedError("the client closed the connection")
        self._received += data

    def _take(self, end: int) -> bytes:
        taken = bytes(self._received[self._consumed : end])
        self._consumed = end
        return taken

    def _receive_chunks(self) -> bytes:
        body = b""
        while not body.endswith(b"\r\n0\r\n\r\n") and body != b"0\r\n\r\n":
            size_line = self.receive_until(b"\r\n")
            size = int(size_line.split(b";")[0], 16)
            body += size_line + self.receive_exactly(size + 2)
        return body

    def _send_close_notify(self) -> None:
        if isinstance(self._socket, ssl.SSLSocket) and not self._closed:
            # Without blocking: the alert goes out at once, and the client's own is not waited for.
            previous = self._socket.gettimeout()
            with suppress(OSError, ValueError):
                self._socket.settimeout(0)
                self._socket.unwrap()
            with suppress(OSError):
                self._socket.settimeout(previous)

    def _check_running(self) -> None:
        if self._stopping.is_set():
            raise ServerStoppedError

    def _wait_taken(self) -> None:
        """Poll until everything sent has left the client's receive queue; there is no event for that."""
        deadline = time.monotonic() + self.timeout
        while self._unsent() or self._unread_by_client():
            self._check_running()
            if time.monotonic() > deadline:
                raise TimeoutError("the client does not read what the script sent")
            self._stopping.wait(_POLL_INTERVAL)

    def _unsent(self) -> int:
        """Return how many bytes TCP has not had acknowledged, or a Unix socket's client has not read."""
        return int(struct.unpack("i", fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])

    def _unread_by_client(self) -> bool:
        row = self._client_row()
        return row is not None and row[4].partition(":")[2] != "00000000"

    def _client_gone(self) -> bool:
        """Whether no process has the client's TCP socket open any more, even if its last bytes are still to be read."""
        if self._socket.family != socket.AF_INET:
            return False
        row = self._client_row()
        return row is None or row[9] == "0"

    def _client_row(self) -> list[str] | None:
        """Return the client's row of /proc/net/tcp: its receive queue is in column 4, its inode in column 9."""
        if self._socket.family != socket.AF_INET:
            return None
        addresses = [_proc_address(self._socket.getpeername()), _proc_address(self._socket.getsockname())]
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = (line.split() for line in table)
            return next((row for row in rows if row[1:3] == addresses), None)


def _proc_address(address: tuple[str, int]) -> str:
    """Return an IPv4 address in the notation of /proc/net/tcp: the packed address as a native integer."""
    return f"{struct.unpack('=I', socket.inet_aton(address[0]))[0]:08X}:{address[1]:04X}"
