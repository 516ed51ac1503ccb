"""pytest-httpx, which replaces the transports of httpx and inspects their pools and proxies."""

from collections.abc import Callable

import httpcore
import httpx
import pytest
from httpcore_test_support.caddy import CaddyServer
from pytest_httpx import HTTPXMock

URL = "https://mocked.invalid/path"
PROXY = "http://user:secret@127.0.0.1:1/"


def test_responses(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=URL, method="POST", match_content=b"text", json={"answer": 42}, status_code=201)
    with httpx.Client(http2=True) as client:
        response = client.post(URL, content=b"text")
    assert (response.status_code, response.json()) == (201, {"answer": 42})


@pytest.mark.anyio
async def test_async_responses(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=URL, content=b"mocked")
    async with httpx.AsyncClient() as client, client.stream("GET", URL) as response:
        assert b"".join([part async for part in response.aiter_bytes()]) == b"mocked"


def test_the_proxy_is_known(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=URL, proxy_url=PROXY)
    with httpx.Client(proxy=PROXY) as client:
        assert type(client._transport_for_url(httpx.URL(URL))._pool) is httpcore.HTTPProxy
        assert client.get(URL).status_code == 200


@pytest.mark.anyio
async def test_the_proxy_is_known_async(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=URL, proxy_url=PROXY)
    async with httpx.AsyncClient(proxy=PROXY) as client:
        assert (await client.get(URL)).status_code == 200


def test_errors(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout("late"), url=URL)
    with httpx.Client() as client, pytest.raises(httpx.ReadTimeout):
        client.get(URL)


@pytest.fixture
def not_mocked(caddy: CaddyServer) -> Callable[[httpx.Request], bool]:
    """Requests that are not mocked."""
    return lambda request: request.url.port != caddy.http_port


class TestNotMocked:
    @pytest.fixture(autouse=True)
    def _leave_caddy_alone(self, request: pytest.FixtureRequest, not_mocked: Callable[[httpx.Request], bool]) -> None:
        request.node.add_marker(pytest.mark.httpx_mock(should_mock=not_mocked))

    def test_the_server_is_reached(self, caddy: CaddyServer, httpx_mock: HTTPXMock) -> None:
        httpx_mock.add_response(url=URL, text="mocked")
        with httpx.Client() as client:
            assert client.get(URL).text == "mocked"
            assert client.get(caddy.http_url + "/").text == "Hello, world!\n"
