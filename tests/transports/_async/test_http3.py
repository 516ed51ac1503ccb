"""The option of transports for HTTP/3. What it does is that of the pool."""

import sys
from typing import Any

import pytest
from httpcore_test_support._async.fake_http3 import async_fake_module

pytestmark = pytest.mark.anyio


async def test_http3_is_an_option_of_the_pool(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpcore_h3", async_fake_module())
    async with form.async_client(http3=True) as client, form.async_client() as other:
        assert client._transport._pool.stats().http3 == {"opened": 0, "fell_back": 0, "broken": 0}
        assert other._transport._pool.stats().http3 is None
    async with form.async_client(http1=False, http3=True) as client:
        with pytest.raises(form.httpx.UnsupportedProtocol, match="HTTP/3 is the only protocol"):
            await client.get("http://127.0.0.1/")


async def test_its_package_may_be_missing(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpcore_h3", None)
    with pytest.raises(ModuleNotFoundError, match=r"httpcore\[http3\]"):
        form.async_client(http3=True)
