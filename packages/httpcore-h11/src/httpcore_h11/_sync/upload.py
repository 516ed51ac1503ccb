# Generated from ../_async/upload.py by tools/make_sync.py: edit that file, then run it.
"""Sending a request while the server may answer at any time (RFC 9112 section 9.5)."""

import time
from collections.abc import Generator, Iterable
from typing import Any

from httpcore_models import NetworkStream, ReadError, RemoteProtocolError, Request, WriteError, WriteTimeout
from httpcore_models.lowlevel import optional_method

from .._bodies import PART_SIZE, body_parts
from .._engine import Engine

_FAILURES = (ReadError, RemoteProtocolError, WriteError, WriteTimeout)

# How many bytes of an early answer are read at a time.
_READ_SIZE = 64 * 1024


class Upload:
    """Sends one request, head and body, until the server refuses the rest.

    It looks for an answer between parts and while a part waits to be sent, if the stream can do that without waiting.
    `timeout` is how long one write may take, in seconds; `peer` names the server in errors.

    `failure` is the exception that the stream or the engine raised. Any other, even of the same type, is from the body.
    """

    def __init__(self, stream: NetworkStream, engine: Engine, timeout: float | None, peer: object) -> None:
        self._stream = stream
        self._engine = engine
        self._timeout = timeout
        self._peer = peer
        self._unsent_head = b""
        self._receive_nowait: Any = None
        self._write_until_readable: Any = None
        if hasattr(stream, "receive_nowait"):
            self._receive_nowait = optional_method(stream, "receive_nowait", instead_of="read")
        if self._receive_nowait is not None:
            # Without `receive_nowait()`, what has arrived would stay in the stream, and end each such write at once.
            self._write_until_readable = optional_method(stream, "write_until_readable", instead_of="write")
        self.failure: Exception | None = None

    def send_head(self, request: Request, with_body: bool = False) -> None:
        """Send the head, or keep it until `send_body()` sends it together with the first part of the body."""
        head = self._engine.start_request(request.method, request.url.target, request.headers)
        if with_body:
            self._unsent_head = head
        else:
            self._write(head)

    def send_body(self, request: Request) -> None:
        """Send the body until its end, or until the server refuses the rest."""
        if not isinstance(request.stream, Iterable):
            kind = type(request.stream).__name__
            raise TypeError(f"content must be bytes or an iterable of bytes to suit the connection, but got {kind}.")
        engine = self._engine
        body = request.stream.__iter__()
        try:
            for chunk in body:
                is_one_part = type(chunk) is bytes and 0 < len(chunk) <= PART_SIZE
                for part, rest in ((chunk, 0),) if is_one_part else body_parts(chunk):
                    try:
                        if self._receive_nowait is not None and self.is_refused():
                            return
                        data = self._unsent_head + engine.send_body(part, rest)
                        if self._write_until_readable is None:
                            self._stream.write(data, self._timeout)
                        elif self._is_refused_while_writing(data):
                            return
                    except _FAILURES as exc:
                        self.failure = exc
                        raise
                    self._unsent_head = b""
        finally:
            # A generator that is left early has to clean up now. A file stays open: it belongs to the caller.
            if isinstance(body, Generator):
                body.close()
        end = self._unsent_head + engine.end_body()
        if end:
            self._write(end)

    def _write(self, data: bytes) -> None:
        """Write all of `data`, whatever the server says."""
        try:
            self._stream.write(data, self._timeout)
        except _FAILURES as exc:
            self.failure = exc
            raise

    def is_refused(self) -> bool:
        """Read what has arrived, without waiting; return whether the server has refused the rest of the request."""
        if self._receive_nowait is None:
            return False
        data = self._receive_nowait(_READ_SIZE)
        if data is not None:
            self._engine.receive_data(data)
            if self._engine.response_started():
                # What follows is left to the reader of the response. It may be more than fits into memory.
                self._receive_nowait = self._write_until_readable = None
        return self._engine.refused

    def _is_refused_while_writing(self, data: bytes) -> bool:
        """Write all of `data`, unless the server refuses the request; return whether it has."""
        rest: memoryview | bytes = data
        remaining = self._timeout
        deadline = None if remaining is None else time.monotonic() + remaining
        while True:
            try:
                taken: int | None = self._write_until_readable(rest, remaining)
                if taken is None:
                    return False
                rest = memoryview(rest)[taken:]
                if self.is_refused():
                    return True
                if deadline is not None:
                    # A server that keeps sending something gets no more time for that.
                    remaining = deadline - time.monotonic()
                    if remaining <= 0:
                        raise WriteTimeout from TimeoutError()
                if self._write_until_readable is None:
                    self._stream.write(bytes(rest), remaining)
                    return False
            except WriteTimeout as exc:
                if remaining == self._timeout:
                    raise
                # The limit is for the whole part, and not what was left of it for the last step.
                text = f"The write operation timed out after {self._timeout:g} seconds ({self._peer})"
                raise WriteTimeout(text) from exc
