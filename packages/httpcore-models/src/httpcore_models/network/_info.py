"""Asking the operating system whether a socket can be read from or written to."""

import math
import select
import selectors
import socket


def is_socket_readable(sock: socket.socket | None) -> bool:
    """Whether a read would return at once: bytes, the end of stream or an error. True as well once closed."""
    if sock is None or (descriptor := sock.fileno()) < 0:
        return True
    if not hasattr(select, "poll"):
        return wait_for_socket(sock, selectors.EVENT_READ, 0)
    # Every request on an idle connection comes here first.
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def wait_for_socket(sock: socket.socket, event: int, timeout: float | None) -> bool:
    """Wait up to `timeout` seconds for `event`, one of the `selectors`; return whether it came. True once closed."""
    descriptor = sock.fileno()
    if descriptor < 0:
        return True
    if hasattr(select, "poll"):
        # Unlike select(), poll() has no limit on the number of the descriptor.
        poll = select.poll()
        poll.register(descriptor, select.POLLIN if event == selectors.EVENT_READ else select.POLLOUT)
        return bool(poll.poll(None if timeout is None else math.ceil(timeout * 1000)))
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, event)
        return bool(selector.select(timeout))
