"""Intended differences from the measured facts about HTTP/2."""

from __future__ import annotations

from typing import Any

from .entries import Deviation, load

_KEEPALIVE = (
    "Additions, off by default: PING detects a server that is gone while a response is awaited, and a callback is told "
    "which connections a pool opens and closes."
)
_TRAILERS = "Trailers are an extension of the response."
_INTERIM = "Interim responses are traced."
_GONE = "A connection that can no longer send is closed at once and leaves the pool."
_PLAIN_TEXT = f"The error says that the server speaks HTTP/1. {_GONE}"
_ILLEGAL = f"What a server does wrong is a RemoteProtocolError of the library, in all of its ways. {_GONE}"
_TIMEOUT = "A read timeout ends only its own request; the connection continues."
_SILENT = "After a timeout during which nothing arrived, no further request uses the connection."
_WHY = "The exception says why the connection is not available."
_GOAWAY = "A connection that is shutting down tells the request so; the pool decides about a retry."
_NO_HOST = "A request without Host is a LocalProtocolError, and nothing of it is sent."

_FACTS = {file: load(file) for file in ("events.txt", "states.txt")}
_INTERFACE = load("interface.json")["signatures"]

_EMPTY = "pool <ConnectionPool [Requests: 0 active, 0 queued | Connections: 0 active, 0 idle]> | "
_STREAM_0 = "Received a frame of type 0 on stream 0, which is not open"
_HTTP1 = "Server answered with HTTP/1 instead of HTTP/2: 'HTTP/1.1 400 Bad Request' (https://example.com:443)"
_NOT_HOSTED = "Missing mandatory Host: header"


def _failed(lines: list[str], step: str, exception: str) -> list[str]:
    """The events, with another exception where `step` failed."""
    start = f"event http2.{step}.failed exception="
    return [start + exception if line.startswith(start) else line for line in lines]


def _raised(lines: list[str], error: str, message: str) -> list[str]:
    """The states, with another exception for the first response."""
    return [f"response raises=httpcore.{error} message={message}", *lines[1:]]


def _left(lines: list[str], states: int) -> list[str]:
    """The states, with an empty pool in the last `states` of them."""
    return [*lines[:-states], *[_EMPTY] * states]


def _available(lines: list[str]) -> list[str]:
    """The states, with connections that take further requests."""
    return [line.replace("available=False", "available=True") for line in lines]


def _interim_events(lines: list[str]) -> list[str]:
    name = "event http2.receive_informational_response"
    reported = [
        f"{name}.started request=<Request [b'GET']> stream_id=1",
        f"{name}.complete return_value=(103, [(b'link', b'</style.css>')])",
    ]
    place = next(number for number, line in enumerate(lines) if "receive_response_headers.complete" in line)
    return [*lines[:place], *reported, *lines[place:]]


def _second_request_events(lines: list[str]) -> list[str]:
    """The events of "read timeout", where the second request has used the connection of the first."""
    place = next(number for number, line in enumerate(lines) if "response_closed.complete" in line) + 1
    shown = ("send_request", "receive_response_headers", "response_closed")
    second = [
        line.replace("stream_id=1", "stream_id=3")
        for line in lines[place:]
        if line.startswith(tuple(f"event http2.{name}" for name in shown))
    ]
    return [*lines[:place], *_failed(second, "receive_response_headers", _remote("Server disconnected"))]


def _second_request_states(lines: list[str]) -> list[str]:
    first, _, before, after, *_ = _available(lines)
    return [
        first,
        "response raises=httpcore.RemoteProtocolError message=Server disconnected",
        before,
        after,
        before,
        before,
    ]


def _remote(message: str) -> str:
    return f"httpcore.RemoteProtocolError({message!r})"


def _trailers(lines: list[str]) -> list[str]:
    found = "'stream_id': '1', 'trailing_headers': \"[(b'x-checksum', b'1')]\"}"
    return [lines[0].replace("'stream_id': '1'}", found), *lines[1:]]


def _untouched(lines: list[str]) -> list[str]:
    """The states after a request that was refused before it was counted."""
    return [line.replace("Request Count: 1", "Request Count: 0") for line in lines]


def _scenes() -> dict[tuple[str, str], Deviation]:
    found: dict[tuple[str, str], Deviation] = {}

    def differ(file: str, scene: str, reason: str, change: Any, *arguments: Any) -> None:
        entry = f"http2 {scene}"
        lines = found[file, entry].value if (file, entry) in found else _FACTS[file][entry]
        found[file, entry] = Deviation(change(lines, *arguments), reason)

    events, states, head = "events.txt", "states.txt", "receive_response_headers"
    differ(states, "trailers", _TRAILERS, _trailers)
    differ(events, "informational", _INTERIM, _interim_events)
    for scene in ("disconnected", "write timeout in the body"):
        differ(states, scene, _GONE, _left, 2)
    differ(states, "reset before headers", _GONE, _left, 2)
    differ(states, "disconnected at once", _GONE, _left, 3)
    differ(events, "not HTTP/2", _PLAIN_TEXT, _failed, head, _remote(_HTTP1))
    differ(states, "not HTTP/2", _PLAIN_TEXT, _raised, "RemoteProtocolError", _HTTP1)
    differ(states, "not HTTP/2", _PLAIN_TEXT, _left, 2)
    differ(events, "frame for stream 0", _ILLEGAL, _failed, head, _remote(_STREAM_0))
    differ(states, "frame for stream 0", _ILLEGAL, _raised, "RemoteProtocolError", _STREAM_0)
    differ(states, "frame for stream 0", _ILLEGAL, _left, 2)
    differ(events, "read timeout", _TIMEOUT, _second_request_events)
    differ(states, "read timeout", _TIMEOUT, _second_request_states)
    differ(states, "read timeout in the body", _SILENT, _left, 2)
    goaway = "<ConnectionTerminated error_code:0, last_stream_id:1, additional_data:None>"
    differ(events, "GOAWAY after a response", _GOAWAY, _failed, head, _remote(goaway))
    differ(events, "handle_request without Host", _NO_HOST, lambda lines: lines[:4])
    differ(states, "handle_request without Host", _NO_HOST, _raised, "LocalProtocolError", _NOT_HOSTED)
    differ(states, "handle_request without Host", _NO_HOST, _untouched)
    return found


def _connections() -> dict[tuple[str, str], Deviation]:
    """Connections without a pool that are closed, or silent."""
    closed = "response raises=httpcore.ConnectionNotAvailable message="
    events, states = _FACTS["events.txt"], _FACTS["states.txt"]
    found = {
        ("states.txt", scene): Deviation(
            [f"{line}The connection was closed" if line == closed else line for line in states[scene]], _WHY
        )
        for scene in ("HTTP2Connection, closed then used", "HTTP2Connection, closed unused")
    }
    scene = "HTTP2Connection, read timeout"
    first, _, *pools = states[scene]
    silent = f"{closed}Nothing arrived on this connection for as long as a time limit"
    found["states.txt", scene] = Deviation([first, silent, *pools], _SILENT)
    second = next(number for number, line in enumerate(events[scene]) if "stream_id=3" in line)
    found["events.txt", scene] = Deviation(events[scene][:second], _SILENT)
    return found


def _signatures() -> dict[tuple[str, str], Deviation]:
    added = {
        "HTTP2Connection": ("ping", ["connection_info"]),
        "HTTPConnection": ("http2_ping", []),
        "ConnectionPool": ("http2_ping", ["on_connection"]),
    }
    found = {}
    for cls, (prefix, names) in added.items():
        options = [[f"{prefix}_interval", "KEYWORD_ONLY", "=None"], [f"{prefix}_timeout", "KEYWORD_ONLY", "=20.0"]]
        options += [[name, "KEYWORD_ONLY", "=None"] for name in names]
        if cls == "ConnectionPool":
            options.append(["http3", "KEYWORD_ONLY", "=False"])
        for name in (cls, f"Async{cls}"):
            found["interface.json", name] = Deviation([*_INTERFACE[name], *options], _KEEPALIVE)
    return found


HTTP2_DEVIATIONS = {**_scenes(), **_connections(), **_signatures()}
