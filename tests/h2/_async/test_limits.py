"""One limit for a whole request, and bodies that wait for the server's consent, on a connection without a pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpcore_h2 import AsyncHTTP2Connection
from httpcore_models import AsyncNetworkStream, AutoBackend, Origin, ReadTimeout, WriteTimeout
from httpcore_test_support import h2_frames
from httpcore_test_support.http2_peer import Http2Peer, http2_script
from httpcore_test_support.scripted import Script, scripted_server
from hyperframe.frame import DataFrame, HeadersFrame

pytestmark = pytest.mark.anyio

URL = "http://example.com/"
WITHIN = r"within the total limit of 0\.2 seconds"
TOTAL: dict[str, Any] = {"timeout": {"read": 20.0, "write": 20.0, "total": 0.2}}


@asynccontextmanager
async def connected(script: Script) -> AsyncIterator[AsyncHTTP2Connection]:
    with scripted_server(script) as server:
        stream = await AutoBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
        async with AsyncHTTP2Connection(Origin(b"http", b"example.com", 80), stream) as connection:
            yield connection
        server.raise_failures()


def silent(peer: Http2Peer) -> None:
    while True:
        peer.next_frame()


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(1000)


async def test_a_response_that_does_not_come() -> None:
    async with connected(http2_script(silent)) as connection:
        with pytest.raises(ReadTimeout, match=WITHIN):
            await connection.request("GET", URL, extensions=TOTAL)
        assert connection.is_idle()


async def test_a_body_that_the_server_does_not_take() -> None:
    async with connected(http2_script(silent)) as connection:
        with pytest.raises(WriteTimeout, match=WITHIN):
            await connection.request("POST", URL, content=endless(), extensions=TOTAL)
        assert connection.is_idle()


class AsyncSlowStream(AsyncNetworkStream):
    """Each write within the limit takes a while, and others have something to be sent meanwhile, a hundred times."""

    connection: AsyncHTTP2Connection
    writes = 0

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._answers:
            return self._answers.pop(0)
        await AutoBackend().sleep(20.0 if timeout is None else timeout)
        raise ReadTimeout

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if timeout is not None and timeout <= 0.2 and self.writes < 100:
            self.writes += 1
            await AutoBackend().sleep(0.02)
            self.connection._shared.engine.ping()

    async def aclose(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return None


@pytest.mark.parametrize("content", [b"", b"body"])
@pytest.mark.parametrize("used", [False, True])
async def test_a_request_that_sends_for_others_keeps_its_limit(used: bool, content: bytes) -> None:
    answers = [h2_frames.settings({}) + h2_frames.headers(1, end_stream=True)] if used else []
    stream = AsyncSlowStream(answers)
    connection = stream.connection = AsyncHTTP2Connection(Origin(b"http", b"example.com", 80), stream)
    if used:
        await connection.request("GET", URL)
    with pytest.raises((ReadTimeout, WriteTimeout), match=WITHIN):
        await connection.request("POST", URL, content=content, extensions=TOTAL)
    assert stream.writes < 30


@pytest.mark.parametrize("total", [None, 20.0])
async def test_a_limit_that_is_not_reached(total: float | None) -> None:
    def script(peer: Http2Peer) -> None:
        peer.respond(peer.request())

    async with connected(http2_script(script)) as connection:
        response = await connection.request("POST", URL, content=b"body", extensions={"timeout": {"total": total}})
        assert response.content == b"hello"


@pytest.mark.parametrize("agrees", [True, False])
async def test_a_body_that_waits_for_consent(agrees: bool) -> None:
    def script(peer: Http2Peer) -> None:
        stream = peer.next(HeadersFrame).stream_id
        assert not peer.received(DataFrame)
        if agrees:
            peer.send(h2_frames.headers(stream, 100))
            assert peer.next(DataFrame).data == b"body"
        peer.respond(stream)
        silent(peer)

    headers = {"Host": "example.com", "Expect": "100-continue", "Content-Length": "4"}
    async with connected(http2_script(script)) as connection:
        response = await connection.request("POST", URL, headers=headers, content=b"body")
        assert response.content == b"hello"
        assert connection.is_idle()
