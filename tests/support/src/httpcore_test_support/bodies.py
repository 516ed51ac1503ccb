"""Bodies of requests that serve sync and async connections alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

__all__ = ["PartsInMemory"]


class PartsInMemory:
    """A body that can be iterated over in sync and async code, like those of httpx."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
