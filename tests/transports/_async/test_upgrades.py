"""Connections that a response hands over, such as those of WebSockets."""

import pickle
import ssl
from typing import Any

import httpcore
import pytest
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import abort, hold, receive_request, receive_until, send, start_tls

pytestmark = pytest.mark.anyio

SWITCH = send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: test\r\n\r\n")
HEADERS = {"Connection": "upgrade", "Upgrade": "test"}


def cores(form: Any) -> list[Any]:
    """What the client library stands on, and httpcore."""
    return [httpcore, pytest.importorskip(form.httpx.__name__.replace("httpx", "httpcore"))]


async def upgraded(client: Any, url: str) -> Any:
    """Return the stream of an upgraded connection."""
    response = await client.send(client.build_request("GET", url, headers=HEADERS), stream=True)
    assert response.status_code == 101
    return response, response.extensions["network_stream"]


async def test_bytes_go_both_ways(form: Any) -> None:
    with scripted_server([receive_request(), SWITCH, receive_until(b"ping"), send(b"pong"), hold()]) as server:
        async with form.async_client() as client:
            response, stream = await upgraded(client, server.url)
            await stream.write(b"ping", timeout=5.0)
            assert await stream.read(100, timeout=5.0) == b"pong"
            assert stream.get_extra_info("server_addr")[1] == server.port
            await stream.aclose()
            await response.aclose()


async def test_errors_are_those_of_the_client_and_of_its_core(form: Any) -> None:
    with scripted_server([receive_request(), SWITCH, abort()]) as server:
        async with form.async_client() as client:
            response, stream = await upgraded(client, server.url)
            with pytest.raises(form.httpx.ReadError) as raised:
                await stream.read(100, timeout=5.0)
            assert all(isinstance(raised.value, core.ReadError) for core in cores(form))
            assert type(raised.value.__cause__) is httpcore.ReadError
            assert raised.value.request is response.request
            with pytest.raises(form.httpx.WriteError) as raised:
                await stream.write(bytes(10_000_000), timeout=5.0)
            assert all(isinstance(raised.value, core.WriteError) for core in cores(form))
            await response.aclose()


async def test_timeouts(form: Any) -> None:
    with scripted_server([receive_request(), SWITCH, hold()]) as server:
        async with form.async_client() as client:
            response, stream = await upgraded(client, server.url)
            with pytest.raises(form.httpx.ReadTimeout) as raised:
                await stream.read(100, timeout=0.01)
            assert all(isinstance(raised.value, core.ReadTimeout) for core in cores(form))
            copy = pickle.loads(pickle.dumps(raised.value))
            assert (type(copy), str(copy)) == (type(raised.value), str(raised.value))
            await response.aclose()


@pytest.mark.parametrize(
    ("name", "arguments"), [("read", (1, "soon")), ("write", (1,)), ("start_tls", (1, "127.0.0.1"))]
)
async def test_other_errors_pass(form: Any, name: str, arguments: Any) -> None:
    with scripted_server([receive_request(), SWITCH, hold()]) as server:
        async with form.async_client() as client:
            response, stream = await upgraded(client, server.url)
            with pytest.raises((TypeError, AttributeError)):
                await getattr(stream, name)(*arguments)
            await response.aclose()


async def test_connect_and_tls(form: Any, certificates: Certificates) -> None:
    """The other kind of response that hands its connection over."""
    script = [receive_request(), send(b"HTTP/1.1 200 OK\r\n\r\n")]
    server_tls = [start_tls(certificates.server_context()), receive_until(b"ping"), send(b"pong"), abort()]
    with scripted_server([*script, *server_tls]) as server:
        async with form.async_client() as client:
            extensions = {"target": b"example.com:443"}
            request = client.build_request("CONNECT", server.url, extensions=extensions)
            response = await client.send(request, stream=True)
            stream = response.extensions["network_stream"]
            tls = await stream.start_tls(certificates.client_context(), "127.0.0.1", timeout=5.0)
            await tls.write(b"ping", timeout=5.0)
            assert await tls.read(100, timeout=5.0) == b"pong"
            with pytest.raises(form.httpx.ReadError):
                await tls.read(100, timeout=5.0)
            await tls.aclose()
            await response.aclose()


async def test_failed_tls(form: Any, certificates: Certificates) -> None:
    with scripted_server([receive_request(), SWITCH, start_tls(certificates.server_context()), hold()]) as server:
        async with form.async_client() as client:
            response, stream = await upgraded(client, server.url)
            with pytest.raises(form.httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED") as raised:
                await stream.start_tls(ssl.create_default_context(), "127.0.0.1", timeout=5.0)
            assert all(isinstance(raised.value, core.ConnectError) for core in cores(form))
            await response.aclose()
