"""Asking the operating system whether a socket has something to read."""

import select
import selectors
import socket


def is_socket_readable(sock: socket.socket | None) -> bool:
    """Whether a read would return at once: bytes, the end of stream or an error. True as well once closed."""
    descriptor = -1 if sock is None else sock.fileno()
    if descriptor < 0:
        return True
    if hasattr(select, "poll"):
        # Unlike select(), poll() has no limit on the number of the descriptor.
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(0))
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(0))
