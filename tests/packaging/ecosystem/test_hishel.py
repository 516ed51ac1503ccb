"""hishel, an HTTP cache, as a transport of httpx."""

from pathlib import Path

import httpx
import pytest
from hishel import AsyncSqliteStorage, SqliteStorage
from hishel.httpx import AsyncCacheClient, AsyncCacheTransport, CacheClient, CacheTransport
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.hypercorn import HypercornServer

STALE = {"X-Max-Age": "0"}


def test_client(services: HypercornServer, tmp_path: Path) -> None:
    with CacheClient(storage=SqliteStorage(database_path=tmp_path / "cache"), rfc=True) as client:
        first, second = (client.get(services.http_url + "/cached") for _ in range(2))
    assert [response.extensions["caching"]["from_cache"] for response in (first, second)] == [False, True]
    assert first.text == second.text


def test_revalidation(services: HypercornServer, tmp_path: Path) -> None:
    storage = SqliteStorage(database_path=tmp_path / "cache")
    transport = CacheTransport(httpx.HTTPTransport(), storage=storage, rfc=True)
    with httpx.Client(transport=transport, headers=STALE) as client:
        first, second = (client.get(services.http_url + "/cached") for _ in range(2))
    assert second.extensions["caching"]["revalidated"]
    assert first.text == second.text


def test_a_large_response_over_http2(caddy: CaddyServer, tmp_path: Path) -> None:
    storage = SqliteStorage(database_path=tmp_path / "cache")
    transport = CacheTransport(httpx.HTTPTransport(http1=False, http2=True), storage=storage)
    with httpx.Client(transport=transport) as client:
        first, second = (client.get(caddy.http_url + "/1mb.bin") for _ in range(2))
    assert second.extensions["caching"]["from_cache"]
    assert len(first.content) == 1_000_000
    assert first.content == second.content


@pytest.mark.anyio
async def test_async_client(services: HypercornServer, tmp_path: Path) -> None:
    storage = AsyncSqliteStorage(database_path=tmp_path / "cache")
    async with AsyncCacheClient(storage=storage, rfc=True) as client:
        first, second = [await client.get(services.http_url + "/cached") for _ in range(2)]
    assert [response.extensions["caching"]["from_cache"] for response in (first, second)] == [False, True]
    assert first.text == second.text


@pytest.mark.anyio
async def test_async_revalidation(services: HypercornServer, tmp_path: Path) -> None:
    storage = AsyncSqliteStorage(database_path=tmp_path / "cache")
    transport = AsyncCacheTransport(httpx.AsyncHTTPTransport(), storage=storage, rfc=True)
    async with httpx.AsyncClient(transport=transport, headers=STALE) as client:
        first, second = [await client.get(services.http_url + "/cached") for _ in range(2)]
    assert second.extensions["caching"]["revalidated"]
    assert first.text == second.text
