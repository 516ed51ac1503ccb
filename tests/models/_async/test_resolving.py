"""Resolving a name without connecting to it."""

import socket

import pytest
from httpcore_models import ConnectError
from httpcore_models.network import async_resolve
from httpcore_test_support.resolving import async_resolve_to

pytestmark = pytest.mark.anyio

IPV4 = (socket.AF_INET, ("10.0.0.1", 0))
IPV6 = (socket.AF_INET6, ("2001:db8::1", 0, 0, 0))


async def test_addresses_keep_the_order_of_the_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    async_resolve_to(monkeypatch, IPV6, IPV4)
    assert await async_resolve("example.com", 1.0) == ["2001:db8::1", "10.0.0.1"]


async def test_localhost_resolves_with_the_real_resolver() -> None:
    assert "127.0.0.1" in await async_resolve("localhost")
    assert await async_resolve("10.0.0.1") == ["10.0.0.1"]


async def test_unknown_name_raises_connect_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async_resolve_to(monkeypatch, OSError("no such name"))
    with pytest.raises(ConnectError, match=r"^no such name \(example\.com\)$"):
        await async_resolve("example.com", 1.0)
