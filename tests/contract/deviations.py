"""Intended differences from the measured facts: the value that holds instead, and the reason."""

from __future__ import annotations

from typing import Any

import httpcore

from .describe import qualified_name
from .entries import Deviation, load
from .http2_deviations import HTTP2_DEVIATIONS
from .http11_deviations import HTTP11_DEVIATIONS
from .proxy_deviations import PROXY_DEVIATIONS

_BRACKETS = "An IPv6 address is in brackets wherever a port or a path may follow it (RFC 3986, section 3.2.2)."
_WHOLE_TARGET = "Parameters of a path, and an empty query, are part of the target (RFC 3986, section 3)."
_PORT = "A port of 0 is not the default one; a request to it fails."
_ARGUMENT = "The error names the wrong argument and the expected type."
_OWN_ERROR = "A body that does not match its Content-Length raises the library's own error, not h11's."
_NO_ASSERT = "`python -O` removes asserts, but not a TypeError that names the expected type."


def _ipv6_url(host: bytes, port: int | None, target: bytes) -> dict[str, Any]:
    """The facts of a URL and its origin: the attributes and repr() have no brackets, bytes() and str() have them."""
    authority = f"[{host.decode()}]" if port is None else f"[{host.decode()}]:{port}"
    return {
        "scheme": "b'http'",
        "host": repr(host),
        "port": repr(port),
        "target": repr(target),
        "repr": f"URL(scheme=b'http', host={host!r}, port={port!r}, target={target!r})",
        "bytes": repr(b"http://" + authority.encode() + target),
        "origin": ["httpcore.Origin", f"http://[{host.decode()}]:{port or 80}", "b'http'", repr(host), str(port or 80)],
    }


def _with_target(entry: str, target: str) -> Deviation:
    """The facts of a URL, with only the target changed."""
    facts: dict[str, Any] = load("models.json")[entry]
    before = facts["target"][2:-1]
    changed = {name: str(facts[name]).replace(f"{before}'", f"{target}'") for name in ("target", "repr", "bytes")}
    return Deviation({**facts, **changed}, _WHOLE_TARGET)


def _port_of_zero() -> Deviation:
    entry = "URL('http://example.com:0/')"
    origin = ["httpcore.Origin", "http://example.com:0", "b'http'", "b'example.com'", "0"]
    return Deviation({**load("models.json")[entry], "origin": origin}, _PORT)


def _no_pairs(file: str) -> dict[tuple[str, str], Deviation]:
    """The errors of header fields that are not pairs: Python's text follows ours."""
    start = "headers must be a mapping or sequence of two-tuples, but item 0 is no pair: "
    return {
        (file, entry): Deviation({**error, "message": f"{start}{error['message']}."}, _ARGUMENT)
        for entry, error in load(file).items()
        if "headers" in entry and isinstance(error, dict) and "unpack" in error.get("message", "")
    }


def _no_content(kind: str) -> Deviation:
    hints = {"bytearray": ": pass bytes(...) of it", "str": ": encode it, as in content.encode()"}
    hint = hints.get(kind, "")
    text = f"content must be bytes or an iterable of bytes, but got {kind}{hint}."
    return Deviation({"raises": "TypeError", "message": text}, _ARGUMENT)


def _no_pair(kind: str) -> Deviation:
    kind = "tuple of 1" if kind == "tuple" else kind
    text = f"auth must be a pair of user name and password, a tuple, but got {kind}."
    return Deviation({"raises": "TypeError", "message": text}, _ARGUMENT)


def _failed_body_events(message: str) -> list[str]:
    return [
        "event connection.connect_tcp.started"
        " host='example.com' port=80 local_address=None timeout=None socket_options=None",
        "event connection.connect_tcp.complete return_value=<httpcore.MockStream>",
        "event http11.send_request_headers.started request=<Request [b'POST']>",
        "event http11.send_request_headers.complete return_value=None",
        "event http11.send_request_body.started request=<Request [b'POST']>",
        f"event http11.send_request_body.failed exception=httpcore.LocalProtocolError('{message}')",
        "event http11.response_closed.started ",
        "event http11.response_closed.complete return_value=None",
    ]


def _failed_body_states(message: str) -> list[str]:
    empty_pool = "pool <ConnectionPool [Requests: 0 active, 0 queued | Connections: 0 active, 0 idle]> | "
    return [f"response raises=httpcore.LocalProtocolError message={message}", empty_pool, empty_pool, empty_pool]


_TOO_SHORT = "Too little data for declared Content-Length"
_TOO_LONG = "Too much data for declared Content-Length"

_MORE_INSIGHT = "Additions: a pool reports statistics, and can close expired connections."
_MORE_NAMES = "Additions: more names are public."
_RESOLVER = "Addition: a network backend can be given a resolver, and opens datagrams."
_DATAGRAMS = "Addition: a network backend opens datagrams."
_BASE_CLASS = "Addition: all exceptions have one base class."
_HTTPX2 = "httpx2 passes one more argument when it uses this package as its core."
_ABORT = "Addition: a stream can be closed at once, without waiting."
_CAPACITY = (
    "Additions: a connection describes itself, and reports how many requests it can carry, so that a pool does not "
    "offer more."
)


_INTERIM = "Interim responses are traced."


def _interim_events() -> list[str]:
    name = "event http11.receive_informational_response"
    lines: list[str] = load("events.txt")["http11 informational"]
    place = next(number for number, line in enumerate(lines) if "receive_response_headers.complete" in line)
    reported = [
        f"{name}.started request=<Request [b'GET']>",
        f"{name}.complete return_value=(b'HTTP/1.1', 103, b'Early Hints', [(b'Link', b'</style.css>')])",
    ]
    return [*lines[:place], *reported, *lines[place:]]


def _pool_members(names: str) -> Deviation:
    return Deviation(sorted([*names.split(), "close_expired", "stats"]), _MORE_INSIGHT)


def _connection_members(name: str) -> Deviation:
    members: list[str] = load("interface.json")["surface"][f"{name} members"]
    added = ["close_reason", "connection_info"]
    if not name.endswith("HTTP11Connection"):
        added += ["request_capacity", "on_capacity_change", "stream_limit", "assume_stream_limit"]
    if name.endswith("HTTPConnection"):
        added += ["connection_id", "proxies", "report_opening_to"]
    return Deviation(sorted([*members, *added]), _CAPACITY)


def _mock_members(name: str) -> Deviation:
    members: list[str] = load("interface.json")["surface"][f"{name} members"]
    return Deviation(sorted([*members, "abort"]), _ABORT)


def _backend_members(name: str) -> Deviation:
    members: list[str] = load("interface.json")["surface"][f"{name} members"]
    return Deviation(sorted([*members, "connect_tcp_to", "connect_udp", "connect_udp_to", "resolver"]), _RESOLVER)


def _mock_backend_members(name: str) -> Deviation:
    members: list[str] = load("interface.json")["surface"][f"{name} members"]
    return Deviation(sorted([*members, "connect_udp"]), _DATAGRAMS)


def _mock_backend_parameters(name: str) -> Deviation:
    parameters: list[list[str]] = load("interface.json")["signatures"][name]
    return Deviation([*parameters, ["datagrams", "KEYWORD_ONLY", "=None"]], _DATAGRAMS)


def _public_names() -> Deviation:
    names: list[str] = load("interface.json")["surface"]["public names in dir()"]
    added = ["AutoBackend", "Resolver", "AsyncResolver", "CachingResolver", "AsyncCachingResolver"]
    added += ["GuardedBackend", "AsyncGuardedBackend", "Destination", "only_global_addresses", "tcp_keepalive"]
    added += ["DatagramStream", "AsyncDatagramStream"]
    added += ["HTTPCoreError", "PoolStats", "ConnectionInfo", "ConnectionEvent", "RequestExtensions", "Timeouts"]
    return Deviation(sorted([*names, *added]), _MORE_NAMES)


def _with_base_class() -> dict[tuple[str, str], Deviation]:
    """The bases of the exceptions, with the one that all of them have."""
    facts, found = load("interface.json")["surface"], {}
    base = qualified_name(httpcore.HTTPCoreError)
    for entry, bases in facts.items():
        if entry.endswith((" MRO", " public bases")) and issubclass(
            getattr(httpcore, entry.partition(" ")[0]), Exception
        ):
            place = bases.index("Exception") if "Exception" in bases else len(bases)
            found["interface.json", entry] = Deviation([*bases[:place], base, *bases[place:]], _BASE_CLASS)
    return found


def _described(name: str) -> Deviation:
    """The signature of a connection that can be given its description."""
    signature = load("interface.json")["signatures"][name]
    return Deviation([*signature, ["connection_info", "KEYWORD_ONLY", "=None"]], _CAPACITY)


_NO_PAIRS: tuple[Any, ...] = (("a",), "ab", b"ab", 1, {})

DEVIATIONS = {
    ("interface.json", "public names in dir()"): _public_names(),
    **_with_base_class(),
    **{
        ("interface.json", f"{name} members"): _backend_members(name)
        for name in ("AnyIOBackend", "SyncBackend", "TrioBackend")
    },
    **{
        ("interface.json", name): Deviation([["resolver", "KEYWORD_ONLY", "=None"]], _RESOLVER)
        for name in ("AnyIOBackend", "SyncBackend", "TrioBackend")
    },
    **{
        ("interface.json", f"{name} members"): _mock_backend_members(name)
        for name in ("MockBackend", "AsyncMockBackend")
    },
    **{("interface.json", name): _mock_backend_parameters(name) for name in ("MockBackend", "AsyncMockBackend")},
    ("interface.json", "default_ssl_context"): Deviation([["_trust_env", "KEYWORD_ONLY", "=False"]], _HTTPX2),
    **{("interface.json", f"{name} members"): _mock_members(name) for name in ("MockStream", "AsyncMockStream")},
    **{
        ("interface.json", f"{name} members"): _connection_members(name)
        for kind in ("HTTPConnection", "HTTP11Connection", "HTTP2Connection")
        for name in (kind, f"Async{kind}")
    },
    **{("interface.json", name): _described(name) for name in ("HTTP11Connection", "AsyncHTTP11Connection")},
    ("interface.json", "ConnectionPool members"): _pool_members(
        "close connections create_connection handle_request request stream"
    ),
    ("interface.json", "AsyncConnectionPool members"): _pool_members(
        "aclose connections create_connection handle_async_request request stream"
    ),
    ("models.json", "URL('http://[::1]:80/x')"): Deviation(_ipv6_url(b"::1", 80, b"/x"), _BRACKETS),
    ("models.json", "URL('http://[fe80::1%25eth0]/')"): Deviation(_ipv6_url(b"fe80::1%25eth0", None, b"/"), _BRACKETS),
    **{
        ("models.json", f"URL('{url}')"): _with_target(f"URL('{url}')", target)
        for url, target in (("http://example.com/;p?q", "/;p?q"), ("http://example.com/?", "/?"))
    },
    ("models.json", "URL('http://example.com:0/')"): _port_of_zero(),
    **{("models.json", f"Request content {kind}"): _no_content(kind) for kind in ("str", "int", "bytearray")},
    **_no_pairs("errors.json"),
    **_no_pairs("models.json"),
    **{("models.json", f"Proxy auth {auth!r}"): _no_pair(type(auth).__name__) for auth in _NO_PAIRS},
    ("events.txt", "http11 informational"): Deviation(_interim_events(), _INTERIM),
    ("events.txt", "http11 POST body too short"): Deviation(_failed_body_events(_TOO_SHORT), _OWN_ERROR),
    ("events.txt", "http11 POST body too long"): Deviation(_failed_body_events(_TOO_LONG), _OWN_ERROR),
    ("states.txt", "http11 POST body too short"): Deviation(_failed_body_states(_TOO_SHORT), _OWN_ERROR),
    ("states.txt", "http11 POST body too long"): Deviation(_failed_body_states(_TOO_LONG), _OWN_ERROR),
    **HTTP11_DEVIATIONS,
    **HTTP2_DEVIATIONS,
    **PROXY_DEVIATIONS,
}

# What is accepted besides the fact. The message is a pattern, in lower case.
_TYPE_ERROR = {"raises": "TypeError", "message": "*iterable*"}
_NO_BYTES = {"raises": "TypeError", "message": "content must be *bytes*"}
ALTERNATIVES = {
    ("errors.json", f"{way} with content {what}"): Deviation(_TYPE_ERROR, _NO_ASSERT)
    for way in ("request", "stream", "handle")
    for what in ("int", "of the other colour")
} | {
    # With an async body, it is the part that is wrong.
    ("errors.json", f"{way} with content {what}"): Deviation(_NO_BYTES, _ARGUMENT)
    for way in ("request", "stream", "handle")
    for what in ("str", "dict", "list of str", "bytearray")
}

# Not in the facts: the Host header that is sent for an IPv6 address. A zone means nothing to the peer (RFC 6874).
HOST_OF_IPV6 = {
    "http://[::1]/": b"[::1]",
    "http://[::1]:80/": b"[::1]",
    "http://[::1]:8080/": b"[::1]:8080",
    "http://[fe80::1%25eth0]/": b"[fe80::1]",
    "http://[fe80::1%25eth0]:8080/": b"[fe80::1]:8080",
}

# Not in the facts: these values are `[secure]` in log lines, and unchanged for trace callbacks.
SECRET_HEADERS = ("Set-Cookie", "Cookie", "Authorization", "Proxy-Authorization")
