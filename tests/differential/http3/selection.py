"""Which scenarios are played over HTTP/2 and over HTTP/3."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

from ..runner.ours import CALLERS as OURS
from ..scenarios import LAYERS, WORLDS, Scenario
from ..selection import every_pair, fixed, is_alone
from .peers import MORE

__all__ = ["chosen", "many", "new"]

# Beginnings of the names of peers that do what cannot be done over HTTP/3, and why.
NOT_OF_HTTP3 = {
    "h2 close notify": "QUIC has no end of TLS apart from the end of the connection.",
    "h2 cut": "QUIC has no end of one direction of a connection.",
    "h2 data after end": "QUIC has no data behind the end of a stream.",
    "h2 rst after the end": "QUIC resets no stream that has ended.",
    "h2 padded": "HTTP/3 has no padding of frames.",
    "h2 settings": "HTTP/3 has one SETTINGS frame.",
    "h2 same table size": "HTTP/3 has one SETTINGS frame.",
    "h2 strict table size": "HTTP/3 has one SETTINGS frame.",
    "h2 window": "QUIC has credit in absolute numbers: it cannot overflow or shrink.",
    "h2 frame too large": "HTTP/3 has no largest DATA frame.",
    "h2 stray continuation": "HTTP/3 has no CONTINUATION frame.",
    "h2 noise": "What is on a stream of QUIC is not read as that of another stream.",
    "h2 small window": "QUIC here gives more credit by itself, and at 10 bytes a turn nothing would ever end.",
    "h2 http 1.1": "A server without HTTP/3 does not complete the handshake: ALPN is mandatory.",
    "h2 one stream": "QUIC counts all streams of a connection: see `tests/h3`.",
    "h2 no streams later": "QUIC counts all streams of a connection: it takes back no credit for them.",
    "h2 allows more": "QUIC counts all streams of a connection: see `tests/h3`.",
}


# Callers that do not go through a pool, or bring streams of TCP.
NOT_OVER_UDP = ("connection alone", "post parts over own", "close cancelled while")


def suits(scenario: Scenario) -> bool:
    return (
        scenario.http2
        and scenario.route == "direct"
        and not scenario.peer.startswith(tuple(NOT_OF_HTTP3))
        and not is_alone(scenario)
        and not scenario.caller.startswith(NOT_OVER_UDP)
    )


def _over_tls(scenarios: list[Scenario]) -> Iterator[Scenario]:
    for scenario in scenarios:
        if suits(scenario) and scenario.world != "gevent":
            yield dataclasses.replace(scenario, tls=True)


_PAIRS = (
    ("h2 100 at the head", "expecting post"),
    ("h2 417 at the head", "expecting post"),
    ("h2 rst cancel", "errors copied"),
    ("h2 data first", "get twice"),
    ("h2 closes at once", "get"),
    ("h2 early 413 and reset", "post"),
    ("h2 early 200 stops reading", "put parts again"),
    ("h2 never", "get with a total limit"),
    ("h2 stops reading", "post with a total limit"),
)

# Callers with a process of their own: signals, forks, a second event loop.
_ALONE = (
    ("h2 ok", "second loop", "asyncio"),
    ("h2 ok", "second loop with an open response", "trio"),
    ("h2 ok", "forked", "sync"),
    ("h2 never", "signal timer", "sync"),
)


def new() -> Iterator[Scenario]:
    """Yield a scenario for each of the callers and peers of this comparison alone, in alternating surroundings."""
    surroundings = itertools.cycle((world, layer) for layer in LAYERS for world in WORLDS)
    for caller in OURS:
        for peer in ("h2 ok", "h2 never") if "recorded" in caller or "copied" in caller else ("h2 ok",):
            for world in WORLDS:
                yield Scenario(peer, caller, world, True, True)
    for peer in MORE:
        uploads = peer.endswith(("at the head", "then reads"))
        for caller in ("post parts", "post large") if uploads else ("get", "post parts", "head"):
            world, layer = next(surroundings)
            yield Scenario(peer, caller, world, True, True, layer=layer)
    for peer, caller, world in _ALONE:
        yield Scenario(peer, caller, world, True, True)
    for peer, caller in _PAIRS:
        for world in WORLDS:
            yield Scenario(peer, caller, world, True, True)


def chosen() -> list[Scenario]:
    """Return the scenarios of every run."""
    return list(dict.fromkeys([*_over_tls(fixed()), *new()]))


def many() -> list[Scenario]:
    """Return a scenario for every pair of a peer and a caller."""
    return list(dict.fromkeys(_over_tls([dataclasses.replace(each, route="direct") for each in every_pair()])))
