"""Intended differences of HTTP/1.1 connections from the facts."""

from __future__ import annotations

from .entries import Deviation, load

_WHY = "The exception says why the connection is not available."
_HINT = "The exception says how to write a space in a URL."
_ENDED = "A body that ends with the stream ends the connection (RFC 9112, section 6.3): it is not kept as idle."

_CLOSED = {
    "HTTPConnection, closed then used": "http://example.com:80",
    "HTTP11Connection, closed then used": "https://example.com:443",
    "HTTP11Connection, closed unused": "https://example.com:443",
    "HTTP11Connection, read timeout": "https://example.com:443",
}


def _with_reason(scene: str, origin: str) -> list[str]:
    bare = "response raises=httpcore.ConnectionNotAvailable message="
    lines: list[str] = load("states.txt")[scene]
    return [f"{line}The connection to {origin} is closed." if line == bare else line for line in lines]


def _without_idle_connection(scene: str) -> list[str]:
    lines: list[str] = load("states.txt")[scene]
    return [
        line.partition("]> | ")[0].replace("1 idle", "0 idle") + "]> | " if "1 idle" in line else line for line in lines
    ]


def _with_hint(file: str) -> list[str]:
    lines: list[str] = load(file)["http11 illegal target"]
    bare = "Illegal target characters"
    return [line.replace(bare, f"{bare}: a space in a URL has to be written as %20") for line in lines]


HTTP11_DEVIATIONS = {
    **{(file, "http11 illegal target"): Deviation(_with_hint(file), _HINT) for file in ("events.txt", "states.txt")},
    **{("states.txt", scene): Deviation(_with_reason(scene, origin), _WHY) for scene, origin in _CLOSED.items()},
    ("states.txt", "http11 no length"): Deviation(_without_idle_connection("http11 no length"), _ENDED),
}
