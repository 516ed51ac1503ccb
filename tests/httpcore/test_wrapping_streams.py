"""Streams of programs that see everything that is read and written: recorders, limits, deadlines and mocks."""

from __future__ import annotations

from typing import Any
from unittest import mock

import httpcore
import pytest
from httpcore_test_support.asyncs import BACKENDS, run_async
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_exactly, receive_until, send

pytestmark = pytest.mark.upgrade("4.13")

BODY = b"x" * 300_000
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TIMEOUTS = {"timeout": {"read": 10.0, "write": 10.0, "pool": 10.0, "connect": 10.0}}


class Wrapper:
    """Delegates unknown attributes to the wrapped stream."""

    def __init__(self, stream: Any, written: list[bytes]) -> None:
        self._stream = stream
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, buffer: bytes, timeout: float | None = None) -> Any:
        self._written.append(bytes(buffer))
        return self._stream.write(buffer, timeout)  # in async code, to be awaited


def seen_by(way: str, stream: Any, written: list[bytes]) -> Any:
    """Record everything that is written to `stream`."""
    wrapper = Wrapper(stream, written)
    if way == "wrapper":
        return wrapper
    wrapper._stream = mock.Mock(write=stream.write)
    stream.write = wrapper.write
    return stream


@pytest.mark.parametrize("loop", [None, *BACKENDS])
@pytest.mark.parametrize("way", ["wrapper", "on the object"])
def test_the_whole_upload_is_seen(loop: str | None, way: str) -> None:
    written: list[bytes] = []

    class Backend(httpcore.SyncBackend):
        def connect_tcp(self, *arguments: Any, **options: Any) -> Any:
            return seen_by(way, super().connect_tcp(*arguments, **options), written)

    class AsyncBackend(httpcore.TrioBackend if loop == "trio" else httpcore.AnyIOBackend):  # type: ignore[misc]
        async def connect_tcp(self, *arguments: Any, **options: Any) -> Any:
            return seen_by(way, await super().connect_tcp(*arguments, **options), written)

    async def request() -> None:
        async with httpcore.AsyncConnectionPool(network_backend=AsyncBackend()) as pool:
            await pool.request("POST", server.url, content=BODY, extensions=TIMEOUTS)

    with scripted_server([receive_until(b"\r\n\r\n"), receive_exactly(len(BODY)), send(ANSWER)]) as server:
        if loop is None:
            with httpcore.ConnectionPool(network_backend=Backend()) as pool:
                pool.request("POST", server.url, content=BODY, extensions=TIMEOUTS)
        else:
            run_async(loop, request)
    assert b"".join(written).endswith(BODY)


@pytest.mark.parametrize("kind", [mock.Mock, mock.MagicMock])
def test_an_upload_to_a_mock(kind: Any) -> None:
    stream, backend = kind(), kind()
    stream.read.side_effect = [ANSWER]
    backend.connect_tcp.return_value = stream
    with httpcore.ConnectionPool(network_backend=backend) as pool:
        assert pool.request("POST", "http://internal.example/", content=BODY).content == b"ok"
    assert sum(len(call.args[0]) for call in stream.write.call_args_list) > len(BODY)


def test_an_async_upload_to_a_mock() -> None:
    async def request() -> None:
        stream, backend = mock.AsyncMock(), mock.AsyncMock()
        stream.read.side_effect = [ANSWER]
        stream.get_extra_info = mock.Mock(return_value=None)
        backend.connect_tcp.return_value = stream
        async with httpcore.AsyncConnectionPool(network_backend=backend) as pool:
            assert (await pool.request("POST", "http://internal.example/", content=BODY)).content == b"ok"

    run_async("asyncio", request)
