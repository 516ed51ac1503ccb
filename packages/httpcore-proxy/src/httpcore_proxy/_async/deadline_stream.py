"""The stream to a proxy during the negotiation."""

from collections.abc import Callable
from typing import Any

from httpcore_models import AsyncNetworkStream, ReadTimeout, WriteTimeout
from httpcore_models.deadline import Deadline

from .._timeouts import remaining_time, timeout_error


class AsyncDeadlineStream(AsyncNetworkStream):
    """A stream with one deadline for all reads and writes; `operation()` names what they are part of, for errors.

    If the deadline has no limit, each call has the limit that it is given, and its timeouts pass through unchanged.
    """

    def __init__(self, stream: AsyncNetworkStream, deadline: Deadline, operation: Callable[[], str]) -> None:
        self.deadline = deadline
        self._stream = stream
        self._operation = operation

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, within the remaining time."""
        deadline = self.deadline
        if deadline.timeout is None:
            return await self._stream.read(max_bytes, timeout)
        try:
            return await self._stream.read(max_bytes, remaining_time(deadline, self._operation))
        except ReadTimeout as exc:
            raise timeout_error(deadline, self._operation) from exc

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, within the remaining time."""
        deadline = self.deadline
        if deadline.timeout is None:
            return await self._stream.write(buffer, timeout)
        try:
            await self._stream.write(buffer, remaining_time(deadline, self._operation))
        except WriteTimeout as exc:
            raise timeout_error(deadline, self._operation) from exc

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        """Return what the wrapped stream returns."""
        return self._stream.get_extra_info(info)
