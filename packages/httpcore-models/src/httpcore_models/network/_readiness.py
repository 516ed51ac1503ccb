"""Asking the operating system whether a socket is ready to be read from or written to."""

import math
import select
import selectors
import socket
import sys

if sys.platform != "win32":
    try:
        import fcntl
        import termios
    except ImportError:  # Python in a browser lacks both
        fcntl = termios = None  # type: ignore[assignment]

# The longest wait that poll() and sockets accept, in seconds: 24 days.
_LONGEST = (2**31 - 1) / 1000


def wait_limit(timeout: float | None) -> float | None:
    """Return a time limit in seconds that the operating system accepts, or `None` for no limit, also for infinity.

    Raises `ValueError` for NaN.
    """
    if timeout is None or 0.0 <= timeout <= _LONGEST:
        return timeout
    if timeout == math.inf:
        return None
    if math.isnan(timeout):
        raise ValueError("a timeout is a number of seconds or None, not NaN")
    return min(max(0.0, timeout), _LONGEST)


def is_socket_readable(sock: "socket.socket | None") -> bool:
    """Whether a read would return at once: with bytes, the end of stream or an error. True for a closed socket."""
    if sock is None or sock.fileno() < 0:
        return True
    return wait_for_socket(sock, selectors.EVENT_READ, 0) != 0


def unread_bytes(sock: socket.socket) -> int:
    """How many bytes the operating system holds for a socket; 0 where it does not tell, as on Windows."""
    descriptor = sock.fileno()
    if sys.platform == "win32" or fcntl is None or descriptor < 0:
        return 0
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


class Readiness:
    """Waits for one socket to be readable. From the second call on it takes a quarter of `wait_for_socket()`'s time.

    Every request on an idle connection comes here first. The caller keeps the socket from being closed meanwhile.
    """

    __slots__ = ("_poll", "_sock")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._poll: select.poll | None = None

    def is_readable(self, timeout: float | None = 0.0) -> bool:
        """Whether a read would return at once, now or within `timeout` seconds. Several threads may call this."""
        poll = self._poll
        if poll is None:
            descriptor = self._sock.fileno()
            if descriptor < 0:
                return True
            if not hasattr(select, "poll"):
                return wait_for_socket(self._sock, selectors.EVENT_READ, timeout) != 0
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            self._poll = poll
        elif self._sock.fileno() < 0:
            return True
        if timeout:
            timeout = wait_limit(timeout)
        try:
            return bool(poll.poll(timeout and timeout * 1000))
        except RuntimeError:  # another thread is asking
            return wait_for_socket(self._sock, selectors.EVENT_READ, timeout) != 0


def wait_for_socket(sock: socket.socket, events: int, timeout: float | None) -> int:
    """Wait up to `timeout` seconds for one of `events`, a mask as in `selectors`; return those that are ready, or 0.

    A socket that is closed or has failed is ready for all of them.
    """
    descriptor = sock.fileno()
    if descriptor < 0:
        return events
    timeout = wait_limit(timeout)
    if not hasattr(select, "poll"):
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, events)
            return sum(ready for _, ready in selector.select(timeout))
    # Unlike select(), poll() has no upper limit for descriptors.
    poll = select.poll()
    wanted = (select.POLLIN if events & selectors.EVENT_READ else 0) | (
        select.POLLOUT if events & selectors.EVENT_WRITE else 0
    )
    poll.register(descriptor, wanted)
    ready = poll.poll(None if timeout is None else timeout * 1000)
    if not ready:
        return 0
    found = ready[0][1]
    if found & ~(select.POLLIN | select.POLLOUT):
        return events
    return (selectors.EVENT_READ if found & select.POLLIN else 0) | (
        selectors.EVENT_WRITE if found & select.POLLOUT else 0
    )
