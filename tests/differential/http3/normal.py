"""Outcomes without the names of the protocol, so that those of HTTP/2 and HTTP/3 can be compared."""

from __future__ import annotations

import re
from typing import Any

from .translation import CODES, identifier_of

__all__ = ["normal"]

# In this order.
_RULES: list[tuple[str, str]] = [
    (r"127\.0\.0\.1:\d+|localhost:\d+|\b\d{5}\b(?=\))", "PEER"),
    (r"b'\d{4,5}\*'", "PORT*"),
    (r"https://PEER\)", "PEER)"),
    (r"HTTP/3", "HTTP/2"),
    (r"HTTP3", "HTTP2"),
    (r"http3", "http2"),
    (r"connect_udp", "connect_tcp"),
    (r"0x[0-9a-f]{8,}", "ADDRESS"),
    (r"\d\.\d seconds ago", "just now"),
    (r"(?s)Cancelled via cancel scope.*", "Cancelled"),
]
# How the text of an error tells a reset: the same thing has other numbers.
_RESET = re.compile(r"stream_id:(\d+), error_code:(0x\w+)(?: \w+)?")
# Over TCP, the handshake is that of TLS and of no protocol above it.
_HANDSHAKE = {
    f"{name}.{end}": f"handshake.{end}"
    for name in ("connection.start_tls", "http2.handshake")
    for end in ("started", "complete", "failed")
}
# Events of HTTP/2 alone: QUIC's handshake brings what a connection begins with, and its limits.
_NOT_OF_HTTP3 = ("http2.send_connection_init", "http2.receive_remote_settings")
# The log says which protocol was chosen, and that is told by the connection's `info()` too.
_CHOSEN = "httpcore.http2: HTTP/2 is used with https://PEER"


def normal(value: Any) -> Any:
    """Return steps of a caller, or anything in them."""
    if isinstance(value, dict):
        found = {key: normal(item) for key, item in value.items()}
        if "events" in found:
            found["events"] = [
                _HANDSHAKE.get(each, each) for each in found["events"] if not each.startswith(_NOT_OF_HTTP3)
            ]
            found["lines"] = [line for line in found.get("lines", ()) if line != _CHOSEN]
        return found
    if isinstance(value, (list, tuple)):
        return [normal(item) for item in value]
    if isinstance(value, str):
        for pattern, replacement in _RULES:
            value = re.sub(pattern, replacement, value)
        return _RESET.sub(_reset, value)
    return value


def _reset(found: re.Match[str]) -> str:
    code = int(found[2], 16)
    return f"stream_id:{identifier_of(int(found[1]))}, error_code:{CODES.get(code, code)}"
