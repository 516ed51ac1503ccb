"""Bodies of requests: for sync and async connections alike, and with points where a task may be cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import anyio

__all__ = ["PartsInMemory", "async_body"]


class PartsInMemory:
    """A body that can be iterated over in sync and async code, like those of httpx."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


async def async_body(*parts: bytes) -> AsyncIterator[bytes]:
    """Yield parts that take a turn of the event loop each."""
    for part in parts:
        await anyio.lowlevel.checkpoint()
        yield part
