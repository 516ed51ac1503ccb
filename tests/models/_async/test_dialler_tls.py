"""TLS on the stream of a dialler: it is traced, and closed on failure."""

import ssl
from typing import Any

import pytest
from httpcore_models import ConnectError, Request
from httpcore_models.network import AsyncDialler, AsyncDirectDialler, async_start_tls
from httpcore_test_support.recording import AsyncRecordingBackend, AsyncRecordingStream

pytestmark = pytest.mark.anyio

ARGUMENTS: dict[str, Any] = {"ssl_context": ssl.create_default_context(), "server_hostname": "h", "timeout": 1.5}
LOGGER = AsyncDialler.logger


async def test_stream_does_the_handshake() -> None:
    stream = AsyncRecordingStream([])
    assert await async_start_tls(stream, Request("GET", "https://h/"), LOGGER, **ARGUMENTS) is stream
    assert stream.handshakes == [ARGUMENTS]
    assert not stream.closed


async def test_logger_determines_the_names_of_events() -> None:
    events: list[tuple[str, dict[str, Any]]] = []

    async def trace(name: str, info: dict[str, Any]) -> None:
        events.append((name, info))

    stream = AsyncRecordingStream([])
    request = Request("GET", "https://h/", extensions={"trace": trace})
    await async_start_tls(stream, request, LOGGER.getChild("other"), **ARGUMENTS)
    assert events == [("other.start_tls.started", ARGUMENTS), ("other.start_tls.complete", {"return_value": stream})]


async def test_failed_handshake_closes_the_stream() -> None:
    stream = AsyncRecordingStream([])
    stream.handshake_error = ConnectError("no")
    with pytest.raises(ConnectError, match=r"^no$"):
        await async_start_tls(stream, Request("GET", "https://h/"), LOGGER, **ARGUMENTS)
    assert stream.closed


@pytest.mark.parametrize("failing", ["started", "complete"])
async def test_failing_trace_callback_closes_the_stream(failing: str) -> None:
    async def trace(name: str, info: dict[str, Any]) -> None:
        if name.endswith(failing):
            raise LookupError(name)

    stream = AsyncRecordingStream([])
    request = Request("GET", "https://h/", extensions={"trace": trace})
    with pytest.raises(LookupError):
        await async_start_tls(stream, request, LOGGER, **ARGUMENTS)
    assert stream.closed


async def test_direct_dialler_can_use_another_logger() -> None:
    events: list[str] = []

    async def trace(name: str, info: dict[str, Any]) -> None:
        events.append(name)

    dialler = AsyncDirectDialler(AsyncRecordingBackend([]), logger=LOGGER.getChild("other"))
    url = "https://h/"
    request = Request("GET", url, extensions={"trace": trace})
    await dialler.dial(request.url.origin, request, None)
    assert events == ["other.connect_tcp.started", "other.connect_tcp.complete"]
    assert dialler.logger.name == "httpcore.connection.other"
