"""respx, whose `httpcore` mocker replaces methods of the pools and connections by name."""

import httpcore
import httpx
import pytest
import respx
from httpcore_test_support.caddy import CaddyServer

URL = "https://mocked.invalid/path"


class TestSync:
    def test_requests_of_httpx_are_answered(self) -> None:
        with respx.mock(using="httpcore") as mock:
            route = mock.post(URL, json={"key": "value"}).respond(201, json={"answer": 42}, headers={"X-Header": "a"})
            with httpx.Client() as client:
                response = client.post(URL, json={"key": "value"})
        assert (response.status_code, response.json(), response.headers["X-Header"]) == (201, {"answer": 42}, "a")
        assert route.call_count == 1

    def test_requests_of_pools_are_mocked(self) -> None:
        with respx.mock(using="httpcore") as mock, httpcore.ConnectionPool() as pool:
            mock.get(URL).respond(content=b"mocked")
            assert pool.request("GET", URL).content == b"mocked"

    def test_requests_through_proxies_are_mocked(self) -> None:
        with respx.mock(using="httpcore") as mock, httpcore.HTTPProxy("http://127.0.0.1:1") as pool:
            mock.get(URL).respond(content=b"mocked")
            assert pool.request("GET", URL).content == b"mocked"

    def test_errors_are_raised(self) -> None:
        with respx.mock(using="httpcore") as mock, httpx.Client() as client:
            mock.get(URL).mock(side_effect=httpx.ReadTimeout)
            with pytest.raises(httpx.ReadTimeout):
                client.get(URL)

    def test_what_passes_reaches_the_server(self, caddy: CaddyServer) -> None:
        with respx.mock(using="httpcore") as mock, httpx.Client() as client:
            route = mock.post(caddy.http_url + "/echo").pass_through()
            assert client.post(caddy.http_url + "/echo", content=b"text").content == b"text"
        assert route.called

    def test_mock_is_removed_afterwards(self, caddy: CaddyServer) -> None:
        with respx.mock(using="httpcore"):
            pass
        assert httpcore.request("GET", caddy.http_url + "/").content == b"Hello, world!\n"


@pytest.mark.anyio
class TestAsync:
    async def test_requests_of_httpx_are_answered(self) -> None:
        async with respx.mock(using="httpcore") as mock, httpx.AsyncClient() as client:
            mock.post(URL, content=b"text").respond(json={"answer": 42})
            assert (await client.post(URL, content=b"text")).json() == {"answer": 42}

    async def test_requests_of_pools_are_mocked(self) -> None:
        async with respx.mock(using="httpcore") as mock, httpcore.AsyncConnectionPool() as pool:
            mock.get(URL).respond(content=b"mocked")
            assert (await pool.request("GET", URL)).content == b"mocked"

    async def test_requests_through_proxies_are_mocked(self) -> None:
        async with respx.mock(using="httpcore") as mock, httpcore.AsyncHTTPProxy("http://127.0.0.1:1") as pool:
            mock.get(URL).respond(content=b"mocked")
            assert (await pool.request("GET", URL)).content == b"mocked"

    async def test_what_passes_reaches_the_server(self, caddy: CaddyServer) -> None:
        async with respx.mock(using="httpcore") as mock, httpx.AsyncClient() as client:
            mock.post(caddy.http_url + "/echo").pass_through()
            assert (await client.post(caddy.http_url + "/echo", content=b"text")).content == b"text"
