"""httpx on top, unchanged: requests and responses of all kinds, from a real server."""

import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpcore
import httpx
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.httpx_bodies import async_lines, async_parts

pytestmark = pytest.mark.anyio

NewClient = Callable[..., httpx.AsyncClient]


async def pieces() -> AsyncIterator[bytes]:
    """A body of unknown length."""
    yield b"Hello, "
    yield b"world!"


@pytest.fixture
def new_client(caddy: CaddyServer, certificates: Certificates) -> NewClient:
    """A function that makes clients of the server."""
    context: ssl.SSLContext = certificates.client_context()

    def new(**options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(**{"base_url": caddy.http_url, "verify": context, "trust_env": False, **options})

    return new


def test_httpx_uses_this_package() -> None:
    transport = httpx.AsyncHTTPTransport(verify=False)
    assert type(transport._pool) is httpcore.AsyncConnectionPool


class TestRequests:
    async def test_limit_of_the_whole_request(self, new_client: NewClient) -> None:
        async with new_client() as client:
            request = client.build_request("GET", "/slow")
            request.extensions["timeout"]["total"] = 0.2
            with pytest.raises(httpx.ReadTimeout, match=r"within the total limit of 0\.2 seconds"):
                await client.send(request)

    async def test_get(self, new_client: NewClient) -> None:
        async with new_client() as client:
            response = await client.get("/", headers={"X-Header": "value"}, params={"a": "b"})
        assert (response.status_code, response.text) == (200, "Hello, world!\n")
        assert (response.http_version, response.reason_phrase) == ("HTTP/1.1", "OK")
        assert response.headers["Content-Length"] == "14"

    async def test_post_json(self, new_client: NewClient) -> None:
        async with new_client() as client:
            response = await client.post("/echo", json={"text": "Grüße"})
        assert json.loads(response.content) == {"text": "Grüße"}

    async def test_post_bytes(self, new_client: NewClient) -> None:
        content = bytes(range(256)) * 4096
        async with new_client() as client:
            response = await client.post("/echo", content=content)
        assert response.headers["X-Method"] == "POST"
        assert response.content == content

    async def test_post_multipart(self, new_client: NewClient) -> None:
        async with new_client() as client:
            files = {"file": ("name.txt", b"content of the file", "text/plain")}
            response = await client.post("/echo", data={"field": "text"}, files=files)
        assert b'name="file"; filename="name.txt"\r\nContent-Type: text/plain\r\n\r\ncontent of the file' in (
            response.content
        )
        assert b'name="field"\r\n\r\ntext' in response.content

    async def test_post_a_generator(self, new_client: NewClient) -> None:
        async with new_client() as client:
            response = await client.post("/echo", content=pieces())
        assert response.request.headers["Transfer-Encoding"] == "chunked"
        assert response.content == b"Hello, world!"

    async def test_head_and_statuses(self, new_client: NewClient) -> None:
        async with new_client() as client:
            assert (await client.head("/")).content == b""
            assert (await client.get("/status/204")).status_code == 204
            response = await client.get("/status/404")
            with pytest.raises(httpx.HTTPStatusError):
                response.raise_for_status()

    async def test_redirects(self, new_client: NewClient) -> None:
        async with new_client(follow_redirects=True) as client:
            response = await client.get("/redirect")
        assert response.url.path == "/small.txt"
        assert [previous.status_code for previous in response.history] == [302]

    async def test_event_hooks(self, new_client: NewClient) -> None:
        seen: list[Any] = []

        async def on_request(request: httpx.Request) -> None:
            seen.append(request.url.path)

        async def on_response(response: httpx.Response) -> None:
            await response.aread()
            seen.append(response.text)

        async with new_client(event_hooks={"request": [on_request], "response": [on_response]}) as client:
            await client.get("/")
        assert seen == ["/", "Hello, world!\n"]

    async def test_the_trace_extension(self, new_client: NewClient) -> None:
        events: list[str] = []

        async def trace(name: str, info: dict[str, Any]) -> None:
            events.append(name)

        async with new_client() as client:
            await client.get("/", extensions={"trace": trace})
        assert events == [
            f"{name}.{step}"
            for name in (
                "connection.connect_tcp",
                "http11.send_request_headers",
                "http11.send_request_body",
                "http11.receive_response_headers",
                "http11.receive_response_body",
                "http11.response_closed",
            )
            for step in ("started", "complete")
        ]


class TestStreaming:
    async def test_bytes(self, new_client: NewClient, caddy: CaddyServer) -> None:
        async with new_client() as client, client.stream("GET", "/1mb.bin") as response:
            assert not response.is_closed
            received = await async_parts(response)
            assert response.is_closed
        assert len(received) > 1
        assert hashlib.sha256(b"".join(received)).hexdigest() == caddy.files["/1mb.bin"].sha256

    async def test_parts_of_one_size(self, new_client: NewClient) -> None:
        async with new_client() as client, client.stream("GET", "/bytes/100000") as response:
            received = await async_parts(response, 30_000)
        assert [len(part) for part in received] == [30_000, 30_000, 30_000, 10_000]

    async def test_lines(self, new_client: NewClient) -> None:
        async with new_client() as client, client.stream("GET", "/small.txt") as response:
            received = await async_lines(response)
        assert received == ["small and plain"] * 62 + ["small an"]

    async def test_content_of_a_stream_needs_a_read(self, new_client: NewClient) -> None:
        async with new_client() as client, client.stream("GET", "/") as response:
            with pytest.raises(httpx.ResponseNotRead):
                _ = response.content
            assert await response.aread() == b"Hello, world!\n"

    async def test_leaving_early(self, new_client: NewClient) -> None:
        limits = httpx.Limits(max_connections=1)
        async with new_client(limits=limits, timeout=httpx.Timeout(10.0, pool=0.5)) as client:
            for _ in range(2):
                async with client.stream("GET", "/50mb.bin") as response:
                    assert response.status_code == 200
            assert (await client.get("/")).status_code == 200


class TestConnections:
    async def test_connections_are_reused(self, new_client: NewClient) -> None:
        async with new_client() as client:
            ports = {(await client.get("/")).headers["X-Remote-Port"] for _ in range(5)}
        assert len(ports) == 1

    async def test_no_more_are_kept_than_allowed(self, new_client: NewClient) -> None:
        async with new_client(limits=httpx.Limits(max_keepalive_connections=0)) as client:
            ports = {(await client.get("/")).headers["X-Remote-Port"] for _ in range(5)}
        assert len(ports) == 5

    async def test_idle_ones_expire(self, new_client: NewClient) -> None:
        async with new_client(limits=httpx.Limits(keepalive_expiry=0.0)) as client:
            ports = {(await client.get("/")).headers["X-Remote-Port"] for _ in range(3)}
        assert len(ports) == 3

    async def test_a_unix_socket(self, new_client: NewClient, caddy: CaddyServer) -> None:
        transport = httpx.AsyncHTTPTransport(uds=caddy.unix_socket, verify=False)
        async with new_client(transport=transport, base_url="http://localhost") as client:
            response = await client.get("/inspect")
        assert response.text.startswith("GET /inspect HTTP/1.1 localhost")

    async def test_tls(self, new_client: NewClient, caddy: CaddyServer) -> None:
        async with new_client(base_url=caddy.https_url) as client:
            response = await client.get("/")
            stream = response.extensions["network_stream"]
            assert stream.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
        assert response.text == "Hello, world!\n"

    async def test_the_client_can_be_given_the_address(self, new_client: NewClient) -> None:
        transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2", verify=False)
        async with new_client(transport=transport) as client:
            response = await client.get("/")
            stream = response.extensions["network_stream"]
            assert stream.get_extra_info("client_addr")[0] == "127.0.0.2"
