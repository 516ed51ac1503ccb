"""The scenes over HTTP/2. Each read of them gives one whole frame, unless the scene is about something else."""

from __future__ import annotations

from typing import Any

import httpcore
from httpcore_test_support import h2_frames as h2

from .network import Peer
from .scenes import BODY, HTTPS, OK, SECURE, Parts, Scene, Send

TEXT = (b"content-type", b"plain/text")
TRAILER = (b"x-checksum", b"1")
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 3, 4

SETTINGS = h2.settings()
HEADERS = h2.headers(1, 200, TEXT)
END = h2.data(1, BODY[1], end_stream=True)
RESPONSE = (HEADERS, h2.data(1, BODY[0]), END)
FIRST = (SETTINGS, *RESPONSE)
SECOND = (h2.headers(3, 200, TEXT), h2.data(3, BODY[0]), h2.data(3, BODY[1], end_stream=True))
# Of the frame that the client writes. httpcore 1.0 ends the request in another frame.
WRITTEN_BODY = b"Hello, world!"

GET = Send(url=HTTPS)
POST = Send("POST", HTTPS, content=b"Hello, world!")


def scene(name: str, network: Any = FIRST, *steps: Send, **options: Any) -> Scene:
    """A scene in a pool that speaks both protocols, with a server that chooses HTTP/2."""
    return Scene(f"http2 {name}", network, steps or (GET,), options={"http2": True, **options}, http2=True)


def peer(*reads: bytes | Exception, refuses: tuple[bytes, Exception] | None = None) -> Peer:
    return Peer(reads, refuses, http2=True)


EXCHANGES = (
    scene("GET https"),
    scene("GET https, not asked for", http2=False),
    Scene("http2 asked for, not chosen", OK, (GET,), options={"http2": True}),
    Scene("http2 asked for, plain http", OK, options={"http2": True}),
    scene("prior knowledge", FIRST, Send(), http1=False),
    scene("POST bytes", FIRST, POST),
    scene("POST empty", FIRST, Send("POST", HTTPS, content=b"")),
    scene("POST iterator", FIRST, Send("POST", HTTPS, content=Parts(*BODY))),
    scene("HEAD", (SETTINGS, h2.headers(1, 200, TEXT, end_stream=True)), Send("HEAD", HTTPS)),
    scene("headers", FIRST, Send(url=HTTPS, headers={"X-One": "1", "Connection": "close", "Transfer-Encoding": "a"})),
    scene("iterated", FIRST, Send(url=HTTPS, how="iterate")),
    scene("left unread", FIRST + SECOND, Send(url=HTTPS, how="leave"), GET),
    scene("two requests", FIRST + SECOND, GET, GET),
    scene(
        "timeouts",
        FIRST,
        Send(
            "POST",
            HTTPS,
            content=b"Hello, world!",
            extensions={"timeout": {"connect": 1.0, "read": 2.0, "write": 3.0, "pool": 4.0}},
        ),
    ),
)

FRAMES = (
    scene(
        "settings",
        (h2.settings({MAX_CONCURRENT_STREAMS: 10}), HEADERS, h2.settings({MAX_CONCURRENT_STREAMS: 2}), END),
    ),
    scene("small window", (h2.settings({INITIAL_WINDOW_SIZE: 10}), *RESPONSE), POST),
    scene(
        "large body",
        (h2.settings({INITIAL_WINDOW_SIZE: 2**20}), h2.window_update(0, 2**20), *RESPONSE),
        Send("POST", HTTPS, content=b"x" * 60_000),
    ),
    scene(
        "padded and unknown frames",
        (
            SETTINGS,
            h2.frame(0xBB, 0, 0, b"unknown"),
            h2.altsvc(),
            h2.headers(1, 200, TEXT, padding=5),
            h2.data(1, BODY[0], padding=255),
            END,
        ),
    ),
    scene("ping", (SETTINGS, h2.ping(), *RESPONSE)),
    scene("trailers", (*FIRST[:-1], h2.headers(1, None, TRAILER, end_stream=True))),
    scene("status 404", (SETTINGS, h2.headers(1, 404, TEXT), END)),
    scene("informational", (SETTINGS, h2.headers(1, 103, (b"link", b"</style.css>")), *RESPONSE)),
)

ENDS = (
    scene("reset", (SETTINGS, HEADERS, h2.rst_stream(1, 8))),
    scene("reset before headers", (SETTINGS, h2.rst_stream(1, 1)), GET, GET),
    scene("GOAWAY after a response", (*FIRST, h2.goaway(1)), GET, GET),
    scene("GOAWAY before headers", (SETTINGS, h2.goaway(0, 1))),
    scene("disconnected", (SETTINGS,)),
    scene("disconnected at once", (), GET, GET),
    scene("not HTTP/2", (b"HTTP/1.1 400 Bad Request\r\n\r\n",)),
    scene("frame for stream 0", (SETTINGS, h2.frame(0, 0, 0, b"Hello"))),
    scene(
        "read timeout",
        (peer(SETTINGS, httpcore.ReadTimeout("timed out")), peer(SETTINGS, httpcore.ReadTimeout("timed out"))),
        GET,
        GET,
    ),
    scene("read timeout in the body", (peer(SETTINGS, HEADERS, httpcore.ReadTimeout()),)),
    scene("write error", (peer(*FIRST, refuses=(b"PRI", httpcore.WriteError("broken"))),)),
    scene("write timeout in the body", (peer(*FIRST, refuses=(WRITTEN_BODY, httpcore.WriteTimeout())),), POST),
    scene("body raises", FIRST, Send("POST", HTTPS, content=Parts(b"Hello", error=ValueError("from the body")))),
    scene("handle_request without Host", FIRST, Send(url=HTTPS, how="handle_request")),
)


def connection(name: str, network: Any, *steps: Any, **options: Any) -> Scene:
    return Scene(name, network, steps, "HTTP2Connection", {**SECURE, **options}, http2=True)


CONNECTION = (
    Scene("HTTPConnection HTTP/2", FIRST + SECOND, (GET, GET), "HTTPConnection", {**SECURE, "http2": True}, http2=True),
    connection("HTTP2Connection", FIRST + SECOND, GET, GET),
    connection("HTTP2Connection, another origin", FIRST, Send(), GET),
    connection("HTTP2Connection, closed then used", FIRST, GET, "close", GET),
    connection("HTTP2Connection, closed unused", FIRST, "close", GET),
    connection("HTTP2Connection expires", FIRST, GET, "nothing", keepalive_expiry=0.0),
    connection(
        "HTTP2Connection, read timeout",
        (peer(httpcore.ReadTimeout(), httpcore.ReadTimeout()),),
        GET,
        GET,
    ),
)

SCENES = {scene.name: scene for scene in EXCHANGES + FRAMES + ENDS + CONNECTION}
