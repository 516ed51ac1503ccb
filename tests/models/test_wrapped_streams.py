"""Wrapped streams of anyio and trio fulfil the contract of network streams."""

import socket
import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

import anyio
import pytest
import trio
from anyio.streams.tls import TLSStream
from httpcore_models import AsyncNetworkBackend, AsyncNetworkStream, ReadTimeout, WriteTimeout
from httpcore_models.network import AnyIOStreamWrapper, SyncStream, TrioStreamWrapper
from httpcore_test_support._async.conformance import async_check_readability
from httpcore_test_support.asyncs import BACKENDS, Backend, run_async
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.conformance import ASYNC_CHECKS, TRANSPORTS, AsyncCheck, AsyncConnect, async_connector
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold
from httpcore_test_support.waiting import async_wait_until

LEFT_OUT = (
    # Both libraries check the timeout before they write, and hand out sockets of their own.
    "async_check_short_writes_need_no_time",
    "async_check_extra_info",
    # Wrapped streams lack this optional method.
    "async_check_write_until_readable",
    "async_check_blocked_writes_see_an_answer",
    # Checked below without TLS.
    "async_check_readability",
)
CHECKS = [check for check in ASYNC_CHECKS if check.__name__ not in LEFT_OUT]


class AnyIOStream(AnyIOStreamWrapper):
    """Starts TLS by anyio."""

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        tls = await TLSStream.wrap(
            self._stream, hostname=server_hostname, ssl_context=ssl_context, standard_compatible=False
        )
        return AnyIOStreamWrapper(tls)


class TrioStream(TrioStreamWrapper):
    """Starts TLS by trio."""

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        tls = trio.SSLStream(self._stream, ssl_context, server_hostname=server_hostname, https_compatible=True)
        await tls.do_handshake()
        return TrioStreamWrapper(tls)


class ByAnyIO(AsyncNetworkBackend):
    """Wraps streams that anyio has connected."""

    def __init__(self, tls: bool) -> None:
        self._wrap = AnyIOStream if tls else AnyIOStreamWrapper

    async def connect_tcp(self, host: str, port: int, *_: Any) -> AsyncNetworkStream:
        return self._wrap(await anyio.connect_tcp(host, port))

    async def connect_unix_socket(self, path: str, *_: Any) -> AsyncNetworkStream:
        return self._wrap(await anyio.connect_unix(path))


class ByTrio(AsyncNetworkBackend):
    """Wraps streams that trio has connected."""

    def __init__(self, tls: bool) -> None:
        self._wrap = TrioStream if tls else TrioStreamWrapper

    async def connect_tcp(self, host: str, port: int, *_: Any) -> AsyncNetworkStream:
        return self._wrap(await trio.open_tcp_stream(host, port))

    async def connect_unix_socket(self, path: str, *_: Any) -> AsyncNetworkStream:
        return self._wrap(await trio.open_unix_socket(path))


class Combination(NamedTuple):
    """An event loop, a backend and a transport."""

    loop: str
    backend: type[ByAnyIO] | type[ByTrio]
    transport: str


def combinations(*transports: str) -> Iterator[object]:
    for loop, backend in (("asyncio", ByAnyIO), ("uvloop", ByAnyIO), ("trio", ByAnyIO), ("trio", ByTrio)):
        for transport in transports:
            yield pytest.param(Combination(loop, backend, transport), id=f"{backend.__name__}-{loop}-{transport}")


@pytest.fixture(scope="module", params=combinations("tcp", "unix", "tls"))
def combination(request: pytest.FixtureRequest) -> Combination:
    value: Combination = request.param
    return value


@pytest.fixture(scope="module")
def anyio_backend(combination: Combination) -> Backend:
    return BACKENDS[combination.loop]


@pytest.fixture(scope="module")
def connect_async(combination: Combination, certificates: Certificates) -> AsyncConnect:
    return async_connector(
        combination.backend(combination.transport == "tls"), TRANSPORTS[combination.transport], certificates
    )


@pytest.mark.anyio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("async_check_"))
async def test_checks(check: AsyncCheck, connect_async: AsyncConnect) -> None:
    await check(connect_async)


@pytest.mark.anyio
@pytest.mark.parametrize("combination", list(combinations("tcp", "unix")), indirect=True)
async def test_readability(connect_async: AsyncConnect) -> None:
    """Not over TLS, whose own messages cannot be told from data."""
    await async_check_readability(connect_async)


@pytest.mark.anyio
async def test_extra_info(connect_async: AsyncConnect, combination: Combination) -> None:
    async with connect_async(hold()) as stream:
        sock = stream.get_extra_info("socket")
        assert stream.get_extra_info("client_addr") == sock.getsockname()
        assert stream.get_extra_info("server_addr") == sock.getpeername()
        if combination.transport == "tls":
            assert stream.get_extra_info("ssl_object").version() == "TLSv1.3"
        else:
            assert stream.get_extra_info("ssl_object") is None
        assert stream.get_extra_info("unknown") is None


class ClosesLater:
    """A stream of anyio that closes as in older releases: it sends the rest unless it gets another turn."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def aclose(self) -> None:
        self._stream._transport.close()
        await anyio.sleep(0)
        self._stream._transport.abort()


@pytest.mark.upgrade("1.2")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_close_drops_unsent_bytes(loop: str) -> None:
    async def connect() -> None:
        with scripted_server([hold()], receive_buffer=4096) as server:
            stream = AnyIOStreamWrapper(ClosesLater(await anyio.connect_tcp("127.0.0.1", server.port)))  # type: ignore[arg-type]
            with pytest.raises(WriteTimeout):
                await stream.write(bytes(10_000_000), 0.05)
            sock = stream.get_extra_info("socket")
            await stream.aclose()
            await async_wait_until(lambda: sock.fileno() < 0)

    run_async(loop, connect)


def test_a_connected_socket() -> None:
    with (
        scripted_server(hold()) as server,
        socket.create_connection(("127.0.0.1", server.port)) as sock,
        pytest.raises(
            ReadTimeout, match=rf"The read operation timed out after 0 seconds \(127\.0\.0\.1:{server.port}\)"
        ),
    ):
        SyncStream(sock).read(100, timeout=0.0)
