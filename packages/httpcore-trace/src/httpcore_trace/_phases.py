"""Where the time of one request went: its events become spans, and the spans become phases that do not overlap."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

NAMES = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")
UNEXPLAINED = "unexplained"

# What each reported phase is, by its name with or without the prefix. Other phases are parts of these.
_CATEGORIES = {
    "connection_pool.wait_for_connection": "blocked",
    "connection.wait": "blocked",
    "connection.retry": "blocked",
    "connect.resolve": "dns",
    "connect_tcp": "connect",
    "connect_udp": "connect",
    "connect_unix_socket": "connect",
    "connect.attempt": "connect",
    "proxy.hop": "connect",
    "setup_socks4_connection": "connect",
    "setup_socks5_connection": "connect",
    "handshake": "ssl",  # of QUIC
    "start_tls": "ssl",
    "tls.context": "ssl",
    "send_connection_init": "send",
    "send_request_headers": "send",
    "send_request_body": "send",
    "window_wait": "send",
    "receive_response_headers": "wait",
    "receive_response_body": "receive",
    "response_closed": "receive",
}
_RESPONSE = ("response", None)


class Span(NamedTuple):
    """A part of a request: what it was, when it began and ended, and what is known about it."""

    category: str
    name: str
    start: float
    end: float
    info: dict[str, Any]


class Segment(NamedTuple):
    """A part of the time of a request, in one category only."""

    category: str
    start: float
    end: float


@dataclass(frozen=True)
class Phases:
    """Where the time of a request went, in seconds. A phase that did not take place is -1. They add up to the total.

    Of several things at a time, the one that began last counts: `connect` does not contain `dns`, nor `ssl`.

    * `blocked`: the request waited: for a connection of the pool, for another request that connected, or for a pause
      before a further attempt to connect.
    * `dns`: the name of the server, or of the nearest proxy, was resolved.
    * `connect`: TCP connections were made, and tunnels through proxies.
    * `ssl`: TLS contexts were made, and handshakes.
    * `send`: the request was sent.
    * `wait`: for the head of the response, from when the request was sent.
    * `receive`: from the head of the response until it was closed, with the time that the program took to read it.
    * `unexplained`: the rest. It is never -1.
    """

    blocked: float = -1
    dns: float = -1
    connect: float = -1
    ssl: float = -1
    send: float = -1
    wait: float = -1
    receive: float = -1
    unexplained: float = 0

    @property
    def total(self) -> float:
        """The sum of all phases: the time of the request."""
        return sum(seconds for seconds in self.as_dict().values() if seconds > 0)

    def as_dict(self) -> dict[str, float]:
        """Return the phases by name, in order."""
        return asdict(self)


def phases(events: Iterable[tuple[float, str, dict[str, Any]]], start: float, end: float) -> Phases:
    """Return the phases of a request that took from `start` to `end`."""
    found = spans(events, end)
    seconds: dict[str, float] = dict.fromkeys((span.category for span in found), 0.0)
    for segment in segments(found, start, end):
        seconds[segment.category] = seconds.get(segment.category, 0.0) + segment.end - segment.start
    return Phases(**seconds)


def spans(events: Iterable[tuple[float, str, dict[str, Any]]], end: float) -> list[Span]:
    """Return the spans of the events, in order of start. What did not end, ends at `end`."""
    begun: list[Span] = []
    running: dict[tuple[str, Any], list[int]] = {}  # where they are in `begun`
    tunnels = _Tunnels()

    def begin(category: str, name: str, key: tuple[str, Any], time: float, info: dict[str, Any]) -> None:
        running.setdefault(key, []).append(len(begun))
        begun.append(Span(category, name, time, max(time, end), info))

    for time, event, info in sorted(events, key=lambda item: item[0]):
        name, _, moment = event.rpartition(".")
        category = tunnels.category(name, moment, info)
        if category is None:
            continue
        key = (name, info.get("address"))
        if moment == "started":
            begin(category, name, key, time, info)
        elif running.get(key):
            index = running[key].pop()
            begun[index] = span = begun[index]._replace(end=time, info={**begun[index].info, **info})
            if moment == "complete" and span.category == "wait":
                # From here on the response is in the hands of the program, until it is closed.
                begin("receive", "response", _RESPONSE, time, {})
        if event.endswith("response_closed.complete"):
            for index in running.pop(_RESPONSE, ()):
                begun[index] = begun[index]._replace(end=time)
    return begun


class _Tunnels:
    """Knows whether events are those of a CONNECT request to a proxy: to the program, that is a part of connecting."""

    def __init__(self) -> None:
        self._connecting = False

    def category(self, name: str, moment: str, info: dict[str, Any]) -> str | None:
        short = name.rpartition(".")[2]
        if short == "send_request_headers" and moment == "started":
            self._connecting = bool(info.get("tunnel"))
        category = _CATEGORIES.get(name) or _CATEGORIES.get(short)
        if category in ("send", "wait", "receive") and self._connecting:
            if short == "receive_response_headers" and moment != "started":
                self._connecting = False
            return "connect"
        return category


def segments(found: Sequence[Span], start: float, end: float) -> list[Segment]:
    """Divide the time from `start` to `end`: at each moment, the span that began last counts."""
    times = {start, end}
    for span in found:
        times.update(time for time in (span.start, span.end) if start < time < end)
    divided: list[Segment] = []
    ordered = sorted(times)
    for begin, until in itertools.pairwise(ordered):
        # The spans are in order of start, so the last one is the innermost.
        category = next((span.category for span in reversed(found) if span.start <= begin and span.end >= until), None)
        if divided and divided[-1].category == (category or UNEXPLAINED):
            divided[-1] = divided[-1]._replace(end=until)
        else:
            divided.append(Segment(category or UNEXPLAINED, begin, until))
    return divided
