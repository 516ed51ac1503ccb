"""Plays a scene on one flavour of the library and records what it shows, in the form of the fact files."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, Literal

import httpcore
import pytest
import trio

from .describe import hide_addresses, qualified_name, request_without_url
from .network import AsyncScriptedBackend, AsyncScriptedStream, ScriptedBackend, ScriptedStream
from .scenes import Scene, Send

Flavour = Literal["sync", "asyncio", "trio"]
FLAVOURS: tuple[Flavour, ...] = ("sync", "asyncio", "trio")
SCRIPTED: dict[str, tuple[Any, Any]] = {
    "": (ScriptedBackend, ScriptedStream),
    "Async": (AsyncScriptedBackend, AsyncScriptedStream),
}
TWO_COLOURED = (
    "ConnectionPool|HTTPProxy|SOCKSProxy|(?:Forward|Tunnel)?HTTPConnection|Socks5Connection|MockStream"  # in reprs
)
every_flavour = pytest.mark.parametrize("flavour", FLAVOURS)


class Record(logging.Handler):
    """The rows of a scene, in order, and what was written. It is also the handler of the log lines."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        self.logs: list[str] = []
        self.responses: list[str] = []
        self.states: list[str] = []
        self.written: list[bytes] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.logs.append(hide_addresses(f"log   {record.name} {record.getMessage()}"))

    def trace(self, name: str, info: Mapping[str, Any]) -> None:
        values = (f"{key}={describe_value(value)}" for key, value in info.items())
        self.events.append(hide_addresses(f"event {name} {' '.join(values)}"))

    async def atrace(self, name: str, info: Mapping[str, Any]) -> None:
        self.trace(name, info)

    def response(self, response: httpcore.Response) -> None:
        """Record a response. 1.0 has no extension `connection`, and all of ours have it."""
        found = dict(response.extensions)
        assert found.pop("connection").http_version.encode() in (found["http_version"], b"HTTP/1.1")
        extensions = {key: describe_extension(value) for key, value in found.items()}
        self.responses.append(f"response status={response.status} extensions={extensions} repr={response!r}")

    def error(self, error: Exception) -> None:
        self.responses.append(f"response raises={qualified_name(type(error))} message={error}")

    def state(self, client: Any) -> None:
        """Only a pool shows its connections; a single connection is recorded without a pool."""
        pool = client if hasattr(client, "connections") else None
        connections = [
            f"{connection!r} available={connection.is_available()} idle={connection.is_idle()}"
            f" closed={connection.is_closed()}"
            for connection in (pool.connections if pool else ())
        ]
        self.states.append(f"pool {pool!r} | {' ; '.join(connections)}")


def describe_value(value: object) -> str:
    if isinstance(value, httpcore.Request):
        return request_without_url(value)
    return f"{qualified_name(type(value))}({str(value)!r})" if isinstance(value, BaseException) else repr(value)


def describe_extension(value: object) -> object:
    """A network stream is described by the two interfaces it may have."""
    kinds = [isinstance(value, httpcore.NetworkStream), isinstance(value, httpcore.AsyncNetworkStream)]
    return kinds if any(kinds) else repr(value)


def in_flavour(lines: list[str], flavour: Flavour) -> list[str]:
    """The async flavours show the facts of the sync one with the async names."""
    if flavour == "sync" or not lines:
        return lines
    text = re.sub(rf"<(httpcore\.)?({TWO_COLOURED})\b", r"<\1Async\2", "\n".join(lines))
    return text.replace("'network_stream': [True, False]", "'network_stream': [False, True]").split("\n")


def play(scene: Scene, flavour: Flavour) -> Record:
    with recording() as record:
        if flavour == "sync":
            play_sync(scene, record)
        elif flavour == "asyncio":
            asyncio.run(play_async(scene, record))
        else:
            trio.run(play_async, scene, record)
    return record


@contextmanager
def recording() -> Iterator[Record]:
    record = Record()
    logger = logging.getLogger("httpcore")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(record)
    try:
        yield record
    finally:
        logger.removeHandler(record)
        logger.setLevel(level)


def open_client(scene: Scene, record: Record, prefix: Literal["", "Async"]) -> Any:
    """The client of a scene, on the mock of the library if the scene is only bytes to read."""
    cls = getattr(httpcore, prefix + ("ConnectionPool" if scene.client == "pool" else scene.client))
    scripted_backend, scripted_stream = SCRIPTED[prefix]
    mocked = all(isinstance(part, bytes) for part in scene.network)
    if scene.client in ("HTTP11Connection", "HTTP2Connection"):
        mock = getattr(httpcore, f"{prefix}MockStream")
        stream = mock(list(scene.network), scene.http2) if mocked else scripted_stream(*scene.network, record.written)
        return cls(stream=stream, **scene.options)
    mock = getattr(httpcore, f"{prefix}MockBackend")
    backend = mock(list(scene.network), scene.http2) if mocked else scripted_backend(scene.network, record.written)
    return cls(network_backend=backend, **scene.options)


def play_sync(scene: Scene, record: Record) -> None:
    client = open_client(scene, record, "")
    record.state(client)
    for step in scene.steps:
        if isinstance(step, Send):
            try:
                record.response(fetch(client, step, record))
            except Exception as error:
                record.error(error)
        elif step == "close":
            client.close()
        record.state(client)
    client.close()
    record.state(client)


async def play_async(scene: Scene, record: Record) -> None:
    client = open_client(scene, record, "Async")
    record.state(client)
    for step in scene.steps:
        if isinstance(step, Send):
            try:
                record.response(await afetch(client, step, record))
            except Exception as error:
                record.error(error)
        elif step == "close":
            await client.aclose()
        record.state(client)
    await client.aclose()
    record.state(client)


def fetch(client: Any, send: Send, record: Record) -> httpcore.Response:
    target = (send.method, send.url)
    rest = {"headers": send.headers, "content": send.content, "extensions": {**send.extensions, "trace": record.trace}}
    response: httpcore.Response
    if send.how == "request":
        response = client.request(*target, **rest)
        return response
    if send.how == "handle_request":
        response = client.handle_request(httpcore.Request(*target, **rest))
        response.read()
        response.close()
        return response
    with client.stream(*target, **rest) as response:
        if send.how == "read":
            response.read()
        elif send.how == "iterate":
            list(response.iter_stream())
        elif send.how == "leave after one part":
            next(iter(response.iter_stream()))  # the iterator is dropped, and ends before the response does
    return response


async def afetch(client: Any, send: Send, record: Record) -> httpcore.Response:
    target = (send.method, send.url)
    rest = {"headers": send.headers, "content": send.content, "extensions": {**send.extensions, "trace": record.atrace}}
    response: httpcore.Response
    if send.how == "request":
        response = await client.request(*target, **rest)
        return response
    if send.how == "handle_request":
        response = await client.handle_async_request(httpcore.Request(*target, **rest))
        await response.aread()
        await response.aclose()
        return response
    async with client.stream(*target, **rest) as response:
        if send.how == "read":
            await response.aread()
        elif send.how == "iterate":
            _ = [part async for part in response.aiter_stream()]
        elif send.how == "leave after one part":
            parts: Any = response.aiter_stream()
            async with aclosing(parts):
                await anext(parts)
    return response
