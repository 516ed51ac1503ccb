"""A body held in memory."""

from collections.abc import AsyncIterator, Iterator


class ByteStream:
    """A body held in memory. Iterating, sync or async, yields it in one piece; this can be repeated.

    `content` is the body as `bytes`.
    """

    def __init__(self, content: bytes) -> None:
        self.content: bytes = content

    def __iter__(self) -> Iterator[bytes]:
        yield self.content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.content

    def __bytes__(self) -> bytes:
        return self.content

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{len(self.content)} bytes]>"


EMPTY = ByteStream(b"")
