"""Requests and responses of all kinds, from real servers."""

import gc
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpcore
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.httpx_bodies import async_parts
from httpcore_test_support.hypercorn import HypercornServer
from httpcore_test_support.node import NodeServer
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_request, send
from httpcore_test_support.waiting import async_at_once, async_wait_until

pytestmark = pytest.mark.anyio


async def pieces() -> AsyncIterator[bytes]:
    """A body of unknown length."""
    yield b"Hello, "
    yield b"world!"


def collect(objects: list[Any]) -> None:
    """Drop `objects`, which may be parts of reference cycles."""
    objects.clear()
    gc.collect()


class TestRequests:
    async def test_get(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client() as client:
            response = await client.get(f"{caddy.http_url}/inspect", headers={"X-Header": "value"}, params={"a": "b"})
        assert (response.status_code, response.http_version, response.reason_phrase) == (200, "HTTP/1.1", "OK")
        assert response.text.startswith("GET /inspect?a=b HTTP/1.1 127.0.0.1")

    @pytest.mark.parametrize("http2", [False, True])
    async def test_tls(self, form: Any, caddy: CaddyServer, certificates: Certificates, http2: bool) -> None:
        async with form.async_client(verify=certificates.client_context(), http2=http2) as client:
            for _ in range(2):
                response = await client.post(f"{caddy.https_url}/echo", content=b"text")
                assert (response.content, response.http_version) == (b"text", "HTTP/2" if http2 else "HTTP/1.1")

    @pytest.mark.parametrize("http2", [False, True])
    async def test_a_generator(self, form: Any, node: NodeServer, http2: bool) -> None:
        async with form.async_client(http1=not http2, http2=http2) as client:
            url = node.h2c_url if http2 else node.http_url
            assert (await client.post(f"{url}/echo", content=pieces())).content == b"Hello, world!"

    async def test_redirects_and_cookies_of_the_client(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client() as client:
            response = await client.get(f"{caddy.http_url}/redirect", follow_redirects=True)
        assert response.url.path == "/small.txt"
        assert [previous.status_code for previous in response.history] == [302]

    async def test_extensions_reach_the_pool(self, form: Any, caddy: CaddyServer) -> None:
        events: list[str] = []

        async def trace(name: str, info: dict[str, Any]) -> None:
            events.append(name)

        async with form.async_client() as client:
            await client.get(caddy.http_url, extensions={"trace": trace})
        assert events[0] == "connection.connect_tcp.started"
        assert events[-1] == "http11.response_closed.complete"

    async def test_many_at_once(self, form: Any, caddy: CaddyServer, certificates: Certificates) -> None:
        async with form.async_client(verify=certificates.client_context(), http2=True, timeout=10.0) as client:

            async def get() -> Any:
                return (await client.get(caddy.https_url)).text

            assert await async_at_once(*[get] * 40) == ["Hello, world!\n"] * 40

    async def test_without_a_client(self, form: Any, caddy: CaddyServer) -> None:
        async with form.transports.AsyncHTTPTransport() as transport:
            response = await transport.handle_async_request(form.httpx.Request("GET", caddy.http_url))
            assert await response.aread() == b"Hello, world!\n"
            await response.aclose()


class TestResponses:
    async def test_the_parts_of_a_stream(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client() as client, client.stream("GET", f"{caddy.http_url}/1mb.bin") as response:
            received = await async_parts(response)
        assert len(received) > 1
        assert hashlib.sha256(b"".join(received)).hexdigest() == caddy.files["/1mb.bin"].sha256

    async def test_leaving_early_frees_the_connection(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client() as client:
            for _ in range(2):
                async with client.stream("GET", f"{caddy.http_url}/50mb.bin") as response:
                    assert response.status_code == 200
            assert (await client.get(caddy.http_url)).status_code == 200

    async def test_a_dropped_response_frees_the_connection(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client() as client:
            response = await client.send(client.build_request("GET", f"{caddy.http_url}/50mb.bin"), stream=True)
            dropped = [response]
            del response
            with pytest.warns(ResourceWarning):
                collect(dropped)
            assert (await client.get(caddy.http_url)).status_code == 200

    @pytest.mark.parametrize("closed", [False, True])
    async def test_the_exchange_ends_with_the_iterator(self, form: Any, caddy: CaddyServer, closed: bool) -> None:
        limits = form.httpx.Limits(max_connections=1)
        async with form.transports.AsyncHTTPTransport(limits=limits) as transport:
            for _ in range(2):
                request = form.httpx.Request("GET", f"{caddy.http_url}/50mb.bin", extensions={"timeout": {"pool": 0.0}})
                response = await transport.handle_async_request(request)
                parts = response.stream.__aiter__()
                assert await parts.__anext__()
                if closed:
                    await parts.aclose()
                else:
                    del parts
                    gc.collect()
            await response.aclose()

    @pytest.mark.parametrize("http2", [False, True])
    async def test_trailers(self, form: Any, hypercorn: HypercornServer, http2: bool) -> None:
        if not http2:
            body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nchecksum: abc\r\n\r\n"
            with scripted_server([receive_request(), send(body)]) as server:
                async with form.async_client() as client:
                    response = await client.get(server.url)
        else:
            async with form.async_client(http1=False, http2=True) as client:
                response = await client.get(f"{hypercorn.http_url}/trailers", headers={"TE": "trailers"})
        assert response.extensions["trailing_headers"] == [(b"checksum", b"abc")]


class TestConnections:
    async def test_limits(self, form: Any, caddy: CaddyServer) -> None:
        for limit, count in ((0, 3), (1, 1)):
            limits = form.httpx.Limits(max_connections=1, max_keepalive_connections=limit)
            async with form.async_client(limits=limits) as client:
                ports = {(await client.get(caddy.http_url)).headers["X-Remote-Port"] for _ in range(3)}
            assert len(ports) == count

    async def test_idle_ones_expire(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client(limits=form.httpx.Limits(keepalive_expiry=0.0)) as client:
            ports = {(await client.get(caddy.http_url)).headers["X-Remote-Port"] for _ in range(3)}
        assert len(ports) == 3

    async def test_a_unix_socket(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client(uds=caddy.unix_socket) as client:
            assert (await client.get("http://localhost/inspect")).text.startswith("GET /inspect HTTP/1.1 localhost")

    async def test_the_address_to_connect_from(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client(local_address="127.0.0.2") as client:
            stream = (await client.get(caddy.http_url)).extensions["network_stream"]
            assert stream.get_extra_info("client_addr")[0] == "127.0.0.2"

    async def test_a_backend(self, form: Any) -> None:
        backend = httpcore.AsyncMockBackend([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])
        async with form.async_client(network_backend=backend) as client:
            assert (await client.get("http://nowhere.invalid/")).text == "ok"


class TestClosing:
    async def test_the_client_closes_the_connections(self, form: Any) -> None:
        with scripted_server([receive_request(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]) as server:
            client = form.async_client()
            async with client:
                assert (await client.get(server.url)).text == "ok"
                assert server.open_connections == 1
            await async_wait_until(lambda: not server.open_connections)

    async def test_a_closed_transport_can_be_used_again(self, form: Any, caddy: CaddyServer) -> None:
        transport = form.transports.AsyncHTTPTransport()
        for _ in range(2):
            async with form.httpx.AsyncClient(transport=transport) as client:
                assert (await client.get(caddy.http_url)).status_code == 200
        assert repr(transport).startswith("<AsyncHTTPTransport <AsyncConnectionPool [Requests: 0 active")
