"""The scenes whose events, log lines and states were measured: what the network does, and what the user does.

A scene is data; `players.py` plays it on the sync, asyncio and trio flavours of the library. Those of HTTP/2 and of
proxies are in modules of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpcore

from .network import Peer, Script

HTTP = "http://example.com/"
HTTPS = "https://example.com/"
OTHER = "http://other.org/"

BODY = (b"Hello, ", b"world!")
HEAD = (b"HTTP/1.1 200 OK\r\n", b"Content-Type: plain/text\r\n", b"Content-Length: 13\r\n", b"\r\n")
OK = HEAD + BODY
BYE = (b"HTTP/1.1 200 OK\r\n", b"Connection: close\r\n", b"Content-Length: 13\r\n", b"\r\n", *BODY)
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: custom\r\n\r\n"
UPGRADE = {"Host": "example.com", "Connection": "upgrade", "Upgrade": "custom"}

How = Literal["request", "read", "iterate", "leave", "leave after one part", "handle_request"]


class Asynchronous:
    """An async iterator over the items of an iterable. It is not a generator, so it need not be closed."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = iter(items)

    def __aiter__(self) -> Asynchronous:
        return self

    async def __anext__(self) -> Any:
        for item in self._items:
            return item
        raise StopAsyncIteration


class Parts:
    """A request body for either flavour: the parts, then the error if there is one."""

    def __init__(self, *parts: bytes, error: Exception | None = None) -> None:
        self._parts = parts
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts
        if self._error is not None:
            raise self._error

    def __aiter__(self) -> Asynchronous:
        return Asynchronous(self)


@dataclass(frozen=True)
class Send:
    """One request, and how its response is used."""

    method: str = "GET"
    url: str | httpcore.URL = HTTP
    headers: Any = None
    content: Any = None
    extensions: Mapping[str, Any] = field(default_factory=dict)
    how: How = "request"


Step = Send | Literal["close", "nothing"]


@dataclass(frozen=True)
class Scene:
    """What happens after each step is recorded; the client is closed after the last one.

    `network` is the buffer of the library's own mock, or a script where something fails. `http2` says which protocol
    the server chooses in the TLS handshake.
    """

    name: str
    network: tuple[bytes, ...] | Script = OK
    steps: tuple[Step, ...] = (Send(),)
    client: Literal["pool", "HTTPConnection", "HTTP11Connection", "HTTP2Connection", "HTTPProxy", "SOCKSProxy"] = "pool"
    options: Mapping[str, Any] = field(default_factory=dict)
    http2: bool = False


PLAIN = {"origin": httpcore.Origin(b"http", b"example.com", 80)}
SECURE = {"origin": httpcore.Origin(b"https", b"example.com", 443)}


def refused(text: str = "") -> httpcore.ConnectError:
    return httpcore.ConnectError(*([text] if text else []))


EXCHANGES = (
    Scene("http11 GET http"),
    Scene("http11 GET https", steps=(Send(url=HTTPS),)),
    Scene("http11 GET https, port and query", steps=(Send(url="https://example.com:8443/path?a=b"),)),
    Scene("http11 GET, read in a stream", steps=(Send(how="read"),)),
    Scene("http11 GET, iterated", steps=(Send(how="iterate"),)),
    Scene("http11 GET, left unread", steps=(Send(how="leave"), Send())),
    Scene("http11 GET, left after one part", steps=(Send(how="leave after one part"), Send())),
    Scene("http11 GET, handle_request", steps=(Send(headers={"Host": "example.com"}, how="handle_request"),)),
    Scene("http11 GET, handle_request without Host", steps=(Send(how="handle_request"),)),
    Scene(
        "http11 HEAD",
        network=(b"HTTP/1.1 200 OK\r\n", b"Content-Length: 13\r\n", b"\r\n"),
        steps=(Send("HEAD", HTTPS),),
    ),
    Scene(
        "http11 OPTIONS *",
        steps=(Send("OPTIONS", httpcore.URL(scheme="https", host="example.com", target="*")),),
    ),
    Scene("http11 POST bytes", steps=(Send("POST", content=b"Hello, world!"),)),
    Scene("http11 POST empty bytes", steps=(Send("POST", content=b""),)),
    Scene("http11 POST iterator", steps=(Send("POST", content=Parts(*BODY)),)),
    Scene(
        "http11 POST iterator, length given",
        steps=(Send("POST", headers={"Content-Length": "13"}, content=Parts(*BODY)),),
    ),
    Scene("http11 POST https bytes", steps=(Send("POST", HTTPS, content=b"Hello, world!"),)),
    Scene(
        "http11 POST body too short",
        steps=(Send("POST", headers={"Content-Length": "13"}, content=Parts(b"Hello")),),
    ),
    Scene(
        "http11 POST body too long",
        steps=(Send("POST", headers={"Content-Length": "5"}, content=Parts(*BODY)),),
    ),
    Scene("http11 POST no body", steps=(Send("POST"),)),
    Scene("http11 headers as list", steps=(Send(headers=[(b"X-One", b"1"), ("X-Two", "2")]),)),
    Scene("http11 headers as dict", steps=(Send(headers={"X-One": "1", b"X-Two": b"2"}),)),
    Scene("http11 own Host", steps=(Send(headers={"host": "other.org"}),)),
    Scene(
        "http11 own Host on another port",
        steps=(Send(url="http://example.com:8080/", headers={"Host": "example.com"}),),
    ),
    Scene("http11 illegal header value", steps=(Send(headers={"X-One": "a\r\nb"}), Send())),
    Scene("http11 illegal header name", steps=(Send(headers={"X One": "a"}),)),
    Scene("http11 illegal method", steps=(Send("G T"),)),
    Scene("http11 illegal target", steps=(Send(url="http://example.com/a b"),)),
    Scene("http11 target extension", steps=(Send(extensions={"target": b"/x|y\xff"}),)),
    Scene("http11 sni_hostname extension", steps=(Send(url=HTTPS, extensions={"sni_hostname": "other.org"}),)),
    Scene(
        "http11 timeouts",
        steps=(
            Send(
                "POST",
                HTTPS,
                content=b"Hello, world!",
                extensions={"timeout": {"connect": 1.0, "read": 2.0, "write": 3.0, "pool": 4.0}},
            ),
        ),
    ),
    Scene("http11 two requests on one connection", network=OK + OK, steps=(Send(), Send())),
    Scene(
        "http11 requests to two origins",
        steps=(Send(), Send(url=OTHER), Send(url="http://example.com:81/")),
    ),
)

RESPONSES = (
    Scene("http11 Connection: close", network=BYE, steps=(Send(), Send())),
    Scene("http11 1.0 response", network=(b"HTTP/1.0 200 OK\r\n", b"\r\n", *BODY)),
    Scene("http11 no length", network=(b"HTTP/1.1 200 OK\r\n", b"\r\n", *BODY)),
    Scene(
        "http11 chunked",
        network=(
            b"HTTP/1.1 200 OK\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"\r\n",
            b"7\r\nHello, \r\n",
            b"6\r\nworld!\r\n",
            b"0\r\n\r\n",
        ),
    ),
    Scene("http11 in one read", network=(b"".join(OK),)),
    Scene("http11 byte by byte", network=tuple(bytes([byte]) for byte in b"".join(OK))),
    Scene(
        "http11 informational",
        network=(b"HTTP/1.1 103 Early Hints\r\n", b"Link: </style.css>\r\n", b"\r\n", *OK),
    ),
    Scene("http11 no reason", network=(b"HTTP/1.1 204\r\n", b"\r\n")),
    Scene(
        "http11 raw header case",
        network=(b"HTTP/1.1 404 Not Found\r\n", b"X-CaSe: A\r\nx-case: b\r\nContent-Length: 0\r\n\r\n"),
    ),
    Scene("http11 Upgrade", network=(SWITCHING,), steps=(Send(url=HTTPS, headers=UPGRADE, how="leave"),)),
    Scene(
        "http11 CONNECT",
        network=(b"HTTP/1.1 200 OK\r\n\r\n",),
        steps=(Send("CONNECT", HTTP, extensions={"target": b"example.com:443"}, how="leave"),),
    ),
)

FAILURES = (
    Scene("http11 malformed", network=(b"Wait, this isn't valid HTTP!\r\n\r\n",)),
    Scene("http11 not ended", network=(b"HTTP/1.1 200 OK\r\n",)),
    Scene(
        "http11 malformed chunk",
        network=(b"HTTP/1.1 200 OK\r\n", b"Transfer-Encoding: chunked\r\n\r\n", b"xyz\r\n"),
    ),
    Scene("http11 bad length", network=(b"HTTP/1.1 200 OK\r\n", b"Content-Length: abc\r\n\r\n")),
    Scene("http11 disconnected", network=(), steps=(Send(), Send())),
    Scene("http11 disconnected in the headers", network=(b"HTTP/1.1 200 OK\r\n", b"Content-Type: plain")),
    Scene("http11 disconnected in the body", network=(*HEAD, b"Hello")),
    Scene(
        "http11 headers too large",
        network=(b"HTTP/1.1 200 OK\r\n", *(b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(200))),
    ),
    Scene(
        "http11 read timeout",
        network=(Peer(reads=(httpcore.ReadTimeout("timed out"),)), Peer(reads=(httpcore.ReadTimeout("timed out"),))),
        steps=(Send(url=HTTPS), Send(url=HTTPS)),
    ),
    Scene("http11 read timeout in the body", network=(Peer(reads=(*HEAD, b"Hello", httpcore.ReadTimeout())),)),
    Scene("http11 read error", network=(Peer(reads=(httpcore.ReadError("broken"),)),)),
    Scene("http11 read error in the body", network=(Peer(reads=(*HEAD, b"Hello", httpcore.ReadError("broken"))),)),
    Scene("http11 write timeout", network=(Peer(refuses=(b"GET", httpcore.WriteTimeout("timed out"))),)),
    Scene(
        "http11 write error, response sent",
        network=(Peer(reads=BYE, refuses=(b"Hello", httpcore.WriteError())),),
        steps=(Send("POST", content=b"Hello, world!"),),
    ),
    Scene(
        "http11 write error, no response",
        network=(Peer(refuses=(b"Hello", httpcore.WriteError())),),
        steps=(Send("POST", content=b"Hello, world!"),),
    ),
    Scene(
        "http11 body raises",
        steps=(Send("POST", content=Parts(b"Hello", error=ValueError("from the body"))), Send()),
    ),
    Scene(
        "http11 retries set, read error",
        network=(Peer(reads=(httpcore.ReadError(),)),),
        options={"retries": 3},
    ),
)

DIALLING = (
    Scene("ws scheme", steps=(Send(url="ws://example.com/"),)),
    Scene("wss scheme", steps=(Send(url="wss://example.com/"),)),
    Scene("connect error", network=(refused("refused"), Peer(OK)), steps=(Send(), Send())),
    Scene("connect timeout", network=(httpcore.ConnectTimeout("timed out"),), steps=(Send(url=HTTPS),)),
    Scene("TLS error", network=(Peer(tls=refused("bad certificate")),), steps=(Send(url=HTTPS),)),
    Scene("TLS timeout", network=(Peer(tls=httpcore.ConnectTimeout()),), steps=(Send(url=HTTPS),)),
    Scene("retry after connect errors", network=(refused(), refused(), Peer(OK)), options={"retries": 3}),
    Scene(
        "retry after connect timeouts",
        network=(httpcore.ConnectTimeout(), httpcore.ConnectTimeout(), httpcore.ConnectTimeout(), Peer(OK)),
        steps=(Send(url=HTTPS),),
        options={"retries": 3},
    ),
    Scene(
        "retry after TLS errors",
        network=(Peer(tls=refused()), Peer(tls=refused()), Peer(OK)),
        steps=(Send(url=HTTPS),),
        options={"retries": 3},
    ),
    Scene(
        "retries exhausted",
        network=(refused("no"), refused("no"), refused("no"), refused("no")),
        options={"retries": 3},
    ),
    Scene("unix socket", options={"uds": "/mock/socket"}),
    Scene("unix socket https", steps=(Send(url=HTTPS),), options={"uds": "/mock/socket"}),
    Scene(
        "unix socket connect error",
        network=(refused("none"), refused("none")),
        steps=(Send(extensions={"timeout": {"connect": 1.0}}),),
        options={"uds": "/mock/socket", "retries": 1},
    ),
    Scene(
        "local address and socket options",
        steps=(Send(extensions={"timeout": {"connect": 1.0}}),),
        options={"local_address": "0.0.0.0", "socket_options": [(1, 2, 3)]},
    ),
)

POOL = (
    Scene("pool: no idle connections kept", steps=(Send(), Send()), options={"max_keepalive_connections": 0}),
    Scene("pool: kept ones expire", steps=(Send(), "nothing", Send()), options={"keepalive_expiry": 0.0}),
    Scene("pool: expiry not reached", network=OK + OK, steps=(Send(), Send()), options={"keepalive_expiry": 60.0}),
    Scene("pool: idle one makes room", steps=(Send(), Send(url=OTHER)), options={"max_connections": 1}),
    Scene("pool: closed, then used again", steps=(Send(), "close", Send(), "close")),
    Scene("pool: max_connections None", options={"max_connections": None}),
)

CONNECTION = (
    Scene("HTTPConnection http", network=OK + OK, steps=(Send(), Send()), client="HTTPConnection", options=PLAIN),
    Scene("HTTPConnection https", steps=(Send(url=HTTPS),), client="HTTPConnection", options=SECURE),
    Scene("HTTPConnection, another origin", steps=(Send(url=OTHER), Send()), client="HTTPConnection", options=PLAIN),
    Scene(
        "HTTPConnection, connect error",
        network=(refused("no"), Peer(OK)),
        steps=(Send(), Send()),
        client="HTTPConnection",
        options=PLAIN,
    ),
    Scene("HTTPConnection, closed then used", steps=(Send(), "close", Send()), client="HTTPConnection", options=PLAIN),
    Scene("HTTPConnection, closed unused", steps=("close", Send()), client="HTTPConnection", options=PLAIN),
    Scene(
        "HTTPConnection expires",
        network=OK + OK,
        steps=(Send(), "nothing", Send()),
        client="HTTPConnection",
        options={**PLAIN, "keepalive_expiry": 0.0},
    ),
    Scene("HTTP11Connection", network=OK + OK, steps=(Send(url=HTTPS),) * 2, client="HTTP11Connection", options=SECURE),
    Scene(
        "HTTP11Connection, another origin", steps=(Send(), Send(url=HTTPS)), client="HTTP11Connection", options=SECURE
    ),
    Scene(
        "HTTP11Connection, closed then used",
        steps=(Send(url=HTTPS), "close", Send(url=HTTPS)),
        client="HTTP11Connection",
        options=SECURE,
    ),
    Scene(
        "HTTP11Connection, closed unused", steps=("close", Send(url=HTTPS)), client="HTTP11Connection", options=SECURE
    ),
    Scene(
        "HTTP11Connection expires",
        steps=(Send(url=HTTPS), "nothing"),
        client="HTTP11Connection",
        options={**SECURE, "keepalive_expiry": 0.0},
    ),
    Scene(
        "HTTP11Connection, read timeout",
        network=(Peer(reads=(httpcore.ReadTimeout(),)),),
        steps=(Send(url=HTTPS), Send(url=HTTPS)),
        client="HTTP11Connection",
        options=SECURE,
    ),
)

SCENES = {scene.name: scene for scene in EXCHANGES + RESPONSES + FAILURES + DIALLING + POOL + CONNECTION}
