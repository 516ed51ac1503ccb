# Generated from ../_async/test_errors.py by tools/make_sync.py: edit that file, then run it.
"""Failures surface as exceptions of the client library, with their request, and the transport keeps working."""

import gc
import weakref
from collections.abc import Iterator
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


def assert_fails(client: Any, form: Any, url: str, name: str, **options: Any) -> None:
    """Check the error of a request: its class, cause, request and text."""
    with pytest.raises(form.httpx.TransportError) as raised:
        client.post(url, **options)
    error = raised.value
    assert type(error) is getattr(form.httpx, name)
    assert type(error.__cause__) is getattr(httpcore, name)
    assert str(error) == str(error.__cause__)
    assert error.request.url == url


def assert_works(client: Any, caddy: CaddyServer) -> None:
    """Check that the client's only connection is free again."""
    assert (client.get(caddy.http_url)).text == "Hello, world!\n"


class TestTimeouts:
    def test_connecting(self, form: Any, caddy: CaddyServer) -> None:
        timeout = form.httpx.Timeout(10.0, connect=0.05, pool=0.0)
        with form.client() as client:
            with unresponsive_port() as port:
                assert_fails(client, form, f"http://127.0.0.1:{port}", "ConnectTimeout", timeout=timeout)
            assert_works(client, caddy)

    def test_reading(self, form: Any, caddy: CaddyServer) -> None:
        timeout = form.httpx.Timeout(10.0, read=0.05, pool=0.0)
        with form.client() as client:
            for script in ([receive_request(), hold()], [receive_request(), send(OK + b"part"), hold()]):
                with scripted_server(script) as server:
                    assert_fails(client, form, server.url, "ReadTimeout", timeout=timeout)
            assert_works(client, caddy)

    def test_writing(self, form: Any, caddy: CaddyServer) -> None:
        timeout = form.httpx.Timeout(10.0, write=0.05, pool=0.0)
        with form.client() as client:
            with scripted_server(hold(), receive_buffer=4096) as server:
                assert_fails(client, form, server.url, "WriteTimeout", timeout=timeout, content=bytes(20_000_000))
            assert_works(client, caddy)

    def test_all_of_a_request(self, form: Any, caddy: CaddyServer) -> None:
        with form.client(total_timeout=SHORT) as client:
            for script in ([receive_request(), hold()], [receive_request(), send(OK + b"part"), hold()]):
                with scripted_server(script) as server:
                    assert_fails(client, form, server.url, "ReadTimeout")
            with scripted_server([receive_request(), hold()]) as server:
                timeout = {"read": 0.01, "total": 10.0}
                with pytest.raises(form.httpx.ReadTimeout, match=r"after 0\.01 seconds"):
                    client.get(server.url, extensions={"timeout": timeout})
        with form.client(total_timeout=10.0) as client:
            assert_works(client, caddy)

    def test_waiting_for_a_connection(self, form: Any, caddy: CaddyServer) -> None:
        timeout = form.httpx.Timeout(10.0, pool=0.05)
        with form.client() as client:
            with client.stream("GET", f"{caddy.http_url}/50mb.bin"):
                assert_fails(client, form, caddy.http_url, "PoolTimeout", timeout=timeout)
            assert_works(client, caddy)


class TestNetwork:
    def test_refused(self, form: Any, caddy: CaddyServer) -> None:
        with form.client() as client:
            with refusing_port() as port:
                assert_fails(client, form, f"http://127.0.0.1:{port}", "ConnectError")
            assert_works(client, caddy)

    def test_an_untrusted_certificate(self, form: Any, caddy: CaddyServer) -> None:
        with form.client(verify=True) as client:
            assert_fails(client, form, caddy.https_url, "ConnectError")
            assert_works(client, caddy)

    def test_reset(self, form: Any, caddy: CaddyServer) -> None:
        with form.client() as client:
            for script in ([receive_request(), abort()], [receive_request(), send(OK), abort()]):
                with scripted_server(script) as server:
                    assert_fails(client, form, server.url, "ReadError")
            assert_works(client, caddy)

    def test_retries(self, form: Any) -> None:
        events: list[str] = []

        def trace(name: str, info: dict[str, Any]) -> None:
            events.append(name)

        with form.client(retries=1) as client:
            with refusing_port() as port:
                url = f"http://127.0.0.1:{port}"
                assert_fails(client, form, url, "ConnectError", extensions={"trace": trace})
        assert events.count("connection.connect_tcp.failed") == 2

    def test_a_rule_for_addresses(self, form: Any, caddy: CaddyServer) -> None:
        backend = httpcore.GuardedBackend(httpcore.only_global_addresses)
        with form.client(network_backend=backend) as client:
            with pytest.raises(form.httpx.ConnectError, match=r"only_global_addresses refuses 127\.0\.0\.1"):
                client.get(caddy.http_url)


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
    def test_violated_by_the_server(self, form: Any, caddy: CaddyServer, answer: list[Any]) -> None:
        with form.client() as client:
            with scripted_server([receive_request(), *answer]) as server:
                assert_fails(client, form, server.url, "RemoteProtocolError")
            assert_works(client, caddy)

    def test_violated_by_the_client(self, form: Any, caddy: CaddyServer) -> None:
        with form.client() as client:
            headers = {"X-Header": "two\r\nlines"}
            assert_fails(client, form, caddy.http_url, "LocalProtocolError", headers=headers)
            assert_works(client, caddy)

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1", "/path"])
    def test_the_scheme_is_unknown(self, form: Any, url: str) -> None:
        with form.client() as client:
            assert_fails(client, form, url, "UnsupportedProtocol")

    def test_a_proxy_refuses(self, form: Any, caddy: CaddyServer) -> None:
        refusal = b"HTTP/1.1 403 Forbidden\r\nX-Reason: rules\r\nContent-Length: 0\r\n\r\n"
        with scripted_server([receive_request(), send(refusal)]) as server:
            with form.client(proxy=server.url) as client:
                with pytest.raises(form.httpx.ProxyError, match="403 Forbidden") as raised:
                    client.get("https://example.com")
        assert raised.value.__cause__.status == 403
        assert raised.value.request.url == "https://example.com"


class FailingBackend(httpcore.NetworkBackend):
    """A backend that raises errors of its own."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def connect_tcp(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        raise self.error


class OwnError(httpcore.ConnectError):
    """A class that is not in the table."""


class NewError(httpcore.HTTPCoreError):
    """A kind of error that the client library does not have."""


class TestOtherErrors:
    def test_a_subclass(self, form: Any) -> None:
        with form.client(network_backend=FailingBackend(OwnError("own"))) as client:
            with pytest.raises(form.httpx.ConnectError, match="own"):
                client.get("http://example.com")

    def test_a_class_without_a_counterpart(self, form: Any) -> None:
        with form.client(network_backend=FailingBackend(NewError("new"))) as client:
            with pytest.raises(form.httpx.TransportError, match="new"):
                client.get("http://example.com")

    def test_not_available(self, form: Any) -> None:
        backend = FailingBackend(httpcore.ConnectionNotAvailable("busy"))
        with form.client(network_backend=backend) as client:
            with pytest.raises(form.httpx.ConnectError):
                client.get("http://example.com")

    def test_foreign_ones_pass(self, form: Any) -> None:
        with form.client(network_backend=FailingBackend(ZeroDivisionError())) as client:
            with pytest.raises(ZeroDivisionError):
                client.get("http://example.com")


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="only the collector frees objects")
def test_an_error_is_no_part_of_a_cycle(form: Any) -> None:
    with form.transports.HTTPTransport() as transport:
        request = form.httpx.Request("GET", "ftp://127.0.0.1")
        gc.disable()
        try:
            with pytest.raises(form.httpx.UnsupportedProtocol) as raised:
                transport.handle_request(request)
            left = weakref.ref(raised.value)
            del raised
            assert left() is None
        finally:
            gc.enable()


def test_the_request_is_set_without_a_client(form: Any) -> None:
    with scripted_server([receive_request(), send(OK), close()]) as server:
        with form.transports.HTTPTransport() as transport:
            request = form.httpx.Request("GET", server.url)
            response = transport.handle_request(request)
            with pytest.raises(form.httpx.RemoteProtocolError) as raised:
                response.read()
            response.close()
    assert raised.value.request is request


class Body:
    """A body that fails, or ends, when it is read and when it is closed."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        raise self.error or StopIteration

    def close(self) -> None:
        if self.error:
            raise self.error


class MockPool:
    """What a program may put in the place of a pool."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        return httpcore.Response(200, content=self.body)


@pytest.mark.parametrize(
    ("error", "name"), [(httpcore.ReadError("own"), "ReadError"), (ZeroDivisionError("own"), None)], ids=str
)
def test_errors_of_bodies(form: Any, error: Exception, name: str | None) -> None:
    transport = form.transports.HTTPTransport()
    transport._pool = MockPool(Body(error))
    response = transport.handle_request(form.httpx.Request("GET", "http://example.com"))
    expected = ZeroDivisionError if name is None else getattr(form.httpx, name)
    parts: Any = response.stream.__iter__()
    assert parts.__iter__() is parts
    with pytest.raises(expected, match="own"):
        parts.__next__()
    with pytest.raises(expected, match="own"):
        parts.close()
    with pytest.raises(expected, match="own"):
        response.close()


@pytest.mark.parametrize("body", [Body(None), httpcore.Response(200, content=b"").stream], ids=["iterator", "bytes"])
def test_bodies_of_mocked_pools(form: Any, body: Any) -> None:
    transport = form.transports.HTTPTransport()
    transport._pool = MockPool(body)
    response = transport.handle_request(form.httpx.Request("GET", "http://example.com"))
    parts: Any = response.stream.__iter__()
    parts.close()
    assert response.read() == b""
    response.close()
