"""The stream to a proxy during the negotiation."""

from collections.abc import Callable
from typing import Any

from httpcore_models import AsyncNetworkStream, ReadTimeout, WriteTimeout
from httpcore_models.deadline import Deadline, TotalSeconds

from .._timeouts import remaining_time, timeout_error


class AsyncDeadlineStream(AsyncNetworkStream):
    """A stream with one deadline for all reads and writes; `operation()` names what they are part of, for errors.

    If the deadline has no limit, each call has the limit that it is given, and its timeouts pass through unchanged.
    With `single_waits`, so it is within the deadline too.
    """

    def __init__(
        self,
        stream: AsyncNetworkStream,
        deadline: Deadline,
        operation: Callable[[], str],
        single_waits: bool = False,
    ) -> None:
        self.deadline = deadline
        self._stream = stream
        self._operation = operation
        self._single_waits = single_waits

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, within the remaining time."""
        if self.deadline.timeout is None:
            return await self._stream.read(max_bytes, timeout)
        limit, is_own = self._limit(timeout)
        try:
            return await self._stream.read(max_bytes, limit)
        except ReadTimeout as exc:
            if is_own:
                raise
            raise timeout_error(self.deadline, self._operation) from exc

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, within the remaining time."""
        if self.deadline.timeout is None:
            return await self._stream.write(buffer, timeout)
        limit, is_own = self._limit(timeout)
        try:
            await self._stream.write(buffer, limit)
        except WriteTimeout as exc:
            if is_own:
                raise
            raise timeout_error(self.deadline, self._operation) from exc

    def _limit(self, timeout: float | None) -> tuple[float | None, bool]:
        """Return the limit of a wait that begins now, and whether that is its own, which is `timeout`."""
        remaining = remaining_time(self.deadline, self._operation)
        is_own = remaining is None or (
            self._single_waits and timeout is not None and timeout < remaining and not isinstance(timeout, TotalSeconds)
        )
        return (timeout if is_own else remaining), is_own

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        """Return what the wrapped stream returns."""
        return self._stream.get_extra_info(info)
