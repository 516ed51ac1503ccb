"""A resolver that does not answer, which only async code can leave."""

from typing import Any

import anyio
import pytest
import trio
from httpcore_models import ConnectTimeout
from httpcore_models.network import async_resolve


@pytest.mark.anyio
async def test_it_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*arguments: Any, **options: Any) -> list[Any]:
        await anyio.sleep_forever()
        raise AssertionError("unreachable")

    monkeypatch.setattr(anyio, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(trio.socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(ConnectTimeout, match=r"^Name resolution timed out after 0\.05 seconds \(example\.com\)$"):
        await async_resolve("example.com", 0.05)
