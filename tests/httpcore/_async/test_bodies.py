"""Bodies that may have to be sent again."""

from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from httpcore._async.bodies import AsyncRewindableBody

pytestmark = pytest.mark.anyio


class AsyncParts:
    """A body that counts its iterators, and those that are open."""

    def __init__(self) -> None:
        self.begun = self.open = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.begun += 1
        self.open += 1
        try:
            yield b"one"
            yield b"two"
        finally:
            self.open -= 1


async def begin(body: AsyncRewindableBody) -> None:
    """Send the first part only."""
    parts = body.__aiter__()
    assert isinstance(parts, AsyncGenerator)
    assert await parts.__anext__() == b"one"
    await parts.aclose()


@pytest.mark.fault("P4")
async def test_body_refused_repeatedly_is_started_once_more() -> None:
    parts = AsyncParts()
    body = AsyncRewindableBody(parts)
    await begin(body)
    for _ in range(3):
        assert await body.rewind()
        assert (parts.begun, parts.open) == (2, 1)
    async for part in body:
        assert part in (b"one", b"two")
    assert (parts.begun, parts.open) == (2, 0)


@pytest.mark.fault("P4")
async def test_discarded_body_is_closed() -> None:
    parts = AsyncParts()
    body = AsyncRewindableBody(parts)
    await begin(body)
    assert await body.rewind()
    await body.discard()
    assert (parts.begun, parts.open) == (2, 0)
    await body.discard()
