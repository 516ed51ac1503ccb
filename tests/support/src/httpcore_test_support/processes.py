"""Servers that are programs of their own, on listening sockets that they inherit: free ports without a race."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["ServerError", "serving"]

_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 10.0


class ServerError(Exception):
    """A server did not start, or died while it was in use."""


@contextmanager
def serving(
    command: Sequence[str | Path],
    directory: Path,
    listeners: Sequence[socket.socket],
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run `command` for the length of the `with` block; the first of its `listeners` speaks HTTP/1.1 in clear."""
    port = listeners[0].getsockname()[1]
    log_path = directory / "log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno() for listener in listeners],
        )
    try:
        # With the server's copies the only ones, a connection is refused or reset as soon as the server is gone.
        for listener in listeners:
            listener.close()
        if not _answers(port):
            _stop(process)
            raise ServerError(_describe(process, log_path))
        yield
        if process.poll() is not None:
            raise ServerError(_describe(process, log_path))
    finally:
        _stop(process)


def _answers(port: int) -> bool:
    """Wait, within a bound, for a first response; the listener queues from the start."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_START_TIMEOUT) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return client.recv(1) == b"H"
    except OSError:
        return False


def _describe(process: subprocess.Popen[bytes], log_path: Path) -> str:
    log = log_path.read_text(errors="replace").strip()
    return f"{process.args!r} does not serve (exit status {process.returncode}): {log[-1_000:]}"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
