# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""A user's program, for type checkers: it is never run.

Wrong uses are marked `type: ignore`. Where one is accepted after all, its mark is unused, which the checkers refuse.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

import httpcore
import httpcore_h2
import httpcore_models


def trace(event: str, info: Mapping[str, Any]) -> None:
    print(event, info.get("return_value"))


def observe(event: str, info: dict[str, Any]) -> None:
    """An observer, the extension `observe`, in sync and async code."""


async def async_trace(event: str, info: Mapping[str, Any]) -> None:
    print(event, info.get("return_value"))


class LoopbackBackend(httpcore.NetworkBackend):
    """Lets nobody leave this machine."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        if host != "localhost":
            raise httpcore.ConnectError(f"{host} is elsewhere")
        return self._backend.connect_tcp(host, port, timeout, local_address, socket_options)


class RecordingStream(httpcore.AsyncNetworkStream):
    """Takes note of what is sent."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self.sent: list[bytes] = []
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.sent.append(buffer)
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return RecordingStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class RecordingBackend(httpcore.AsyncNetworkBackend):
    """Makes such streams."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return RecordingStream(await self._backend.connect_unix_socket(path, timeout, socket_options))

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


class Body:
    """Can be sent again."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"line\n"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"line\n"


def lines() -> Iterator[bytes]:
    yield b"line\n"


async def async_lines() -> AsyncIterator[bytes]:
    yield b"line\n"


def headers_of_all_kinds() -> httpcore.Response:
    text: dict[str, str] = {"Accept": "*/*"}
    octets: dict[bytes, bytes] = {b"Accept": b"*/*"}
    mixed: Mapping[bytes | str, bytes | str] = {"Accept": b"*/*", b"X": "1"}
    pairs: list[tuple[str, str]] = [("Accept", "*/*")]
    httpcore.request("GET", "http://localhost/", headers=text)
    httpcore.request("GET", "http://localhost/", headers=octets)
    httpcore.request("GET", "http://localhost/", headers=mixed)
    httpcore.request("GET", "http://localhost/", headers=pairs)
    httpcore.request(b"GET", b"http://localhost/", headers=[(b"Accept", b"*/*")])
    httpcore.request("GET", "http://localhost/", headers=(("Accept", b"*/*"), (b"X", "1")))
    httpcore.request("GET", "http://localhost/", headers={"Accept": b"*/*", b"X": "1"})
    httpcore.request("GET", "http://localhost/", headers={"Accept": 1})  # type: ignore
    httpcore.request("GET", "http://localhost/", headers="Accept: */*")  # type: ignore
    httpcore.Proxy("http://localhost:3128", headers=text)
    httpcore.Request(b"GET", httpcore.URL("http://localhost/"), headers=text)
    return httpcore.Response(200, headers=text, content=b"")


def bodies_of_all_kinds(pool: httpcore.ConnectionPool) -> None:
    pool.request("POST", "http://localhost/", content=b"body")
    pool.request("POST", "http://localhost/", content=[b"bo", b"dy"])
    pool.request("POST", "http://localhost/", content=lines())
    pool.request("POST", "http://localhost/", content=Body())
    pool.request("POST", "http://localhost/", content=httpcore_models.ByteStream(b"body"))
    pool.request("POST", "http://localhost/", content="text")  # type: ignore
    pool.request("POST", "http://localhost/", content={"form": "data"})  # type: ignore
    with httpcore.stream("PUT", "http://localhost/", content=open("file", "rb")) as response:
        response.read()


def extensions_of_all_kinds(given: dict[str, Any], others: dict[str, object], limits: dict[str, float | None]) -> None:
    httpcore.request("GET", "http://localhost/", extensions={"timeout": {"connect": 5.0, "read": None, "total": 30}})
    httpcore.request(
        "GET", "http://localhost/", extensions={"trace": trace, "sni_hostname": "localhost", "observe": observe}
    )
    httpcore.request("GET", "http://localhost/", extensions={"target": b"*", "protocol": b"websocket"})
    httpcore.request("GET", "http://localhost/", extensions={"timeout": given})
    httpcore.request("GET", "http://localhost/", extensions={"timeout": given["timeout"]})
    httpcore.request("GET", "http://localhost/", extensions={"timeout": limits})
    httpcore.request("GET", "http://localhost/", extensions=given)
    httpcore.request("GET", "http://localhost/", extensions=others)
    httpcore.request("GET", "http://localhost/", extensions={})
    mixed: dict[str, object] = {"trace": trace, "timeout": {"connect": 5.0}, "own": "of another package"}
    httpcore.request("GET", "http://localhost/", extensions=mixed)
    timeouts: httpcore.Timeouts = {"connect": 5.0}
    known: httpcore.RequestExtensions = {"timeout": timeouts}
    known["trace"] = async_trace
    httpcore.request("GET", "http://localhost/", extensions=known)
    with httpcore.stream("GET", "http://localhost/", extensions=known) as response:
        given_back: Any = response.extensions["timeout"]
    request = httpcore.Request("GET", "http://localhost/", extensions=known)
    request.extensions["anything"] = given_back
    httpcore.request("GET", "http://localhost/", extensions=request.extensions)
    wrong_limits: httpcore.Timeouts = {"conect": 5.0}  # type: ignore
    wrong: httpcore.RequestExtensions = {"timeouts": wrong_limits}  # type: ignore
    httpcore.request("GET", "http://localhost/", extensions=wrong)
    httpcore.request("GET", "http://localhost/", extensions={"timeouts": {"connect": 5.0}})  # type: ignore
    httpcore.request("GET", "http://localhost/", extensions={"timeout": {"conect": 5.0}})  # type: ignore
    httpcore.request("GET", "http://localhost/", extensions={"timeout": {"connect": "5"}})  # type: ignore
    httpcore.request("GET", "http://localhost/", extensions={"timeout": 5.0})  # type: ignore
    httpcore.request("GET", "http://localhost/", extensions={"sni_hostname": 5})  # type: ignore
    httpcore.Request("GET", "http://localhost/", extensions={"sni_host": "localhost"})  # type: ignore


async def async_extensions(pool: httpcore.AsyncConnectionPool) -> None:
    await pool.request(
        "GET", "http://localhost/", extensions={"timeout": {"connect": 5.0}, "trace": async_trace, "observe": observe}
    )
    await pool.request("GET", "http://localhost/", extensions={"timeout": {"conect": 5.0}})  # type: ignore
    async with pool.stream("GET", "http://localhost/", extensions={"timeouts": {"read": 5.0}}) as response:  # type: ignore
        print(response)


def sync_pool(context: ssl.SSLContext) -> bytes:
    proxy = httpcore.Proxy("http://localhost:3128", auth=("user", "password"), ssl_context=context)
    options: list[httpcore.SOCKET_OPTION] = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    with httpcore.ConnectionPool(
        ssl_context=context,
        proxy=[proxy, httpcore.Proxy("socks5://localhost")],
        max_connections=10,
        keepalive_expiry=5.0,
        http2=True,
        network_backend=LoopbackBackend(),
        socket_options=options,
    ) as pool:
        pool.request("GET", "http://localhost/", timeout=5.0)  # type: ignore
        connections: list[httpcore.ConnectionInterface] = pool.connections
        idle: list[bool] = [connection.is_idle() for connection in connections]
        opened: int = pool.stats().opened
        extensions: dict[str, Any] = {"trace": trace, "timeout": {"connect": 5.0}, "sni_hostname": "localhost"}
        with pool.stream("GET", httpcore.URL("https://localhost/"), extensions=extensions) as response:
            status: int = response.status
            fields: list[tuple[bytes, bytes]] = response.headers
            body = b"".join(response.iter_stream())
    print(idle, opened, status, fields, response.extensions.get("http_version"))
    return body + response.read() + response.content


async def async_pool(context: ssl.SSLContext) -> bytes:
    pool = httpcore.AsyncConnectionPool(
        ssl_context=httpcore.default_ssl_context(),
        proxy=httpcore.Proxy("https://localhost:3129", auth=(b"user", b"password"), ssl_context=context),
        max_connections=None,
        network_backend=RecordingBackend(httpcore.AnyIOBackend()),
    )
    wrong = httpcore.AsyncConnectionPool(network_backend=LoopbackBackend())  # type: ignore
    async with pool, wrong:
        response = await pool.request("POST", "http://localhost/", content=async_lines())
        await pool.request("POST", "http://localhost/", headers={"Accept": "*/*"}, content=b"body")
        extensions: httpcore.RequestExtensions = {"trace": async_trace, "timeout": {"read": 5.0}}
        async with pool.stream("POST", "http://localhost/", content=Body(), extensions=extensions) as streamed:
            async for part in streamed.aiter_stream():
                octets: bytes = part
                print(octets)
        request = httpcore.Request("GET", httpcore.URL("http://localhost/"))
        handled = await pool.handle_async_request(request)
        text: str = await handled.aread()  # type: ignore
    return response.content + text.encode()


async def upgrade(pool: httpcore.AsyncConnectionPool) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    async with pool.stream("GET", "http://localhost/", headers=headers) as response:
        stream: httpcore.AsyncNetworkStream = response.extensions["network_stream"]
        await stream.write(b"hello", timeout=5.0)
        print(await stream.read(1024), stream.get_extra_info("peername"))


def pinned(host: str, port: int) -> list[str]:
    return [f"127.0.0.{port % 256}"]


async def async_pinned(host: str, port: int) -> tuple[str, ...]:
    return ("127.0.0.1", host)


def no_proxies(destination: httpcore.Destination) -> bool | str:
    if destination.address is None or destination.port == 22:
        return f"not to {destination.path or destination.host}"
    return destination.purpose == "origin" and not destination.address.is_private


def rules_for_the_network() -> list[httpcore.NetworkBackend]:
    resolver: httpcore.Resolver = httpcore.CachingResolver(pinned, ttl=30.0, max_entries=100)
    httpcore.SyncBackend(pinned)  # type: ignore
    httpcore.SyncBackend(resolver=async_pinned)  # type: ignore
    httpcore.GuardedBackend(lambda destination: destination)  # type: ignore
    options: list[httpcore.SOCKET_OPTION] = httpcore.tcp_keepalive(idle=30)
    with httpcore.ConnectionPool(socket_options=options, network_backend=httpcore.GuardedBackend(no_proxies)) as pool:
        print(pool.request("GET", "http://localhost/").status)
    return [
        httpcore.SyncBackend(resolver=resolver),
        httpcore.GuardedBackend(httpcore.only_global_addresses, LoopbackBackend(), resolver=pinned),
    ]


def async_rules_for_the_network() -> list[httpcore.AsyncNetworkBackend]:
    resolver: httpcore.AsyncResolver = httpcore.AsyncCachingResolver(async_pinned)
    httpcore.AsyncGuardedBackend(no_proxies, LoopbackBackend())  # type: ignore
    return [
        httpcore.AutoBackend(resolver=resolver),
        httpcore.AnyIOBackend(resolver=pinned),
        httpcore.TrioBackend(resolver=async_pinned),
        httpcore.AsyncGuardedBackend(no_proxies, httpcore.AnyIOBackend(), resolver=resolver),
    ]


def proxies_by_class() -> list[httpcore.ConnectionPool]:
    return [
        httpcore.HTTPProxy("http://localhost:3128", proxy_auth=("user", "password"), proxy_headers={"X": "1"}),
        httpcore.SOCKSProxy("socks5://localhost", proxy_auth=("user", "password")),
    ]


def async_proxies_by_class() -> list[httpcore.AsyncConnectionPool]:
    return [httpcore.AsyncHTTPProxy("http://localhost:3128"), httpcore.AsyncSOCKSProxy("socks5://localhost")]


def one_connection() -> int:
    origin = httpcore.Origin(b"http", b"localhost", 80)
    stream = LoopbackBackend().connect_tcp("localhost", 80, timeout=5.0)
    try:
        with httpcore.HTTP11Connection(origin, stream) as connection:
            first = connection.request("GET", "http://localhost/")
        with httpcore.HTTP2Connection(origin, stream) as connection:
            second = connection.request("GET", "http://localhost/")
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise SystemExit(str(error)) from error
    return first.status + second.status


async def one_async_connection(stream: httpcore.AsyncNetworkStream) -> None:
    origin = httpcore.Origin(b"https", b"localhost", 443)
    async with httpcore_h2.AsyncHTTP2Connection(origin, stream, ping_interval=5.0) as connection:
        interface: httpcore.AsyncConnectionInterface = connection
        print(interface.has_expired(), await connection.request("GET", "https://localhost/"))


def without_network() -> None:
    backend = httpcore.MockBackend([b"HTTP/1.1 204 No Content\r\n\r\n"], http2=False)
    with httpcore.ConnectionPool(network_backend=backend) as pool:
        print(pool.request("GET", "http://localhost/").status)
