"""The failures after which a request may be sent again, over another connection."""

import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import URL, ReadError, ReadTimeout, RemoteProtocolError, Request
from httpcore_models.lowlevel import may_retry
from httpcore_test_support import steps
from httpcore_test_support._async.h11_connections import AsyncScriptedStream, async_served
from httpcore_test_support.scripted import Step

pytestmark = pytest.mark.anyio

ORIGIN = URL("http://localhost").origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def simple_request(method: str = "GET", url: str = "http://localhost/") -> Request:
    return Request(method, url, headers={"Host": "localhost"})


@pytest.mark.parametrize("end", [steps.close(), steps.abort()], ids=["close", "reset"])
@pytest.mark.parametrize(("method", "repeatable"), [("GET", True), ("PUT", True), ("POST", False), ("PATCH", False)])
async def test_a_server_that_closed_its_idle_connection(end: Step, method: str, repeatable: bool) -> None:
    script = [steps.receive_request(), steps.send(RESPONSE), steps.receive_request(), end]
    async with async_served(script) as (server, connection):
        await connection.request("GET", server.url)
        request = simple_request(method, server.url)
        with pytest.raises((ReadError, RemoteProtocolError)) as caught:
            await connection.handle_async_request(request)
        assert may_retry(request, caught.value) == repeatable
        assert connection.is_closed()


@pytest.mark.parametrize("failure", [b"", ReadError("reset")], ids=["end of stream", "reset"])
async def test_the_first_request_on_a_connection_is_not_retryable(failure: bytes | Exception) -> None:
    connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(failure))
    request = simple_request()
    with pytest.raises((ReadError, RemoteProtocolError)) as caught:
        await connection.handle_async_request(request)
    assert not may_retry(request, caught.value)


@pytest.mark.parametrize(
    "reads",
    [[RESPONSE[:1], b""], [RESPONSE[:20], ReadError("reset")], [b"garbage\r\n\r\n"], [ReadTimeout("slow")]],
    ids=["end of stream in the head", "reset in the head", "garbage", "timeout"],
)
async def test_a_request_is_not_retryable_after_a_response_began_or_a_timeout(reads: list[bytes | Exception]) -> None:
    connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE, *reads))
    await connection.request("GET", "http://localhost/")
    request = simple_request()
    with pytest.raises((ReadError, ReadTimeout, RemoteProtocolError)) as caught:
        await connection.handle_async_request(request)
    assert not may_retry(request, caught.value)
