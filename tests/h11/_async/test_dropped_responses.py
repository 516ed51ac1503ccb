"""Dropping a response without closing it ends the exchange, and a warning names the request."""

import gc
import threading
import warnings

import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import AsyncLease, AsyncResponseStream, Request, Response
from httpcore_test_support import steps
from httpcore_test_support._async.h11_connections import async_first_part, async_served
from httpcore_test_support.waiting import async_pause, async_wait_until, collect

pytestmark = [pytest.mark.anyio, pytest.mark.fault("P2")]

HEADERS = {"Host": "localhost", "Connection": "Upgrade", "Upgrade": "echo"}
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PART = b"3\r\nabc\r\n"
END = b"0\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"


class AsyncCountingLease(AsyncLease):
    """Counts its releases."""

    def __init__(self) -> None:
        self.released = 0
        self.dropped = 0

    async def release(self) -> None:
        self.released += 1

    def drop(self) -> None:
        self.dropped += 1


def warned(texts: list[warnings.WarningMessage]) -> list[str]:
    return [str(warning.message) for warning in texts if warning.category is ResourceWarning]


async def get(connection: AsyncHTTP11Connection, url: str, lease: AsyncLease | None = None) -> Response:
    response = await connection.handle_async_request(Request("GET", url, headers=HEADERS))
    assert isinstance(response.stream, AsyncResponseStream)
    response.stream.lease = lease
    return response


@pytest.mark.field(19)
@pytest.mark.parametrize("read", [False, True], ids=["unread", "half read"])
async def test_dropping_an_unfinished_response_closes_the_connection(read: bool) -> None:
    script = [steps.receive_request(), steps.send(HEAD + PART), steps.hold()]
    lease = AsyncCountingLease()
    async with async_served(script) as (server, connection):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            response = await get(connection, f"{server.url}/path?token=secret", lease)
            if read:
                assert await async_first_part(response) == b"abc"
            del response
            gc.collect()
            collect()
        # Leaving a loop over the body has ended the exchange already.
        assert warned(caught) == ([] if read else [f"unclosed response to GET {server.url}/path"])
        assert connection.is_closed()
        await async_wait_until(lambda: server.open_connections == 0)
    assert (lease.released, lease.dropped) == (0, 1)


async def test_dropping_a_response_after_its_end_leaves_the_connection_idle() -> None:
    script = [steps.receive_request(), steps.send(HEAD + PART + END)] * 2
    async with async_served(script) as (server, connection):
        for _ in range(2):
            lease = AsyncCountingLease()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                response = await get(connection, server.url, lease)
                assert await response.aread() == b"abc"
                del response
                gc.collect()
                collect()
            assert warned(caught) == [f"unclosed response to GET {server.url}/"]
            assert connection.is_idle()
            assert (lease.released, lease.dropped) == (0, 1)


@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
async def test_dropping_a_closed_response_does_not_warn(read: bool) -> None:
    lease = AsyncCountingLease()
    async with async_served([steps.receive_request(), steps.send(HEAD + PART + END)]) as (server, connection):
        response = await get(connection, server.url, lease)
        if read:
            await response.aread()
        await response.aclose()
        del response
        gc.collect()
        collect()
        await async_pause()
    assert (lease.released, lease.dropped) == (1, 0)


async def test_a_failed_request_does_not_warn() -> None:
    async with async_served([steps.receive_request(), steps.close()]) as (server, connection):
        with pytest.raises(Exception, match="Server disconnected"):
            await get(connection, server.url)
        gc.collect()
        collect()
        assert connection.is_closed()


async def test_the_stream_of_an_upgrade_keeps_the_connection_open() -> None:
    script = [steps.receive_until(b"\r\n\r\n"), steps.send(SWITCHED), steps.receive_until(b"ping"), steps.send(b"pong")]
    lease = AsyncCountingLease()
    async with async_served([*script, steps.hold()]) as (server, connection):
        response = await get(connection, server.url, lease)
        stream = response.extensions["network_stream"]
        del response
        gc.collect()
        collect()
        await stream.write(b"ping")
        assert await stream.read(4) == b"pong"
        assert (lease.released, lease.dropped) == (0, 0)
        await stream.aclose()
        assert (lease.released, lease.dropped) == (1, 0)
        assert connection.is_closed()
        await async_wait_until(lambda: server.open_connections == 0)


async def test_dropping_response_and_stream_of_an_upgrade_closes_the_connection() -> None:
    script = [steps.receive_until(b"\r\n\r\n"), steps.send(SWITCHED), steps.hold()]
    lease = AsyncCountingLease()
    async with async_served(script) as (server, connection):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            await get(connection, server.url, lease)
            # Without garbage collection: there is no reference cycle.
            collect()
        assert warned(caught) == [f"unclosed response to GET {server.url}/"]
        assert connection.is_closed()
        await async_wait_until(lambda: server.open_connections == 0)
    assert (lease.released, lease.dropped) == (0, 1)


async def test_a_detached_stream_stays_open() -> None:
    script = [steps.receive_until(b"\r\n\r\n"), steps.send(SWITCHED + b"first"), steps.hold()]
    async with async_served(script) as (server, connection):
        response = await get(connection, server.url)
        stream, leading_data = response.extensions["network_stream"].detach()
        assert leading_data == b"first"
        await response.aclose()
        del response
        gc.collect()
        collect()
        assert connection.is_closed()
        assert not stream.get_extra_info("is_readable")
        await stream.aclose()


async def test_a_response_can_be_dropped_in_another_thread() -> None:
    async with async_served([steps.receive_request(), steps.send(HEAD + PART), steps.hold()]) as (server, connection):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            kept = [await get(connection, server.url)]
            thread = threading.Thread(target=kept.clear)
            thread.start()
            thread.join()
            collect()
        assert warned(caught) == [f"unclosed response to GET {server.url}/"]
        assert connection.is_closed()
        await async_wait_until(lambda: server.open_connections == 0)
