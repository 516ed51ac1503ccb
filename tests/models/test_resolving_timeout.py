"""A resolver that does not answer. Only async code can stop waiting for it."""

from typing import Any

import anyio
import pytest
import trio
from httpcore_models import ConnectTimeout
from httpcore_models.network import async_resolve


@pytest.mark.anyio
async def test_unresponsive_resolver_raises_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*arguments: Any, **options: Any) -> list[Any]:
        await anyio.sleep_forever()
        raise AssertionError("unreachable")

    monkeypatch.setattr(anyio, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(trio.socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(ConnectTimeout, match=r"^Name resolution timed out after 0\.05 seconds \(example\.com\)$"):
        await async_resolve("example.com", 0.05)
