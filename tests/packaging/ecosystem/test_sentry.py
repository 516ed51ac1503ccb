"""The Sentry SDK, which sends events through the pools of httpcore, and watches httpx."""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import httpcore
import httpx
import pytest
import sentry_sdk
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.hypercorn import HypercornServer
from httpcore_test_support.proxies import ProxyServer, pproxy_server
from sentry_sdk.integrations.asyncio import AsyncioIntegration
from sentry_sdk.integrations.httpx import HttpxIntegration
from sentry_sdk.transport import AsyncHttpTransport, Http2Transport

POOLS = {"": httpcore.ConnectionPool, "http": httpcore.HTTPProxy, "socks5": httpcore.SOCKSProxy}


@pytest.fixture(scope="module")
def open_proxy() -> Iterator[ProxyServer]:
    """A proxy without credentials: the SDK cannot pass them to SOCKS proxies."""
    with pproxy_server() as server:
        yield server


@pytest.fixture
def text() -> Iterator[str]:
    """An event to send. Afterwards there is no client."""
    yield str(uuid.uuid4())
    sentry_sdk.get_global_scope().set_client(None)


def options_of(services: HypercornServer, certificates: Certificates, **more: Any) -> dict[str, Any]:
    """Arguments of `sentry_sdk.init()`."""
    return {
        "dsn": services.https_url.replace("//", "//key@") + "/1",
        "ca_certs": str(certificates.authority_pem),
        "default_integrations": False,
        "auto_enabling_integrations": False,
        "enable_backpressure_handling": False,  # its thread cannot be stopped
        "traces_sample_rate": 1.0,
        **more,
    }


def finish() -> None:
    """Send pending events; close the client, and the pool, which the client leaves open."""
    client = sentry_sdk.get_client()
    pool = client.transport._pool
    client.close(5.0)
    pool.close()


def received(services: HypercornServer, certificates: Certificates, text: str) -> list[dict[str, Any]]:
    """The envelopes with `text` that reached the server."""
    url = services.https_url + "/envelopes"
    response = httpx.get(url, verify=certificates.client_context(), trust_env=False)
    return [envelope for envelope in response.json() if text in envelope["content"]]


@pytest.mark.parametrize("scheme", POOLS)
def test_http2_transport(
    services: HypercornServer, open_proxy: ProxyServer, certificates: Certificates, text: str, scheme: str
) -> None:
    options = {"https_proxy": open_proxy.url(scheme)} if scheme else {}
    sentry_sdk.init(**options_of(services, certificates, _experiments={"transport_http2": True}, **options))
    transport = sentry_sdk.get_client().transport
    assert type(transport) is Http2Transport
    assert type(transport._pool) is POOLS[scheme]
    for _ in range(3):
        sentry_sdk.capture_message(text)
    finish()
    assert [envelope["http_version"] for envelope in received(services, certificates, text)] == ["2"] * 3


def test_async_transport(services: HypercornServer, certificates: Certificates, text: str) -> None:
    async def main() -> None:
        options = {"_experiments": {"transport_async": True}, "integrations": [AsyncioIntegration()]}
        sentry_sdk.init(**options_of(services, certificates, **options))
        transport = sentry_sdk.get_client().transport
        assert type(transport) is AsyncHttpTransport
        assert type(transport._pool) is httpcore.AsyncConnectionPool
        sentry_sdk.capture_message(text)
        await sentry_sdk.get_client().close_async(5.0)

    asyncio.run(main())
    assert [envelope["http_version"] for envelope in received(services, certificates, text)] == ["2"]


@pytest.mark.parametrize("is_async", [False, True])
def test_httpx_is_watched(services: HypercornServer, certificates: Certificates, text: str, is_async: bool) -> None:
    sentry_sdk.init(**options_of(services, certificates, integrations=[HttpxIntegration()], transport=Http2Transport))
    url = f"{services.http_url}/trace-headers?{text}"

    async def fetch() -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.get(url)

    with sentry_sdk.start_transaction(name="transaction") as transaction:
        response = asyncio.run(fetch()) if is_async else httpx.get(url)
        assert response.json()["sentry-trace"].startswith(transaction.trace_id)
    finish()
    (envelope,) = received(services, certificates, text)
    assert '"op":"http.client"' in envelope["content"]
