"""The steps of a script for `scripted_server`: each function returns one step, named after what it does."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable

from .scripted import Connection, Script, Step


def send(data: bytes) -> Step:
    """Send `data`."""
    return lambda connection: connection.send(data)


def send_pieces(pieces: Iterable[bytes]) -> Step:
    """Send each piece once the client has read the one before."""
    kept = list(pieces)
    return lambda connection: connection.send_pieces(kept)


def send_bytewise(data: bytes) -> Step:
    """Send `data` one byte at a time, each once the client has read the one before."""
    return send_pieces(data[index : index + 1] for index in range(len(data)))


def receive_until(until: bytes | Callable[[bytes], bool]) -> Step:
    """Receive up to a marker, or until a predicate on the unread bytes holds."""
    return lambda connection: connection.receive_until(until)


def receive_exactly(size: int) -> Step:
    """Receive `size` bytes."""
    return lambda connection: connection.receive_exactly(size)


def receive_request() -> Step:
    """Receive one HTTP/1.1 request with its body."""
    return lambda connection: connection.receive_request()


def start_tls(context: ssl.SSLContext) -> Step:
    """Shake hands as the TLS server."""
    return lambda connection: connection.start_tls(context)


def wait(event: threading.Event) -> Step:
    """Wait for `event`."""
    return lambda connection: connection.wait(event)


def notify(event: threading.Event) -> Step:
    """Set `event`, to tell the test that the script got here."""
    return lambda _: event.set()


def hold() -> Step:
    """Neither read nor write until the client closes."""
    return lambda connection: connection.hold()


def shutdown_write() -> Step:
    """Send the end of the stream, and keep watching the client's side."""
    return lambda connection: connection.shutdown_write()


def close(*, close_notify: bool = True) -> Step:
    """Close the connection; without `close_notify`, TLS is cut short."""
    return lambda connection: connection.close(close_notify=close_notify)


def abort() -> Step:
    """Close with a TCP RST."""
    return lambda connection: connection.abort()


def by_connection(*scripts: Script) -> Step:
    """Follow the first script on the first connection, the second on the second, and the last from then on."""

    def run(connection: Connection) -> None:
        script = scripts[min(connection.index, len(scripts) - 1)]
        for step in [script] if callable(script) else script:
            step(connection)

    return run
