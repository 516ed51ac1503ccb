"""What httpcore has besides its public names, as found by inspection, by module and object.

Run with 1.0.9 as `python tests/contract/private.py`, it measures `facts/private.json`.
"""

from __future__ import annotations

import importlib
import inspect
import json
from typing import Any

import httpcore

MODULES = ["_api", "_exceptions", "_models", "_ssl", "_synchronization", "_trace", "_utils", "_async", "_sync"]
MODULES += [f"_backends.{name}" for name in ("anyio", "auto", "base", "mock", "sync", "trio")]
MODULES += [
    f"{colour}.{name}"
    for colour in ("_async", "_sync")
    for name in ("connection", "connection_pool", "http11", "http2", "http_proxy", "interfaces", "socks_proxy")
]
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
HEAD = b"\0\0\x01\x01\x04\0\0\0\x01\x88"  # the status 200, in one byte
DATA = b"\0\0\x05\0\x01\0\0\0\x01hello"


def names_of(module: str) -> list[str]:
    """The names in a module of 1.0.9."""
    found = vars(importlib.import_module(f"httpcore.{module}"))
    return sorted(
        name
        for name, thing in found.items()
        if not name.startswith("__") and not inspect.ismodule(thing) and name != "annotations"
    )


def attributes_of(thing: object) -> list[str]:
    """The private attributes of an object, methods excepted."""
    names = [name for name in dir(thing) if name.startswith("_") and not name.startswith("__")]
    return sorted(name for name in names if not inspect.isroutine(getattr(thing, name)))


def objects() -> dict[str, Any]:
    """Objects in the middle of a request, by what they are."""
    found: dict[str, Any] = {}
    backend = httpcore.MockBackend([CLOSING, b"hello"])
    pool = httpcore.ConnectionPool(network_backend=backend)
    response = pool.stream("GET", "http://example.com/")
    body: Any = response.__enter__().stream
    found |= {"pool": pool, "body in a pool": body, "body of HTTP/1.1": body._stream}
    found |= {"request in a pool": found["pool"]._requests[0], "connection": found["pool"]._connections[0]}
    found["connection of HTTP/1.1"] = found["connection"]._connection
    found["stream"] = found["connection of HTTP/1.1"]._network_stream
    backend = httpcore.MockBackend([SETTINGS, HEAD, DATA], http2=True)
    http2 = httpcore.ConnectionPool(network_backend=backend, http2=True)
    second = http2.stream("GET", "https://example.com/")
    body = second.__enter__().stream
    found |= {"body of HTTP/2": body._stream, "connection of HTTP/2": body._stream._connection}
    found["forward proxy"] = proxy(found, "connection by a forward proxy", "http://example.com/", [CLOSING, b"hello"])
    tunnel = [b"HTTP/1.1 200 OK\r\n\r\n", CLOSING, b"hello"]
    proxy(found, "connection by a tunnel", "https://example.com/", tunnel)
    socks = httpcore.SOCKSProxy(
        "socks5://example.com:1080",
        network_backend=httpcore.MockBackend(
            [b"\x05\x00", b"\x05\x00\x00\x01\xff\x00\x00\x01\x00\x50", CLOSING, b"hello"]
        ),
    )
    socks.request("GET", "http://example.com/")
    found |= {"SOCKS proxy": socks, "connection by SOCKS": socks.connections[0]}
    response.__exit__(None, None, None)
    second.__exit__(None, None, None)
    return found


def proxy(found: dict[str, Any], name: str, url: str, answers: list[bytes]) -> httpcore.HTTPProxy:
    """Make a request by a proxy, and note the connection."""
    pool = httpcore.HTTPProxy("http://example.com:8080", network_backend=httpcore.MockBackend(answers))
    pool.request("GET", url)
    found[name] = pool.connections[0]
    return pool


if __name__ == "__main__":
    facts = {
        "modules": {module: names_of(module) for module in MODULES},
        "attributes": {name: attributes_of(thing) for name, thing in objects().items()},
    }
    print(json.dumps(facts, indent=1))
