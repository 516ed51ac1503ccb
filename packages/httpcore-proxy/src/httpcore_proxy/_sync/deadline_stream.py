# Generated from ../_async/deadline_stream.py by tools/make_sync.py: edit that file, then run it.
"""The stream to a proxy during the negotiation."""

from collections.abc import Callable
from typing import Any

from httpcore_models import NetworkStream, ReadTimeout, WriteTimeout
from httpcore_models.deadline import Deadline

from .._timeouts import remaining_time, timeout_error


class DeadlineStream(NetworkStream):
    """A stream with one deadline for all reads and writes; `operation()` names what they are part of, for errors.

    If the deadline has no limit, each call has the limit that it is given, and its timeouts pass through unchanged.
    """

    def __init__(self, stream: NetworkStream, deadline: Deadline, operation: Callable[[], str]) -> None:
        self.deadline = deadline
        self._stream = stream
        self._operation = operation

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, within the remaining time."""
        deadline = self.deadline
        if deadline.timeout is None:
            return self._stream.read(max_bytes, timeout)
        try:
            return self._stream.read(max_bytes, remaining_time(deadline, self._operation))
        except ReadTimeout as exc:
            raise timeout_error(deadline, self._operation) from exc

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, within the remaining time."""
        deadline = self.deadline
        if deadline.timeout is None:
            return self._stream.write(buffer, timeout)
        try:
            self._stream.write(buffer, remaining_time(deadline, self._operation))
        except WriteTimeout as exc:
            raise timeout_error(deadline, self._operation) from exc

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """Return what the wrapped stream returns."""
        return self._stream.get_extra_info(info)
