# Generated from ../_async/upload.py by tools/make_sync.py: edit that file, then run it.
"""Sending a request while its server may answer at any time (RFC 9112 section 9.5)."""

import time
from collections.abc import Generator, Iterable
from typing import Any

from httpcore_models import (
    NetworkStream,
    ReadError,
    RemoteProtocolError,
    Request,
    WriteError,
    WriteTimeout,
)
from httpcore_models.lowlevel import optional_method

from .._bodies import body_parts
from .._engine import Engine

_FAILURES = (ReadError, RemoteProtocolError, WriteError, WriteTimeout)

# How many bytes one look takes, at most.
_READ_SIZE = 64 * 1024


class Upload:
    """The upload of one request.

    It looks for an answer without ever waiting for one, where the stream can do that. `timeout` is how long, in
    seconds, one write may take. `failure` is what the stream or the engine raised: what else is raised, even if it is
    of the same type, comes from the body.
    """

    def __init__(self, stream: NetworkStream, engine: Engine, timeout: float | None, peer: object) -> None:
        self._stream = stream
        self._engine = engine
        self._timeout = timeout
        self._peer = peer
        self._receive_nowait: Any = optional_method(stream, "receive_nowait", instead_of="read")
        self._write_until_readable: Any = None
        if self._receive_nowait is not None:
            # Without that, what there is to be read could not be got out of the way.
            self._write_until_readable = optional_method(stream, "write_until_readable", instead_of="write")
        self.failure: Exception | None = None

    def send_body(self, request: Request, head: bytes) -> None:
        """Send the body, and `head` together with the first part of it, until the server refuses the rest."""
        if not isinstance(request.stream, Iterable):
            kind = type(request.stream).__name__
            raise TypeError(f"content must be bytes or an iterable of bytes to suit the connection, but got {kind}.")
        body = request.stream.__iter__()
        try:
            for chunk in body:
                for part, rest in body_parts(chunk):
                    if self.is_refused() or self._is_refused_meanwhile(head + self._engine.send_body(part, rest)):
                        return
                    head = b""
        finally:
            # A generator that was left early has to run its own cleanup now. A file stays open: it is the user's.
            if isinstance(body, Generator):
                body.close()
        end = head + self._engine.end_body()
        if end:
            self.write(end)

    def write(self, data: bytes) -> None:
        """Write all of `data`, whatever the server says."""
        try:
            self._stream.write(data, self._timeout)
        except _FAILURES as exc:
            self.failure = exc
            raise

    def is_refused(self) -> bool:
        """Whether the server has refused the rest of the request, as far as one look can tell."""
        if self._receive_nowait is None:
            return False
        engine = self._engine
        try:
            data = self._receive_nowait(_READ_SIZE)
            if data is not None:
                engine.receive_data(data)
                if engine.response_started():
                    # What comes now is for whoever reads the response. It may be more than can be kept.
                    self._receive_nowait = self._write_until_readable = None
        except _FAILURES as exc:
            self.failure = exc
            raise
        return engine.refused

    def _is_refused_meanwhile(self, data: bytes) -> bool:
        """Write all of `data`, unless the server refuses it; return whether it has."""
        if self._write_until_readable is None:
            self.write(data)
            return False
        rest: memoryview | bytes = data
        remaining = self._timeout
        deadline = None if remaining is None else time.monotonic() + remaining
        while True:
            try:
                taken: int = self._write_until_readable(rest, remaining)
                if taken == len(rest):
                    return False
                rest = memoryview(rest)[taken:]
                if self.is_refused():
                    return True
                if deadline is not None:
                    # A server that sends this and that does not get more time for it.
                    remaining = deadline - time.monotonic()
                    if remaining <= 0:
                        raise self._timed_out() from TimeoutError()
                if self._write_until_readable is None:
                    self._stream.write(bytes(rest), remaining)
                    return False
            except _FAILURES as exc:
                if isinstance(exc, WriteTimeout) and remaining != self._timeout:
                    self.failure = self._timed_out()
                    raise self.failure from exc
                self.failure = exc
                raise

    def _timed_out(self) -> WriteTimeout:
        return WriteTimeout(f"The write operation timed out after {self._timeout:g} seconds ({self._peer})")
