"""Intended differences from the measured facts about proxies."""

from __future__ import annotations

import re
from typing import Any

from .entries import Deviation, load

_SECRET = "User names and passwords never appear in traces or log lines."
_CLOSING = "Closing a connection through a tunnel is logged too."
_REFUSAL = "The body of a refusal is read, because the error contains it."
_PLAIN_WS = "The origin of ws:// does not speak TLS."
_SNI = "`sni_hostname` applies to the origin only."
_FREED = "A failed TLS handshake leaves no connection in the pool."
_BRACKETS = "An IPv6 address is in brackets wherever a port or a path may follow it (RFC 3986, section 3.2.2)."
_RESOLVING = "An option decides who resolves names."
_INSIGHT = "Additions: a pool reports statistics, and can close expired connections."
_OPTIONS = "The network options of other pools work through SOCKS too."

_SCHEMES = "The URL of a proxy must have a scheme that says how to speak to it."
_WRONG_SCHEME = (
    "url must be that of a proxy, which begins with one of http://, https://, socks4://, socks4a://, socks5://, "
    "socks5h://, but got {}."
)

_WHO = "The error says which proxy refused what."
_BY_SOCKS = "SOCKS5 to http://example.com:80 through the proxy socks5://proxy.local:1080"
_BY_HTTP = "CONNECT to https://example.com:443 through the proxy http://proxy.local:8080"
_REFUSALS = {
    "tunnel proxy, 403": _BY_HTTP,
    "tunnel proxy, 407 without reason": _BY_HTTP,
    "SOCKS5 auth asked for": _BY_SOCKS,
    "SOCKS5 no acceptable method": _BY_SOCKS,
    "SOCKS5 auth refused": _BY_SOCKS,
}
_BOTH = "A proxy may ignore the credentials that it is offered; the negotiation then continues."
_NOT_ASKED = "Requested USERNAME/PASSWORD from proxy server, but got NO AUTHENTICATION REQUIRED."

_EVENTS = load("events.txt")
_STATES = load("states.txt")
_INTERFACE = load("interface.json")["signatures"]
_SURFACE = load("interface.json")["surface"]
_MODELS = load("models.json")


def _redacted(lines: list[str]) -> list[str]:
    return [re.sub(r"auth=\(b.*\)", "auth=(b'[secure]', b'[secure]')", line) for line in lines]


def _closing_logged(lines: list[str]) -> list[str]:
    *before, started, complete = lines
    assert (started, complete) == (
        "log   httpcore.http11 response_closed.started",
        "log   httpcore.http11 response_closed.complete",
    )
    closed = ["log   httpcore.connection close.started", "log   httpcore.connection close.complete"]
    return [*before, started, complete, *closed]


def _body_read(lines: list[str]) -> list[str]:
    """After each refusal, its body is read and the exchange ended."""
    reading = [
        "event http11.receive_response_body.started request=<Request [b'CONNECT']>",
        "event http11.receive_response_body.complete return_value=None",
        "event http11.response_closed.started ",
        "event http11.response_closed.complete return_value=None",
    ]
    return [
        each
        for line in lines
        for each in ([line, *reading] if line.startswith("event http11.receive_response_headers.complete") else [line])
    ]


def _with_parameters(signature: list[list[str]], *names: str) -> list[list[str]]:
    return [*signature, *([name, "KEYWORD_ONLY", "=None"] for name in names)]


def _deviations() -> dict[tuple[str, str], Deviation]:
    found: dict[tuple[str, str], Deviation] = {}

    def differ(file: str, entry: str, value: Any, reason: str) -> None:
        found[file, entry] = Deviation(value, reason)

    for name in ("SOCKS5 with auth", "SOCKS5 auth refused", "SOCKS5 auth not wanted", "SOCKSProxy"):
        differ("events.txt", name, _redacted(_EVENTS[name]), _SECRET)
    name = "SOCKS5 with auth, https"
    differ("events.txt", name, _closing_logged(_redacted(_EVENTS[name])), f"{_SECRET} {_CLOSING}")
    differ("events.txt", "tunnel proxy", _closing_logged(_EVENTS["tunnel proxy"]), _CLOSING)
    for name in ("tunnel proxy, 403", "tunnel proxy, 407 without reason"):
        differ("events.txt", name, _body_read(_EVENTS[name]), _REFUSAL)
    name = "forward proxy, ws"
    differ("events.txt", name, [line for line in _EVENTS[name] if "proxy.start_tls" not in line], _PLAIN_WS)
    name = "tunnel proxy, sni_hostname"
    lines = [line.replace("server_hostname='example.com'", "server_hostname='other.org'") for line in _EVENTS[name]]
    differ("events.txt", name, lines, _SNI)
    name = "tunnel proxy, TLS error"
    empty = _STATES["tunnel proxy, connect error"][1:]
    differ("states.txt", name, [_STATES[name][0], *empty], _FREED)
    name = "SOCKS5 to an address"
    differ(
        "states.txt", name, [line.replace("'http://::1:80'", "'http://[::1]:80'") for line in _STATES[name]], _BRACKETS
    )
    differ("interface.json", "Proxy", [*_INTERFACE["Proxy"], ["rdns", "POSITIONAL_OR_KEYWORD", "=None"]], _RESOLVING)
    for name in ("HTTPProxy", "SOCKSProxy", "AsyncHTTPProxy", "AsyncSOCKSProxy"):
        members = sorted([*_SURFACE[f"{name} members"], "close_expired", "stats"])
        differ("interface.json", f"{name} members", members, _INSIGHT)
    differ("models.json", "Proxy attributes", sorted([*_MODELS["Proxy attributes"], "rdns"]), _RESOLVING)
    for name, where in _REFUSALS.items():
        lines = [f"{line} ({where})" if " raises=" in line else line for line in _STATES[name]]
        differ("states.txt", name, lines, _WHO)
    name = "SOCKS5 auth not wanted"
    closed = "Proxy closed the connection during the SOCKS negotiation."
    error = f"response raises=httpcore.ProxyError message={closed} ({_BY_SOCKS})"
    differ("states.txt", name, [error, *_STATES[name][1:]], _BOTH)
    lines = [line.replace(_NOT_ASKED, closed) for line in _redacted(_EVENTS[name])]
    differ("events.txt", name, lines, f"{_SECRET} {_BOTH}")
    for url, got in (
        ("'h'", "one without scheme or host"),
        ("''", "one without scheme or host"),
        ("'ftp://h'", "one with ftp://"),
    ):
        differ(
            "models.json", f"Proxy url {url}", {"raises": "ValueError", "message": _WRONG_SCHEME.format(got)}, _SCHEMES
        )
    for name in ("SOCKSProxy", "AsyncSOCKSProxy"):
        options = _with_parameters(_INTERFACE[name], "local_address", "uds", "socket_options", "rdns")
        differ("interface.json", name, options, f"{_OPTIONS} {_RESOLVING}")
    return found


PROXY_DEVIATIONS = _deviations()
