"""vcrpy, which records the responses of httpx and replays them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import vcr
from httpcore_test_support.hypercorn import HypercornServer

# Releases before 9 leave responses open when they have read them.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning")


@pytest.fixture
def cassette(tmp_path: Path) -> Iterator[Path]:
    """The file to record to; it must be used."""
    path = tmp_path / "cassette.yaml"
    yield path
    assert "count" in path.read_text()


def play(cassette: Path) -> vcr.cassette.CassetteContextDecorator:
    """A cassette that allows only the requests that it contains."""
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
