"""Parts of the measured interface that the library does not have yet, each with its reason.

A test asserts that the names are really absent, so that a part that has arrived must leave this list.
"""

from __future__ import annotations

PROXY = "proxies: package httpcore-proxy is not there yet"

MISSING_NAMES = {
    "AsyncHTTPProxy": PROXY,
    "HTTPProxy": PROXY,
    "AsyncSOCKSProxy": PROXY,
    "SOCKSProxy": PROXY,
}

_PROXY_SCENES = (
    "forward proxy",
    "forward proxy, read in a stream, twice",
    "forward proxy POST",
    "forward proxy, auth and headers",
    "forward proxy over TLS",
    "forward proxy, two origins",
    "forward proxy, connect error",
    "forward proxy, 407",
    "HTTPProxy forwarding",
    "tunnel proxy",
    "tunnel proxy, read in a stream, twice",
    "tunnel proxy POST",
    "tunnel proxy, auth and headers",
    "tunnel proxy over TLS",
    "tunnel proxy, HTTP/2",
    "tunnel proxy, 403",
    "tunnel proxy, 407 without reason",
    "tunnel proxy, connect error",
    "tunnel proxy, read timeout",
    "tunnel proxy, TLS error",
    "tunnel proxy, sni_hostname",
    "HTTPProxy tunnelling",
    "tunnel proxy, wss",
    "forward proxy, ws",
    "SOCKS5",
    "SOCKS5 https",
    "SOCKS5 HTTP/2",
    "SOCKS5 POST",
    "SOCKS5 with auth",
    "SOCKS5 with auth, https",
    "SOCKS5 two requests",
    "SOCKS5 to an address",
    "SOCKS5 auth asked for",
    "SOCKS5 no acceptable method",
    "SOCKS5 auth refused",
    "SOCKS5 auth not wanted",
    "SOCKS5 reply 5",
    "SOCKS5 connect error",
    "SOCKS5 read timeout",
    "SOCKSProxy",
    "pool: proxy URL 'foo://proxy.local'",
    "pool: proxy URL 'proxy.local'",
    "pool: proxy URL 'ftp://proxy.local'",
)

MISSING_SCENES = dict.fromkeys(_PROXY_SCENES, PROXY)
