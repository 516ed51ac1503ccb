"""Calls with wrong arguments. Also runs on httpcore 1.0.9."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import httpcore


def wrong_calls() -> dict[str, Callable[[], Any]]:
    """All wrong calls, by name."""
    backends = {"network_backend": httpcore.MockBackend([])}
    url = "http://127.0.0.1/"

    def pool(**arguments: Any) -> Callable[[], Any]:
        return lambda: httpcore.ConnectionPool(**arguments)

    core: Any = httpcore  # the arguments have the wrong types on purpose
    return {
        "proxy url of int": lambda: core.Proxy(1),
        "proxy url of None": lambda: core.Proxy(None),
        "proxy auth of str": lambda: core.Proxy(url, auth="user"),
        "proxy auth of one": lambda: core.Proxy(url, auth=("user",)),
        "proxy auth of ints": lambda: core.Proxy(url, auth=(1, 2)),
        "proxy auth of bytes and int": lambda: core.Proxy(url, auth=(b"a", 2)),
        "proxy auth not ascii": lambda: core.Proxy(url, auth=("\u263a", "a")),
        "proxy headers of int": lambda: core.Proxy(url, headers=1),
        "proxy headers of str": lambda: core.Proxy(url, headers="abc"),
        "proxy headers of ints": lambda: core.Proxy(url, headers={"a": 1}),
        "proxy ssl of socks": lambda: core.Proxy("socks5://a", ssl_context=ssl.create_default_context()),
        "url of int": lambda: core.URL(1),
        "url not ascii": lambda: core.URL("http://\u263a/"),
        "url scheme of int": lambda: core.URL(scheme=1, host="a", target="/"),
        "url host of None": lambda: core.URL(scheme="http", host=None),
        "url target of int": lambda: core.URL(scheme="http", host="a", target=1),
        "url bad port": lambda: core.URL("http://a:b/"),
        "url large port": lambda: core.URL("http://a:70000/"),
        "url bad ipv6": lambda: core.URL("http://[::1/"),
        "url of unknown scheme, its origin": lambda: core.URL("ftp://a/").origin,
        "request method": lambda: core.Request(1, url),
        "request method None": lambda: core.Request(None, url),
        "request url": lambda: core.Request("GET", 1),
        "request headers": lambda: core.Request("GET", url, headers=1),
        "request content": lambda: core.Request("GET", url, content=1),
        "request no url": lambda: core.Request("GET"),
        "response status": lambda: core.Response("a"),
        "response headers": lambda: core.Response(200, headers=1),
        "response content unread": lambda: core.Response(200, content=iter([b"a"])).content,
        "response read twice": lambda: [list(response.iter_stream()) for response in [core.Response(200)] * 2],
        "http proxy url": lambda: core.HTTPProxy(1),
        "http proxy auth": lambda: core.HTTPProxy(url, proxy_auth="user"),
        "http proxy auth of ints": lambda: core.HTTPProxy(url, proxy_auth=(1, 2)),
        "http proxy headers": lambda: core.HTTPProxy(url, proxy_headers=1),
        "http proxy headers of ints": lambda: core.HTTPProxy(url, proxy_headers={"a": 1}),
        "http proxy clear with ssl": lambda: core.HTTPProxy(url, proxy_ssl_context=ssl.create_default_context()),
        "socks proxy url": lambda: core.SOCKSProxy(1),
        "socks proxy auth": lambda: core.SOCKSProxy("socks5://a", proxy_auth="user"),
        "socks proxy auth of ints": lambda: core.SOCKSProxy("socks5://a", proxy_auth=(1, 2)),
        "pool proxy of str": pool(proxy="http://a"),
        "pool connections of str": pool(max_connections="a"),
        "pool unknown argument": pool(timeout=1),
        "request unknown argument": lambda: core.request("GET", url, timeout=1),
        "request timeout of int": lambda: core.ConnectionPool(**backends).request(
            "GET", url, extensions={"timeout": 1}
        ),
        "request of wrong origin": lambda: core.HTTPConnection(core.Origin(b"http", b"other", 80), **backends).request(
            "GET", url
        ),
    }
