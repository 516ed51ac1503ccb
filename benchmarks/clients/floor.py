"""The cost of the sockets alone: no parser, and a list of free connections as the pool."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Iterator

from benchmarks.clients._base import Answer, Client, Options

_RECEIVE = 1 << 18


def _parse_head(data: bytes | bytearray) -> tuple[int, int, int]:
    """Return the status, the length of the head, and the length of the body that it announces.

    The server sends each head in one piece, so the first bytes contain all of it.
    """
    head, _, _ = data[:2048].partition(b"\r\n\r\n")
    length = head.partition(b"\r\nContent-Length: ")[2].partition(b"\r\n")[0]
    return int(head[9:12]), len(head) + 4, int(length)


class Sync:
    def __init__(self, options: Options) -> None:
        self._request, self._parts = options.request, options.parts
        self._socket = socket.create_connection((options.host, options.port), options.timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context := options.ssl_context():
            self._socket = context.wrap_socket(self._socket, server_hostname=options.host)
        self._buffer = bytearray(_RECEIVE)

    def get(self) -> Answer:
        return self._exchange()

    def download(self) -> Answer:
        return self._exchange()

    def upload(self) -> Answer:
        self._socket.sendall(self._request)
        for part in self._parts():
            self._socket.sendall(part)
        return self._receive()

    def _exchange(self) -> Answer:
        self._socket.sendall(self._request)
        return self._receive()

    def _receive(self) -> Answer:
        received = self._socket.recv_into(self._buffer)
        status, head, length = _parse_head(self._buffer)
        while received < head + length:
            received += self._socket.recv_into(self._buffer)
        return status, received - head

    def close(self) -> None:
        self._socket.close()


class _Exchange(asyncio.Protocol):
    """One connection for one request at a time."""

    def __init__(self) -> None:
        self._done: asyncio.Future[Answer]
        self._received = self._end = 0
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, request: bytes) -> asyncio.Future[Answer]:
        self._received = self._end = 0
        self._done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._done

    async def upload(self, request: bytes, parts: Iterator[bytes]) -> Answer:
        answer = self.send(request)
        for part in parts:
            await self._writable.wait()
            self.transport.write(part)
        return await answer

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if not self._end:
            self._status, self._head, length = _parse_head(data)
            self._end = self._head + length
        self._received += len(data)
        if self._received >= self._end:
            self._done.set_result((self._status, self._received - self._head))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionResetError("closed by the server"))


class Async:
    """Ignores the timeout: the floor offers no services at all."""

    def __init__(self, options: Options) -> None:
        self._address = options.host, options.port
        self._context = options.ssl_context()
        self._request, self._parts = options.request, options.parts
        self._room = options.connections
        self._free: list[_Exchange] = []
        self._waiting: deque[asyncio.Future[_Exchange]] = deque()

    async def get(self) -> Answer:
        connection = self._free.pop() if self._free else await self._connect_or_wait()
        answer = await connection.send(self._request)
        self._release(connection)
        return answer

    async def download(self) -> Answer:
        return await self.get()

    async def upload(self) -> Answer:
        connection = self._free.pop() if self._free else await self._connect_or_wait()
        answer = await connection.upload(self._request, self._parts())
        self._release(connection)
        return answer

    def _release(self, connection: _Exchange) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(connection)
        else:
            self._free.append(connection)

    async def _connect_or_wait(self) -> _Exchange:
        loop = asyncio.get_running_loop()
        if self._room:
            self._room -= 1
            return (await loop.create_connection(_Exchange, *self._address, ssl=self._context))[1]
        waiter: asyncio.Future[_Exchange] = loop.create_future()
        self._waiting.append(waiter)
        return await waiter

    async def close(self) -> None:
        for connection in self._free:
            connection.transport.close()


CLIENT = Client("bare socket", None, sync=Sync, asyncio=Async)
