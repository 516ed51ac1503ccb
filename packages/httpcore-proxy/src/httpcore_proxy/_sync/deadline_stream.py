# Generated from ../_async/deadline_stream.py by tools/make_sync.py: edit that file, then run it.
"""The stream to a proxy while it is being negotiated with."""

from typing import Any

from httpcore_models import NetworkStream, ReadTimeout, WriteTimeout

from .._deadline import Deadline


class DeadlineStream(NetworkStream):
    """Another stream with one deadline for all reads and writes.

    A deadline that is not set leaves the time limits of the single calls, and their errors.
    """

    def __init__(self, stream: NetworkStream, deadline: Deadline) -> None:
        self.deadline = deadline
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, within what is left of the time."""
        try:
            return self._stream.read(max_bytes, self._limit(timeout))
        except ReadTimeout as exc:
            if self.deadline.is_set:
                raise self.deadline.exceeded() from exc
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, within what is left of the time."""
        try:
            self._stream.write(buffer, self._limit(timeout))
        except WriteTimeout as exc:
            if self.deadline.is_set:
                raise self.deadline.exceeded() from exc
            raise

    def close(self) -> None:
        """Close the other stream."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """What the other stream knows."""
        return self._stream.get_extra_info(info)

    def _limit(self, timeout: float | None) -> float | None:
        return self.deadline.remaining() if self.deadline.is_set else timeout
