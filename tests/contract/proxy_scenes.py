"""The scenes with proxies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpcore

from .http2_scenes import FIRST as HTTP2_RESPONSE
from .network import Peer
from .scenes import HTTP, HTTPS, OK, OTHER, Scene, Send, refused

ESTABLISHED = b"HTTP/1.1 200 OK\r\n\r\n"
THROUGH_TUNNEL = (ESTABLISHED, *OK)

NO_AUTH = b"\x05\x00"
PASSWORD_ASKED = b"\x05\x02"
PASSWORD_RIGHT = b"\x01\x00"
PASSWORD_WRONG = b"\x01\x01"
CONNECTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"
THROUGH_SOCKS = (NO_AUTH, CONNECTED, *OK)
THROUGH_SOCKS_WITH_AUTH = (PASSWORD_ASKED, PASSWORD_RIGHT, CONNECTED, *OK)

AUTH = ("u", "p")
LIMITS = {"timeout": {"connect": 1.0, "read": 2.0, "write": 3.0, "pool": 4.0}}


def through(url: str, **arguments: Any) -> Mapping[str, Any]:
    return {"proxy": httpcore.Proxy(url, **arguments)}


def mistaken(url: str) -> Mapping[str, Any]:
    """A proxy with a URL that is not accepted."""
    proxy = httpcore.Proxy("http://proxy.local")
    proxy.url = httpcore.URL(url)
    return {"proxy": proxy}


CLEAR = through("http://proxy.local:8080")
SECURE = through("https://proxy.local")
OWN = through("http://proxy.local:8080", auth=AUTH, headers={"X-Proxy": "1"})
SOCKS = through("socks5://proxy.local")
SOCKS_AUTH = through("socks5://proxy.local", auth=AUTH)

FORWARDING = (
    Scene("forward proxy", options=CLEAR),
    Scene("forward proxy, read in a stream, twice", network=OK + OK, steps=(Send(how="read"),) * 2, options=CLEAR),
    Scene("forward proxy POST", steps=(Send("POST", content=b"Hello, world!"),), options=CLEAR),
    Scene("forward proxy, auth and headers", options=OWN),
    Scene("forward proxy over TLS", options=SECURE),
    Scene("forward proxy, two origins", steps=(Send(), Send(url=OTHER)), options=CLEAR),
    Scene("forward proxy, connect error", network=(refused("no"),), options=CLEAR),
    Scene(
        "forward proxy, 407",
        network=(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",),
        options=CLEAR,
    ),
    Scene("HTTPProxy forwarding", client="HTTPProxy", options={"proxy_url": "http://proxy.local:8080"}),
    Scene("forward proxy, ws", network=THROUGH_TUNNEL, steps=(Send(url="ws://example.com/"),), options=CLEAR),
)

TUNNELLING = (
    Scene("tunnel proxy", network=THROUGH_TUNNEL, steps=(Send(url=HTTPS),), options=CLEAR),
    Scene(
        "tunnel proxy, read in a stream, twice",
        network=THROUGH_TUNNEL + OK,
        steps=(Send(url=HTTPS, how="read"),) * 2,
        options=CLEAR,
    ),
    Scene(
        "tunnel proxy POST",
        network=THROUGH_TUNNEL,
        steps=(Send("POST", HTTPS, content=b"Hello, world!", extensions=LIMITS),),
        options=CLEAR,
    ),
    Scene(
        "tunnel proxy, auth and headers",
        network=THROUGH_TUNNEL,
        steps=(Send(url="https://example.com:8443/"),),
        options=OWN,
    ),
    Scene("tunnel proxy over TLS", network=THROUGH_TUNNEL, steps=(Send(url=HTTPS),), options=SECURE),
    Scene(
        "tunnel proxy, 403",
        network=(b"HTTP/1.1 403 Permission Denied\r\n\r\n",),
        steps=(Send(url=HTTPS),) * 2,
        options=CLEAR,
    ),
    Scene(
        "tunnel proxy, 407 without reason",
        network=(b"HTTP/1.1 407\r\n\r\n",),
        steps=(Send(url=HTTPS),),
        options=CLEAR,
    ),
    Scene("tunnel proxy, connect error", network=(refused("no"),), steps=(Send(url=HTTPS),), options=CLEAR),
    Scene(
        "tunnel proxy, read timeout",
        network=(Peer(reads=(httpcore.ReadTimeout(),)),),
        steps=(Send(url=HTTPS),),
        options=CLEAR,
    ),
    Scene(
        "tunnel proxy, TLS error",
        network=(Peer(reads=(ESTABLISHED,), tls=refused("no")),),
        steps=(Send(url=HTTPS),),
        options=CLEAR,
    ),
    Scene(
        "tunnel proxy, sni_hostname",
        network=THROUGH_TUNNEL,
        steps=(Send(url=HTTPS, extensions={"sni_hostname": "other.org"}),),
        options=CLEAR,
    ),
    Scene(
        "HTTPProxy tunnelling",
        network=THROUGH_TUNNEL,
        steps=(Send(url=HTTPS),),
        client="HTTPProxy",
        options={"proxy_url": "http://proxy.local:8080"},
    ),
    Scene("tunnel proxy, wss", network=THROUGH_TUNNEL, steps=(Send(url="wss://example.com/"),), options=CLEAR),
)

SOCKS5 = (
    Scene("SOCKS5", network=THROUGH_SOCKS, options=SOCKS),
    Scene("SOCKS5 https", network=THROUGH_SOCKS, steps=(Send(url=HTTPS, extensions=LIMITS),), options=SOCKS),
    Scene("SOCKS5 POST", network=THROUGH_SOCKS, steps=(Send("POST", content=b"Hello, world!"),), options=SOCKS),
    Scene(
        "SOCKS5 with auth",
        network=THROUGH_SOCKS_WITH_AUTH,
        options=through("socks5://proxy.local", auth=("username", "password")),
    ),
    Scene(
        "SOCKS5 with auth, https",
        network=THROUGH_SOCKS_WITH_AUTH,
        steps=(Send(url=HTTPS),),
        options=through("socks5://proxy.local:1081", auth=AUTH),
    ),
    Scene("SOCKS5 two requests", network=THROUGH_SOCKS + OK, steps=(Send(), Send()), options=SOCKS),
    Scene(
        "SOCKS5 to an address",
        network=THROUGH_SOCKS,
        steps=(Send(url="http://10.0.0.1/"), Send(url="http://[::1]/")),
        options=SOCKS,
    ),
    Scene("SOCKS5 auth asked for", network=(PASSWORD_ASKED,), steps=(Send(), Send()), options=SOCKS),
    Scene("SOCKS5 no acceptable method", network=(b"\x05\xff",), options=SOCKS),
    Scene("SOCKS5 auth refused", network=(PASSWORD_ASKED, PASSWORD_WRONG), options=SOCKS_AUTH),
    Scene("SOCKS5 auth not wanted", network=(NO_AUTH,), options=SOCKS_AUTH),
    Scene(
        "SOCKS5 reply 5",
        network=(NO_AUTH, b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"),
        steps=(Send(url=HTTPS),),
        options=SOCKS,
    ),
    Scene("SOCKS5 connect error", network=(refused("no"),), options=SOCKS),
    Scene("SOCKS5 read timeout", network=(Peer(reads=(httpcore.ReadTimeout("x"),)),), options=SOCKS),
    Scene(
        "SOCKSProxy",
        network=THROUGH_SOCKS_WITH_AUTH,
        steps=(Send(url=HTTPS),),
        client="SOCKSProxy",
        options={"proxy_url": "socks5://proxy.local:1080", "proxy_auth": AUTH},
    ),
)

WRONG = tuple(
    Scene(f"pool: proxy URL '{url}'", steps=(Send(url=HTTP),), options=mistaken(url))
    for url in ("foo://proxy.local", "proxy.local", "ftp://proxy.local")
)

HTTP2 = (
    Scene(
        "tunnel proxy, HTTP/2",
        network=(Peer((ESTABLISHED, *HTTP2_RESPONSE), http2=True),),
        steps=(Send(url=HTTPS),),
        options={**CLEAR, "http2": True},
    ),
    Scene(
        "SOCKS5 HTTP/2",
        network=(NO_AUTH, CONNECTED, *HTTP2_RESPONSE),
        steps=(Send(url=HTTPS),),
        options={**SOCKS, "http2": True},
        http2=True,
    ),
)

SCENES = {scene.name: scene for scene in FORWARDING + TUNNELLING + SOCKS5 + HTTP2 + WRONG}
