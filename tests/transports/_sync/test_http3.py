# Generated from ../_async/test_http3.py by tools/make_sync.py: edit that file, then run it.
"""The option of transports for HTTP/3. What it does is that of the pool."""

import sys
from typing import Any

import pytest
from httpcore_test_support._sync.fake_http3 import fake_module

pytestmark = pytest.mark.anyio


def test_http3_is_an_option_of_the_pool(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpcore_h3", fake_module())
    with form.client(http3=True) as client, form.client() as other:
        assert client._transport._pool.stats().http3 == {"opened": 0, "fell_back": 0, "broken": 0}
        assert other._transport._pool.stats().http3 is None
    with form.client(http1=False, http3=True) as client:
        with pytest.raises(form.httpx.UnsupportedProtocol, match="HTTP/3 is the only protocol"):
            client.get("http://127.0.0.1/")


def test_its_package_may_be_missing(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpcore_h3", None)
    with pytest.raises(ModuleNotFoundError, match=r"httpcore\[http3\]"):
        form.client(http3=True)
