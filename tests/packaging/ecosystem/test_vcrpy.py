"""vcrpy, which records what httpx gets and plays it again; through the pools of httpcore in some releases."""

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import httpcore
import httpx
import pytest
import vcr
from httpcore_test_support.hypercorn import HypercornServer

# 8.0 and 8.1 replace methods of the pools, later releases those of the transports of httpx.
REPLACES_POOLS = importlib.metadata.version("vcrpy").startswith(("8.0.", "8.1."))


@pytest.fixture
def cassette(tmp_path: Path) -> Iterator[Path]:
    """The file to record to; it has to be used."""
    path = tmp_path / "cassette.yaml"
    yield path
    assert "count" in path.read_text()


def play(cassette: Path) -> vcr.cassette.CassetteContextDecorator:
    """A cassette that allows no request that it does not have."""
    return vcr.use_cassette(str(cassette), record_mode="none")


def test_httpx(services: HypercornServer, cassette: Path) -> None:
    url = services.http_url + "/count"
    with vcr.use_cassette(str(cassette)), httpx.Client() as client:
        recorded = [client.get(url).text, client.get(url).text]
    assert recorded[0] != recorded[1]
    with play(cassette) as played, httpx.Client() as client:
        assert [client.get(url).text, client.get(url).text] == recorded
        assert played.play_count == 2
        with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException):
            client.get(url)


def test_httpx_streaming(services: HypercornServer, cassette: Path) -> None:
    url = services.http_url + "/count"
    with vcr.use_cassette(str(cassette)), httpx.Client() as client, client.stream("GET", url) as response:
        recorded = b"".join(response.iter_bytes())
    with play(cassette), httpx.Client() as client, client.stream("GET", url) as response:
        assert b"".join(response.iter_bytes()) == recorded


@pytest.mark.anyio
async def test_httpx_async(services: HypercornServer, cassette: Path) -> None:
    url = services.http_url + "/count"
    with vcr.use_cassette(str(cassette)):
        async with httpx.AsyncClient() as client:
            recorded = [(await client.get(url)).text, (await client.get(url)).text]
    with play(cassette):
        async with httpx.AsyncClient() as client:
            assert [(await client.get(url)).text, (await client.get(url)).text] == recorded


@pytest.mark.skipif(not REPLACES_POOLS, reason="this release records httpx only")
def test_pools(services: HypercornServer, cassette: Path) -> None:
    url = services.http_url + "/count"
    with vcr.use_cassette(str(cassette)), httpcore.ConnectionPool() as pool:
        recorded = [pool.request("GET", url).content for _ in range(2)]
    with play(cassette), httpcore.ConnectionPool() as pool:
        assert [pool.request("GET", url).content for _ in range(2)] == recorded


@pytest.mark.skipif(not REPLACES_POOLS, reason="this release records httpx only")
@pytest.mark.anyio
async def test_async_pools(services: HypercornServer, cassette: Path) -> None:
    url = services.http_url + "/count"
    with vcr.use_cassette(str(cassette)):
        async with httpcore.AsyncConnectionPool() as pool:
            recorded = [(await pool.request("GET", url)).content for _ in range(2)]
    with play(cassette):
        async with httpcore.AsyncConnectionPool() as pool:
            assert [(await pool.request("GET", url)).content for _ in range(2)] == recorded
