# Generated from ../_async/upload.py by tools/make_sync.py: edit that file, then run it.
"""Sending a request while the server may answer at any time (RFC 9112 section 9.5)."""

import time
from collections.abc import Generator, Iterable
from typing import Any

from httpcore_models import (
    NetworkStream,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    WriteError,
    WriteTimeout,
)
from httpcore_models.concurrency import forks
from httpcore_models.deadline import Deadline, limit_text
from httpcore_models.lowlevel import CONTINUE_TIMEOUT, RequestLimits, optional_method, wrong_body

from .._bodies import PART_SIZE, body_parts
from .._engine import Engine

_FAILURES = (ReadError, RemoteProtocolError, WriteError, WriteTimeout)

# How many bytes of an early answer are read at a time.
_READ_SIZE = 64 * 1024


class Upload:
    """Sends one request, head and body, until the server refuses the rest.

    It looks for an answer between parts and while a part waits to be sent, if the stream can do that without waiting.
    `timeout` is how long one write may take, in seconds; `peer` names the server in errors. `limits` are those of the
    request if there is one for all of it.

    `head_size` and `body_size` are the bytes that were sent, the latter without framing and only with `counts`.

    `failure` is the exception that the stream or the engine raised. Any other, even of the same type, is from the body.
    """

    def __init__(
        self,
        stream: NetworkStream,
        engine: Engine,
        timeout: float | None,
        peer: object,
        limits: RequestLimits | None = None,
        counts: bool = False,
    ) -> None:
        self._stream = stream
        self._engine = engine
        self._timeout = timeout
        self._peer = peer
        self._limits = limits
        self._forks = forks.count
        self._unsent_head = b""
        self._receive_nowait: Any = None
        self._write_until_readable: Any = None
        if hasattr(stream, "receive_nowait"):
            self._receive_nowait = optional_method(stream, "receive_nowait", instead_of="read")
        if self._receive_nowait is not None:
            # Without `receive_nowait()`, what has arrived would stay in the stream, and end each such write at once.
            self._write_until_readable = optional_method(stream, "write_until_readable", instead_of="write")
        self.failure: Exception | None = None
        self.head_size = self.body_size = 0
        self._counts = counts

    def send_head(self, request: Request, with_body: bool = False) -> None:
        """Send the head, or keep it until `send_body()` sends it together with the first part of the body."""
        head = self._engine.start_request(request.method, request.url.target, request.headers)
        self.head_size = len(head)
        if with_body and not self._engine.awaits_continue:
            self._unsent_head = head
        else:
            self._write(head)

    def send_body(self, request: Request) -> None:
        """Send the body until its end, or until the server refuses the rest."""
        if not isinstance(request.stream, Iterable):
            raise wrong_body(request.stream)
        engine = self._engine
        if engine.awaits_continue and not self._may_send_body(request):
            return
        body = request.stream.__iter__()
        try:
            for chunk in body:
                is_one_part = type(chunk) is bytes and 0 < len(chunk) <= PART_SIZE
                for part, rest in ((chunk, 0),) if is_one_part else body_parts(chunk):
                    self._check_process()
                    try:
                        if self._receive_nowait is not None and self.is_refused():
                            return
                        data = self._unsent_head + engine.send_body(part, rest)
                        if self._limits is not None:
                            self._timeout = self._limits.to_write(self._peer)
                        if self._write_until_readable is None:
                            self._stream.write(data, self._timeout)
                        elif self._is_refused_while_writing(data):
                            return
                    except _FAILURES as exc:
                        self.failure = exc
                        raise
                    self._unsent_head = b""
                    if self._counts:
                        self.body_size += len(part)
        finally:
            # A generator that is left early has to clean up now. A file stays open: it belongs to the caller.
            if isinstance(body, Generator):
                body.close()
        end = self._unsent_head + engine.end_body()
        if end:
            self._write(end)

    def _may_send_body(self, request: Request) -> bool:
        """Wait for `100 Continue`; return whether the server wants the body, or does not say so in time.

        The wait is no longer than a read or a write may be.
        """
        engine, timeouts = self._engine, self._limits or request.extensions.get("timeout", {})
        patience = [limit for limit in (timeouts.get("read"), timeouts.get("write")) if limit is not None]
        deadline = Deadline(min([CONTINUE_TIMEOUT, *patience]))
        try:
            while (answer := engine.may_send_body()) is None:
                try:
                    # A server may send other interim responses without end.
                    remaining = deadline.remaining_or_raise(ReadTimeout)
                    engine.receive_data(self._stream.read(_READ_SIZE, remaining))
                except ReadTimeout:
                    engine.awaits_continue = False
                    return True
        except _FAILURES as exc:
            self.failure = exc
            raise
        if engine.response_started():
            self._receive_nowait = self._write_until_readable = None
        return answer

    def _write(self, data: bytes) -> None:
        """Write all of `data`, whatever the server says."""
        self._check_process()
        try:
            if self._limits is not None:
                self._timeout = self._limits.to_write(self._peer)
            self._stream.write(data, self._timeout)
        except _FAILURES as exc:
            self.failure = exc
            raise

    def _check_process(self) -> None:
        # A trace callback or the body may have forked. The response, too, is for the parent.
        if forks.count != self._forks:
            raise WriteError(f"The connection belongs to another process ({self._peer})")

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
                text = f"The write operation timed out {limit_text(self._timeout)} ({self._peer})"
                raise WriteTimeout(text) from exc
