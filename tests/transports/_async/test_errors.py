"""Failures surface as exceptions of the client library, with their request, and the transport keeps working."""

import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any

import httpcore
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.interpreters import COUNTS_REFERENCES, SHORT
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.sockets import refusing_port, unresponsive_port
from httpcore_test_support.steps import abort, close, hold, receive_request, send

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


async def assert_fails(client: Any, form: Any, url: str, name: str, **options: Any) -> None:
    """Check the error of a request: its class, cause, request and text."""
    with pytest.raises(form.httpx.TransportError) as raised:
        await client.post(url, **options)
    error = raised.value
    assert type(error) is getattr(form.httpx, name)
    assert type(error.__cause__) is getattr(httpcore, name)
    assert str(error) == str(error.__cause__)
    assert error.request.url == url


async def assert_works(client: Any, caddy: CaddyServer) -> None:
    """Check that the client's only connection is free again."""
    assert (await client.get(caddy.http_url)).text == "Hello, world!\n"


class TestTimeouts:
    async def test_connecting(self, form: Any, caddy: CaddyServer) -> None:
        timeout = form.httpx.Timeout(10.0, connect=0.05, pool=0.0)
        async with form.async_client() as client:
            with unresponsive_port() as port:
                await assert_fails(client, form, f"http://127.0.0.1:{port}", "ConnectTimeout", timeout=timeout)
            await assert_works(client, caddy)

    async def test_reading(self, form: Any, caddy: CaddyServer) -> None:
        timeout = form.httpx.Timeout(10.0, read=0.05, pool=0.0)
        async with form.async_client() as client:
            for script in ([receive_request(), hold()], [receive_request(), send(OK + b"part"), hold()]):
                with scripted_server(script) as server:
                    await assert_fails(client, form, server.url, "ReadTimeout", timeout=timeout)
            await assert_works(client, caddy)

    async def test_writing(self, form: Any, caddy: CaddyServer) -> None:
        timeout = form.httpx.Timeout(10.0, write=0.05, pool=0.0)
        async with form.async_client() as client:
            with scripted_server(hold(), receive_buffer=4096) as server:
                await assert_fails(client, form, server.url, "WriteTimeout", timeout=timeout, content=bytes(20_000_000))
            await assert_works(client, caddy)

    async def test_all_of_a_request(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client(total_timeout=SHORT) as client:
            for script in ([receive_request(), hold()], [receive_request(), send(OK + b"part"), hold()]):
                with scripted_server(script) as server:
                    await assert_fails(client, form, server.url, "ReadTimeout")
            with scripted_server([receive_request(), hold()]) as server:
                timeout = {"read": 0.01, "total": 10.0}
                with pytest.raises(form.httpx.ReadTimeout, match=r"after 0\.01 seconds"):
                    await client.get(server.url, extensions={"timeout": timeout})
        async with form.async_client(total_timeout=10.0) as client:
            await assert_works(client, caddy)

    async def test_waiting_for_a_connection(self, form: Any, caddy: CaddyServer) -> None:
        timeout = form.httpx.Timeout(10.0, pool=0.05)
        async with form.async_client() as client:
            async with client.stream("GET", f"{caddy.http_url}/50mb.bin"):
                await assert_fails(client, form, caddy.http_url, "PoolTimeout", timeout=timeout)
            await assert_works(client, caddy)


class TestNetwork:
    async def test_refused(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client() as client:
            with refusing_port() as port:
                await assert_fails(client, form, f"http://127.0.0.1:{port}", "ConnectError")
            await assert_works(client, caddy)

    async def test_an_untrusted_certificate(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client(verify=True) as client:
            await assert_fails(client, form, caddy.https_url, "ConnectError")
            await assert_works(client, caddy)

    async def test_reset(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client() as client:
            for script in ([receive_request(), abort()], [receive_request(), send(OK), abort()]):
                with scripted_server(script) as server:
                    await assert_fails(client, form, server.url, "ReadError")
            await assert_works(client, caddy)

    async def test_retries(self, form: Any) -> None:
        events: list[str] = []

        async def trace(name: str, info: dict[str, Any]) -> None:
            events.append(name)

        async with form.async_client(retries=1) as client:
            with refusing_port() as port:
                url = f"http://127.0.0.1:{port}"
                await assert_fails(client, form, url, "ConnectError", extensions={"trace": trace})
        assert events.count("connection.connect_tcp.failed") == 2

    async def test_a_rule_for_addresses(self, form: Any, caddy: CaddyServer) -> None:
        backend = httpcore.AsyncGuardedBackend(httpcore.only_global_addresses)
        async with form.async_client(network_backend=backend) as client:
            with pytest.raises(form.httpx.ConnectError, match=r"only_global_addresses refuses 127\.0\.0\.1"):
                await client.get(caddy.http_url)


class TestProtocol:
    @pytest.mark.parametrize(
        "answer",
        [
            [close()],
            [send(b"nonsense\r\n\r\n")],
            [send(OK + b"cut short"), close()],
            [send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")],
        ],
        ids=["no response", "nonsense", "cut short", "bad chunk"],
    )
    async def test_violated_by_the_server(self, form: Any, caddy: CaddyServer, answer: list[Any]) -> None:
        async with form.async_client() as client:
            with scripted_server([receive_request(), *answer]) as server:
                await assert_fails(client, form, server.url, "RemoteProtocolError")
            await assert_works(client, caddy)

    async def test_violated_by_the_client(self, form: Any, caddy: CaddyServer) -> None:
        async with form.async_client() as client:
            headers = {"X-Header": "two\r\nlines"}
            await assert_fails(client, form, caddy.http_url, "LocalProtocolError", headers=headers)
            await assert_works(client, caddy)

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1", "/path"])
    async def test_the_scheme_is_unknown(self, form: Any, url: str) -> None:
        async with form.async_client() as client:
            await assert_fails(client, form, url, "UnsupportedProtocol")

    async def test_a_proxy_refuses(self, form: Any, caddy: CaddyServer) -> None:
        refusal = b"HTTP/1.1 403 Forbidden\r\nX-Reason: rules\r\nContent-Length: 0\r\n\r\n"
        with scripted_server([receive_request(), send(refusal)]) as server:
            async with form.async_client(proxy=server.url) as client:
                with pytest.raises(form.httpx.ProxyError, match="403 Forbidden") as raised:
                    await client.get("https://example.com")
        assert raised.value.__cause__.status == 403
        assert raised.value.request.url == "https://example.com"


class FailingBackend(httpcore.AsyncNetworkBackend):
    """A backend that raises errors of its own."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def connect_tcp(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        raise self.error


class OwnError(httpcore.ConnectError):
    """A class that is not in the table."""


class NewError(httpcore.HTTPCoreError):
    """A kind of error that the client library does not have."""


class TestOtherErrors:
    async def test_a_subclass(self, form: Any) -> None:
        async with form.async_client(network_backend=FailingBackend(OwnError("own"))) as client:
            with pytest.raises(form.httpx.ConnectError, match="own"):
                await client.get("http://example.com")

    async def test_a_class_without_a_counterpart(self, form: Any) -> None:
        async with form.async_client(network_backend=FailingBackend(NewError("new"))) as client:
            with pytest.raises(form.httpx.TransportError, match="new"):
                await client.get("http://example.com")

    async def test_not_available(self, form: Any) -> None:
        backend = FailingBackend(httpcore.ConnectionNotAvailable("busy"))
        async with form.async_client(network_backend=backend) as client:
            with pytest.raises(form.httpx.ConnectError):
                await client.get("http://example.com")

    async def test_foreign_ones_pass(self, form: Any) -> None:
        async with form.async_client(network_backend=FailingBackend(ZeroDivisionError())) as client:
            with pytest.raises(ZeroDivisionError):
                await client.get("http://example.com")


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="only the collector frees objects")
async def test_an_error_is_no_part_of_a_cycle(form: Any) -> None:
    async with form.transports.AsyncHTTPTransport() as transport:
        request = form.httpx.Request("GET", "ftp://127.0.0.1")
        gc.disable()
        try:
            with pytest.raises(form.httpx.UnsupportedProtocol) as raised:
                await transport.handle_async_request(request)
            left = weakref.ref(raised.value)
            del raised
            assert left() is None
        finally:
            gc.enable()


async def test_the_request_is_set_without_a_client(form: Any) -> None:
    with scripted_server([receive_request(), send(OK), close()]) as server:
        async with form.transports.AsyncHTTPTransport() as transport:
            request = form.httpx.Request("GET", server.url)
            response = await transport.handle_async_request(request)
            with pytest.raises(form.httpx.RemoteProtocolError) as raised:
                await response.aread()
            await response.aclose()
    assert raised.value.request is request


class Body:
    """A body that fails, or ends, when it is read and when it is closed."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        raise self.error or StopAsyncIteration

    async def aclose(self) -> None:
        if self.error:
            raise self.error


class MockPool:
    """What a program may put in the place of a pool."""

    def __init__(self, body: Any) -> None:
        self.body = body

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        return httpcore.Response(200, content=self.body)


@pytest.mark.parametrize(
    ("error", "name"), [(httpcore.ReadError("own"), "ReadError"), (ZeroDivisionError("own"), None)], ids=str
)
async def test_errors_of_bodies(form: Any, error: Exception, name: str | None) -> None:
    transport = form.transports.AsyncHTTPTransport()
    transport._pool = MockPool(Body(error))
    response = await transport.handle_async_request(form.httpx.Request("GET", "http://example.com"))
    expected = ZeroDivisionError if name is None else getattr(form.httpx, name)
    parts: Any = response.stream.__aiter__()
    assert parts.__aiter__() is parts
    with pytest.raises(expected, match="own"):
        await parts.__anext__()
    with pytest.raises(expected, match="own"):
        await parts.aclose()
    with pytest.raises(expected, match="own"):
        await response.aclose()


@pytest.mark.parametrize("body", [Body(None), httpcore.Response(200, content=b"").stream], ids=["iterator", "bytes"])
async def test_bodies_of_mocked_pools(form: Any, body: Any) -> None:
    transport = form.transports.AsyncHTTPTransport()
    transport._pool = MockPool(body)
    response = await transport.handle_async_request(form.httpx.Request("GET", "http://example.com"))
    parts: Any = response.stream.__aiter__()
    await parts.aclose()
    assert await response.aread() == b""
    await response.aclose()
