"""vcrpy 8.0 and 8.1, which replace methods of pools; later releases replace those of httpx."""

from pathlib import Path

import httpcore
import pytest
import vcr
from httpcore_test_support.hypercorn import HypercornServer

# It leaves responses open when it has read them.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning")


def test_pools(services: HypercornServer, tmp_path: Path) -> None:
    url, cassette = services.http_url + "/count", str(tmp_path / "cassette.yaml")
    with vcr.use_cassette(cassette), httpcore.ConnectionPool(max_connections=1) as pool:
        recorded = [pool.request("GET", url).content for _ in range(2)]
    assert recorded[0] != recorded[1]
    with vcr.use_cassette(cassette, record_mode="none"), httpcore.ConnectionPool() as pool:
        assert [pool.request("GET", url).content for _ in range(2)] == recorded


@pytest.mark.anyio
async def test_async_pools(services: HypercornServer, tmp_path: Path) -> None:
    url, cassette = services.http_url + "/count", str(tmp_path / "cassette.yaml")
    with vcr.use_cassette(cassette):
        async with httpcore.AsyncConnectionPool() as pool:
            recorded = [(await pool.request("GET", url)).content for _ in range(2)]
    assert recorded[0] != recorded[1]
    with vcr.use_cassette(cassette, record_mode="none"):
        async with httpcore.AsyncConnectionPool() as pool:
            assert [(await pool.request("GET", url)).content for _ in range(2)] == recorded
