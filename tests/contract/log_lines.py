"""The log lines that each scene has to show: the measured ones, with the listed deviations."""

from __future__ import annotations

import re

from .deviations import DEVIATIONS
from .measured import expected, load

__all__ = ["CLOSE_LINES", "expected_lines", "without_closing"]

# How many more connections (or fewer) log that they are closed. A connection that a failed request leaves behind is
# dropped without a line; one below a tunnel or a SOCKS proxy has lines of its own.
CLOSE_LINES = {
    **dict.fromkeys(
        (
            "HTTPProxy tunnelling",
            "SOCKS5",
            "SOCKS5 HTTP/2",
            "SOCKS5 POST",
            "SOCKS5 https",
            "SOCKS5 two requests",
            "SOCKS5 with auth",
            "SOCKS5 with auth, https",
            "SOCKSProxy",
            "forward proxy, ws",
            "tunnel proxy",
            "tunnel proxy POST",
            "tunnel proxy over TLS",
            "tunnel proxy, HTTP/2",
            "tunnel proxy, auth and headers",
            "tunnel proxy, read in a stream, twice",
            "tunnel proxy, sni_hostname",
            "tunnel proxy, wss",
        ),
        1,
    ),
    "SOCKS5 to an address": 2,
    **dict.fromkeys(
        (
            "http11 no length",
            "http2 disconnected",
            "http2 frame for stream 0",
            "http2 not HTTP/2",
            "http2 read timeout in the body",
            "http2 reset before headers",
            "http2 write timeout in the body",
            "tunnel proxy, 407 without reason",
            "tunnel proxy, TLS error",
        ),
        -1,
    ),
    "http2 disconnected at once": -2,
    "http2 read timeout": -2,
    "tunnel proxy, 403": -2,
}

_CLOSING = "log   httpcore.connection close."


def expected_lines(scene: str) -> tuple[list[str], int]:
    """The log lines of a scene, without those of closed connections, and how many of those there are."""
    measured = [line for line in load("events.txt").get(scene, []) if line.startswith("log ")]
    lines, closing = without_closing(measured)
    if ("events.txt", scene) in DEVIATIONS:
        # Other events have other log lines.
        lines = [_of_event(line) for line in expected("events.txt", scene, None) if line.startswith("event ")]
    return [_exception_once(line) for line in lines], closing + 2 * CLOSE_LINES.get(scene, 0)


def without_closing(lines: list[str]) -> tuple[list[str], int]:
    """The lines without those that say that a connection is closed, and how many of those there are."""
    kept = [line for line in lines if not line.startswith(_CLOSING)]
    return kept, len(lines) - len(kept)


def _of_event(line: str) -> str:
    """The log line of a trace event: the logger is named after the part before the dot."""
    logger, _, rest = line.removeprefix("event ").partition(".")
    text = rest.removesuffix(" return_value=None").rstrip()
    return f"log   httpcore.{logger} {text}".replace("exception=httpcore.", "exception=").replace("('')", "()")


def _exception_once(line: str) -> str:
    """1.0.9 logs an exception within an exception of the same type, or the event of a protocol in it."""
    line = re.sub(r"exception=(\w+)\(\1\((.*)\)\)$", r"exception=\1(\2)", line)
    return re.sub(r"exception=(\w+)\((<.*>)\)$", r"exception=\1('\2')", line)
