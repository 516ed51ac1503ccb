"""Servers that end their connections and refuse streams: no request is lost, and none is done twice."""

from typing import Any

import pytest
from httpcore import AsyncConnectionPool
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.node import NodeServer
from httpcore_test_support.relay import delaying_relay
from httpcore_test_support.waiting import async_at_once

pytestmark = pytest.mark.anyio

TIMEOUTS = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 30.0}}


@pytest.mark.fault("P5")
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "TLS"])
async def test_many_at_once_on_a_long_path(node: NodeServer, certificates: Certificates, tls: bool) -> None:
    """The server allows ten streams, which the client learns when the first requests are there."""
    url = node.https_url if tls else node.h2c_url
    arguments: dict[str, Any] = {"ssl_context": certificates.client_context()} if tls else {"http1": False}
    with delaying_relay(int(url.rsplit(":", 1)[1]), 0.03) as port:
        async with AsyncConnectionPool(http2=True, **arguments) as pool:

            async def get() -> int:
                url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/"
                return (await pool.request("GET", url, extensions=TIMEOUTS)).status

            assert await async_at_once(*[get] * 100) == [200] * 100
