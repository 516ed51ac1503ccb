"""Failures, scene by scene. Also runs on httpcore 1.0.9."""

from __future__ import annotations

import functools
import ssl
import struct
from dataclasses import dataclass, field
from typing import Any

import trustme

from .failing_peers import (
    HOST,
    PATIENCE,
    Handler,
    authority,
    client_context,
    closes,
    demanding,
    encrypted,
    expired,
    full,
    not_yet_valid,
    resets,
    says,
    says_first,
    server_context,
    silent,
)

SHORT = 0.1  # seconds: a limit that is exceeded


@dataclass
class Scene:
    handler: Handler | None = None
    url: str = "http://127.0.0.1:{port}/"
    method: str = "GET"
    headers: Any = None
    content: Any = None
    limits: dict[str, float] = field(
        default_factory=lambda: {"connect": PATIENCE, "read": PATIENCE, "write": PATIENCE, "pool": PATIENCE}
    )
    pool: dict[str, Any] = field(default_factory=dict)
    proxy: dict[str, Any] | None = None
    held: bool = False  # another request keeps the pool's only connection
    extensions: dict[str, Any] = field(default_factory=dict)


def tls(handler: Handler | None, **arguments: Any) -> Scene:
    arguments.setdefault("pool", {}).setdefault("ssl_context", client_context())
    arguments.setdefault("url", "https://127.0.0.1:{port}/")
    return Scene(handler, **arguments)


def http2(*parts: bytes, then: Handler = closes, **arguments: Any) -> Scene:
    arguments.setdefault("pool", {"http1": False, "http2": True})
    return Scene(says(*parts, then=then), **arguments)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def through(proxy_url: str, handler: Handler | None, **arguments: Any) -> Scene:
    proxy = {"url": proxy_url, **arguments.pop("proxy", {})}
    arguments.setdefault("url", "https://example.com/")
    return Scene(handler, proxy=proxy, **arguments)


def socks(*parts: bytes, then: Handler = closes, **arguments: Any) -> Scene:
    return through("socks5://127.0.0.1:{port}", says(*parts, then=then), **arguments)


OK = b"HTTP/1.1 200 OK\r\n"
SETTINGS = frame(4, 0, 0)
NO_AUTH = b"\x05\x00"
LIMITS = dict.fromkeys(("connect", "read", "write", "pool"), PATIENCE)
AUTH = {"auth": ("user", "password")}


def limits_with(**changed: float) -> dict[str, float]:
    return {**LIMITS, **changed}


@functools.cache
def scenes() -> dict[str, Scene]:
    """All scenes by name."""
    return {
        # Connecting.
        "connect refused": Scene(None),
        "connect refused, https": Scene(None, url="https://127.0.0.1:{port}/"),
        "connect refused, two addresses": Scene(None, url="http://two.invalid:{port}/"),
        "connect timeout": Scene(full, limits=limits_with(connect=SHORT)),
        "unknown name": Scene(None, url="http://name.invalid/"),
        "too long a name": Scene(None, url=f"http://{'a' * 70}.invalid/"),
        "local address of another machine": Scene(closes, pool={"local_address": "192.0.2.1"}),
        "unix socket missing": Scene(None, pool={"uds": "/nonexistent/socket"}),
        "unix socket refused": Scene(None, pool={"uds": "/dev/null"}),
        "wrong socket option": Scene(closes, pool={"socket_options": [(-1, -1, 1)]}),
        # TLS.
        "tls unknown authority": tls(encrypted(server_context(trustme.CA().issue_cert(HOST)))),
        "tls self-signed": tls(encrypted(server_context(trustme.CA().issue_cert(HOST)))),
        "tls other host": tls(
            encrypted(server_context(authority().issue_cert("example.org"))), url="https://localhost:{port}/"
        ),
        "tls other address": tls(encrypted(server_context(authority().issue_cert("example.org")))),
        "tls expired": tls(encrypted(server_context(expired()))),
        "tls not yet valid": tls(encrypted(server_context(not_yet_valid()))),
        "tls clear text": tls(says_first(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")),
        "tls garbage": tls(says_first(b"\x00" * 100)),
        "tls closed": tls(closes),
        "tls reset": tls(resets),
        "tls timeout": tls(silent, limits=limits_with(connect=SHORT)),
        "tls old version": tls(
            encrypted(server_context(maximum_version=ssl.TLSVersion.TLSv1_2)),
            pool={"ssl_context": client_context(minimum_version=ssl.TLSVersion.TLSv1_3)},
        ),
        "tls client certificate missing": tls(encrypted(demanding())),
        "tls client certificate missing, 1.2": tls(encrypted(demanding(maximum_version=ssl.TLSVersion.TLSv1_2))),
        "tls no server name": tls(encrypted(server_context()), extensions={"sni_hostname": ""}),
        "tls wrong server name": tls(encrypted(server_context()), extensions={"sni_hostname": "a" * 300}),
        "tls disconnected": tls(encrypted(server_context())),
        "tls read timeout": tls(encrypted(server_context(), silent), limits=limits_with(read=SHORT)),
        "tls write timeout": tls(
            encrypted(server_context(), silent),
            method="POST",
            content=b"a" * 30_000_000,
            limits=limits_with(write=SHORT),
        ),
        "tls reset in response": tls(encrypted(server_context(), resets)),
        # HTTP/1.1.
        "disconnected": Scene(closes),
        "reset": Scene(resets),
        "read timeout": Scene(silent, limits=limits_with(read=SHORT)),
        "read timeout of zero": Scene(silent, limits=limits_with(read=0)),
        "read timeout in the body": Scene(
            says(OK + b"Content-Length: 10\r\n\r\n123", then=silent), limits=limits_with(read=SHORT)
        ),
        "write timeout": Scene(silent, method="POST", content=b"a" * 30_000_000, limits=limits_with(write=SHORT)),
        "pool timeout": Scene(silent, held=True, pool={"max_connections": 1}, limits=limits_with(pool=SHORT)),
        "disconnected in the head": Scene(says(OK)),
        "disconnected in the body": Scene(says(OK + b"Content-Length: 10\r\n\r\n123")),
        "disconnected in a chunk": Scene(says(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\n12")),
        "disconnected between chunks": Scene(says(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\n123\r\n")),
        "reset in the body": Scene(says(OK + b"Content-Length: 10\r\n\r\n123", then=resets)),
        "garbage": Scene(says(b"\x00\x01garbage\r\n\r\n")),
        "text": Scene(says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")),
        "bad status line": Scene(says(b"HTTP/1.1 abc OK\r\n\r\n")),
        "bad header line": Scene(says(OK + b"no colon\r\n\r\n")),
        "bad header name": Scene(says(OK + b"a b: c\r\n\r\n")),
        "bad header value": Scene(says(OK + b"a: \x01\r\n\r\n")),
        "bad chunk size": Scene(says(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n")),
        "no newline after a chunk": Scene(says(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\n12345\r\n")),
        "bad content length": Scene(says(OK + b"Content-Length: abc\r\n\r\n")),
        "two content lengths": Scene(says(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n")),
        "unknown transfer encoding": Scene(says(OK + b"Transfer-Encoding: gzip\r\n\r\n")),
        "long head": Scene(says(OK + b"Content-Length: 0\r\na: " + b"b" * 110_000 + b"\r\n\r\n", then=silent)),
        "switching protocols unasked": Scene(says(b"HTTP/1.1 101 Switching\r\n\r\n")),
        "http 2.0 status line": Scene(says(b"HTTP/2.0 200 OK\r\n\r\n")),
        # Requests that cannot be sent.
        "request header name": Scene(closes, headers=[("a b", "c")]),
        "request header value": Scene(closes, headers=[("a", "b\nc")]),
        "request header value with a control": Scene(closes, headers=[("a", "\x01")]),
        "request header empty name": Scene(closes, headers=[("", "c")]),
        "request header leading space": Scene(closes, headers=[("a", " c")]),
        "request method": Scene(closes, method="G ET"),
        "request target": Scene(closes, extensions={"target": b"/ a"}),
        "request two hosts": Scene(closes, headers=[("Host", "a"), ("Host", "b")]),
        "request content length": Scene(closes, headers={"Content-Length": "abc"}, method="POST", content=b"a"),
        "request two content lengths": Scene(
            closes, headers=[("Content-Length", "1"), ("Content-Length", "2")], method="POST", content=b"a"
        ),
        "request transfer encoding": Scene(closes, headers={"Transfer-Encoding": "gzip"}, method="POST", content=b"a"),
        "request body too short": Scene(closes, headers={"Content-Length": "5"}, method="POST", content=b"a"),
        "request body too long": Scene(closes, headers={"Content-Length": "1"}, method="POST", content=b"abc"),
        "no scheme": Scene(None, url="127.0.0.1/"),
        "no host": Scene(None, url="/path"),
        "scheme ftp": Scene(None, url="ftp://127.0.0.1/"),
        "no protocol": Scene(closes, pool={"http1": False, "http2": False}),
        "port 0": Scene(None, url="http://127.0.0.1:0/"),
        # HTTP/2.
        "http2 disconnected": http2(),
        "http2 disconnected after settings": http2(SETTINGS),
        "http2 reset": http2(SETTINGS, then=resets),
        "http2 read timeout": http2(SETTINGS, then=silent, limits=limits_with(read=SHORT)),
        "http2 write timeout": http2(
            SETTINGS, then=silent, method="POST", content=b"a" * 30_000_000, limits=limits_with(write=SHORT, read=SHORT)
        ),
        "http2 answered in http1": http2(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "http2 garbage": http2(b"\xff" * 100),
        "http2 goaway": http2(SETTINGS + frame(7, 0, 0, struct.pack("!II", 0, 11) + b"calm down")),
        "http2 goaway without error": http2(SETTINGS + frame(7, 0, 0, struct.pack("!II", 1, 0))),
        "http2 goaway after the stream": http2(SETTINGS + frame(7, 0, 0, struct.pack("!II", 1, 1))),
        "http2 stream reset": http2(SETTINGS + frame(3, 0, 1, struct.pack("!I", 1)), then=silent),
        "http2 stream reset, unknown code": http2(SETTINGS + frame(3, 0, 1, struct.pack("!I", 99)), then=silent),
        "http2 stream cancelled": http2(SETTINGS + frame(3, 0, 1, struct.pack("!I", 8)), then=silent),
        "http2 data before headers": http2(SETTINGS + frame(0, 0, 1, b"abc"), then=silent),
        "http2 no status": http2(SETTINGS + frame(1, 5, 1, b"\x40\x01a\x01b"), then=silent),
        "http2 bad hpack": http2(SETTINGS + frame(1, 4, 1, b"\xff\xff\xff\xff\xff\xff"), then=silent),
        "http2 upper case": http2(SETTINGS + frame(1, 5, 1, b"\x88\x40\x01A\x01b"), then=silent),
        "http2 connection field": http2(SETTINGS + frame(1, 5, 1, b"\x88\x40\x0aconnection\x05close"), then=silent),
        "http2 body too long": http2(SETTINGS + frame(1, 4, 1, b"\x88\x5c\x011") + frame(0, 1, 1, b"abc"), then=silent),
        "http2 frame too large": http2(SETTINGS + frame(1, 4, 1, b"\x88") + frame(0, 0, 1, b"a" * 70_000), then=silent),
        "http2 bad window update": http2(SETTINGS + frame(8, 0, 0, struct.pack("!I", 0)), then=silent),
        "http2 window overflow": http2(SETTINGS + frame(8, 0, 0, struct.pack("!I", 2**31 - 1)), then=silent),
        "http2 bad settings": http2(frame(4, 0, 0, struct.pack("!HI", 2, 7)), then=silent),
        "http2 unknown stream": http2(SETTINGS + frame(1, 4, 9, b"\x88"), then=silent),
        "http2 push": http2(SETTINGS + frame(5, 4, 1, struct.pack("!I", 2) + b"\x82"), then=silent),
        "http2 disconnected in the body": http2(SETTINGS + frame(1, 4, 1, b"\x88") + frame(0, 0, 1, b"abc")),
        "http2 read timeout in the body": http2(
            SETTINGS + frame(1, 4, 1, b"\x88") + frame(0, 0, 1, b"abc"), then=silent, limits=limits_with(read=SHORT)
        ),
        "http2 stream reset in the body": http2(
            SETTINGS + frame(1, 4, 1, b"\x88") + frame(0, 0, 1, b"abc") + frame(3, 0, 1, struct.pack("!I", 2)),
            then=silent,
        ),
        "http2 request header value": http2(headers=[("a", "b\nc")], then=silent, limits=limits_with(read=SHORT)),
        "http2 request header name": http2(headers=[("a b", "c")], then=silent, limits=limits_with(read=SHORT)),
        "http2 request body too short": http2(
            SETTINGS,
            headers={"Content-Length": "5"},
            method="POST",
            content=b"a",
            then=silent,
            limits=limits_with(read=SHORT),
        ),
        "http2 request body too long": http2(
            SETTINGS,
            headers={"Content-Length": "1"},
            method="POST",
            content=b"abc",
            then=silent,
            limits=limits_with(read=SHORT),
        ),
        "http2 connect refused": http2(url="http://127.0.0.1:1/"),
        # Proxies.
        "proxy refused": through("http://127.0.0.1:{port}", None),
        "proxy refused, forwarded": through("http://127.0.0.1:{port}", None, url="http://example.com/"),
        "proxy unknown name": through("http://name.invalid:80", None),
        "proxy 407": through(
            "http://127.0.0.1:{port}", says(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        ),
        "proxy 403 without reason": through(
            "http://127.0.0.1:{port}", says(b"HTTP/1.1 403\r\nContent-Length: 0\r\n\r\n")
        ),
        "proxy 502": through("http://127.0.0.1:{port}", says(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")),
        "proxy 301": through("http://127.0.0.1:{port}", says(b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n")),
        "proxy disconnects": through("http://127.0.0.1:{port}", closes),
        "proxy resets": through("http://127.0.0.1:{port}", resets),
        "proxy garbage": through("http://127.0.0.1:{port}", says(b"\x00garbage\r\n\r\n")),
        "proxy silent": through("http://127.0.0.1:{port}", silent, limits=limits_with(connect=SHORT, read=SHORT)),
        "proxy closes behind the tunnel": through("http://127.0.0.1:{port}", says(OK + b"\r\n")),
        "proxy clear text behind the tunnel": through(
            "http://127.0.0.1:{port}", says(OK + b"\r\n", b"HTTP/1.1 400 Bad\r\n\r\n", then=silent)
        ),
        "proxy timeout behind the tunnel": through(
            "http://127.0.0.1:{port}", says(OK + b"\r\n", then=silent), limits=limits_with(connect=SHORT, read=SHORT)
        ),
        "proxy tls unknown authority": through(
            "https://127.0.0.1:{port}",
            encrypted(server_context(trustme.CA().issue_cert(HOST))),
            proxy={"ssl_context": client_context()},
        ),
        "proxy tls clear text": through(
            "https://127.0.0.1:{port}", says_first(b"HTTP/1.1 400 Bad\r\n\r\n"), proxy={"ssl_context": client_context()}
        ),
        "proxy forwards and disconnects": through("http://127.0.0.1:{port}", closes, url="http://example.com/"),
        "socks refused": through("socks5://127.0.0.1:{port}", None),
        "socks disconnects": socks(),
        "socks disconnects after the greeting": socks(NO_AUTH),
        "socks resets": socks(then=resets),
        "socks silent": socks(then=silent, limits=limits_with(connect=SHORT, read=SHORT)),
        "socks wants credentials": socks(b"\x05\x02"),
        "socks no method": socks(b"\x05\xff"),
        "socks no method for credentials": socks(b"\x05\xff", proxy=AUTH),
        "socks wrong credentials": socks(b"\x05\x02", b"\x01\x01", proxy=AUTH),
        "socks no credentials wanted": socks(b"\x05\x00", proxy=AUTH),
        "socks version 4": socks(b"\x04\x00"),
        "socks http": socks(b"HTTP/1.1 400 Bad\r\n\r\n"),
        **{
            f"socks reply {code}": socks(NO_AUTH, bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0]))
            for code in (1, 2, 3, 4, 5, 6, 7, 8, 9, 255)
        },
        "socks bad reply": socks(NO_AUTH, b"\x05\x00\x00\x09abcdef"),
        "socks short reply": socks(NO_AUTH, b"\x05\x00\x00"),
        "socks closes behind the tunnel": socks(NO_AUTH, b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"),
    }
