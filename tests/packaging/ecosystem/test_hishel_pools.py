"""hishel before 1.0, whose pools wrap those of httpcore and have the same interface."""

import hishel
import httpcore
import httpx
import pytest
from httpcore_test_support.hypercorn import HypercornServer

# It leaves responses open when it has read them.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning")

STALE = {"X-Max-Age": "0"}


def test_pool(services: HypercornServer) -> None:
    url = services.http_url + "/cached"
    with hishel.CacheConnectionPool(httpcore.ConnectionPool(), hishel.InMemoryStorage()) as pool:
        first, second = (pool.request("GET", url) for _ in range(2))
    assert [response.extensions["from_cache"] for response in (first, second)] == [False, True]
    assert first.content == second.content


def test_revalidation(services: HypercornServer) -> None:
    url = services.http_url + "/cached"
    connections = httpcore.ConnectionPool(max_connections=1)
    with hishel.CacheConnectionPool(connections, hishel.InMemoryStorage()) as pool:
        first, second, third = (pool.request("GET", url, headers=STALE) for _ in range(3))
    assert [response.extensions["revalidated"] for response in (first, second, third)] == [False, True, True]
    assert first.content == second.content == third.content


def test_transport(services: HypercornServer) -> None:
    transport = hishel.CacheTransport(httpx.HTTPTransport(), hishel.InMemoryStorage())
    with httpx.Client(transport=transport) as client:
        first, second = (client.get(services.http_url + "/cached") for _ in range(2))
    assert second.extensions["from_cache"]
    assert first.text == second.text


@pytest.mark.anyio
async def test_async_pool(services: HypercornServer) -> None:
    url = services.http_url + "/cached"
    connections = httpcore.AsyncConnectionPool()
    async with hishel.AsyncCacheConnectionPool(connections, hishel.AsyncInMemoryStorage()) as pool:
        first, second = [await pool.request("GET", url) for _ in range(2)]
    assert [response.extensions["from_cache"] for response in (first, second)] == [False, True]
    assert first.content == second.content


@pytest.mark.anyio
async def test_async_revalidation(services: HypercornServer) -> None:
    url = services.http_url + "/cached"
    connections = httpcore.AsyncConnectionPool(max_connections=1)
    async with hishel.AsyncCacheConnectionPool(connections, hishel.AsyncInMemoryStorage()) as pool:
        responses = [await pool.request("GET", url, headers=STALE) for _ in range(3)]
    assert [response.extensions["revalidated"] for response in responses] == [False, True, True]
    assert len({response.content for response in responses}) == 1
