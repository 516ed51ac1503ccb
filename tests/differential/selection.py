"""Which scenarios make sense, and the fixed ones among them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from .chosen import CHOSEN
from .peers.http2 import HTTP2
from .peers.http11 import HTTP11
from .peers.proxies import PROXIES, SOCKS
from .peers.tls import BEFORE, TLS
from .runner.alone import CALLERS as ALONE
from .runner.callers import CALLERS as PLAIN
from .runner.interrupting import ASYNC_ONLY
from .runner.interrupting import CALLERS as INTERRUPTED
from .runner.special import processes
from .scenarios import LAYERS, ROUTES, WORLDS, Scenario

__all__ = ["fixed", "is_alone", "makes_sense"]


CALLERS = (*PLAIN, *INTERRUPTED, *ALONE)
# Callers that do not read to the end.
LEAVING = {name for name in CALLERS if name.startswith(("half", "unread", "dropped", "cancelled in", "read after"))}
LEAVING |= {"pool closed while reading", "response closed from elsewhere", "interrupted reading", "limit of the pool"}

# Callers with a body.
UPLOADING = {name for name in CALLERS if name.startswith(("post", "put"))}
UPLOADING |= {"pool closed while uploading", "cancelled in time", "cancelled sending", "cancelled waiting"}


def is_alone(scenario: Scenario) -> bool:
    """Return whether the scenario needs its own process."""
    return scenario.world == "gevent" or scenario.caller in ALONE or scenario.caller in processes.CALLERS


def makes_sense(scenario: Scenario) -> bool:
    """Return whether the parts of the scenario fit together."""
    peer, caller = scenario.peer, scenario.caller
    if caller in ASYNC_ONLY and scenario.world == "sync":
        return False
    if caller == "task cancelled" and scenario.world == "trio":
        return False
    if (peer in TLS or peer in BEFORE or caller in ("different sni", "cancelled handshake")) and not scenario.tls:
        return False
    if peer in PROXIES and not ("http" in scenario.route and scenario.tls):
        return False
    name = peer.removeprefix("h2 ")
    uploads = ("early", "stops reading", "reads slowly", "no credit", "window shrinks", "cut while")
    if name.startswith(uploads) and caller not in UPLOADING:
        return False
    if name in ("window shrinks", "cut while uploading") and "large" not in caller:
        return False
    if peer.startswith("streams") and caller not in LEAVING:
        return False
    if caller == "pool closed then used" and scenario.layer == "httpx":  # which does not allow it
        return False
    if peer in SOCKS and not scenario.route.startswith("socks"):
        return False
    if "auth" in peer and scenario.route != "socks auth":
        return False
    if scenario.route == "https proxy" and scenario.layer == "httpcore" and peer in BEFORE:
        return False
    if "notify" in name and not scenario.tls:
        return False
    if scenario.http2 and scenario.route != "direct" and not scenario.tls:  # a server of HTTP/2 speaks first
        return False
    if (scenario.http2 and (peer in HTTP11 or peer in TLS)) or (not scenario.http2 and peer in HTTP2):
        return False
    # Fields of HTTP/1.1 and its slow uploads.
    return not (scenario.http2 and caller in ("odd target", "post with both lengths"))


def surroundings() -> Iterator[tuple[str, bool, str, str]]:
    """Yield all surroundings of HTTP/1.1: world, TLS, route, layer."""
    for world in WORLDS:
        for tls in (False, True):
            for route in ROUTES:
                for layer in LAYERS:
                    yield world, tls, route, layer


SURROUNDINGS = tuple(surroundings())
# The least number of scenarios for each peer and each caller.
EACH = {"peer": 2, "caller": 4}
# Peers that make sense with few callers only: the chosen scenarios have them.
ONLY_CHOSEN = {f"h2 {what}" for what in ("settings flood in large frames", "refuses beside", "allows more later")}
ONLY_CHOSEN |= {f"h2 {what} stops reading" for what in ("answers then", "streams and")}
ONLY_CHOSEN |= {"h2 cut while one reads", "h2 strict table size", "talks late after 101", "h2 cut and stops reading"}
ONLY_CHOSEN |= {
    "h2 answers in mid upload",
    "h2 allows more and goes on",
    "h2 slow always",
    "resets in the second upload",
}
ONLY_CHOSEN |= {
    "proxy wrong length",
    "proxy wrong encoding",
    "connection close always",
    "early half head then reads",
    "early half record then reads",
}
ONLY_CHOSEN |= {"damaged records in the midst", "close notify and bytes in the midst", "h2 one stream late"}
PEERS = [peer for peer in (*HTTP11, *TLS, *BEFORE, *PROXIES, *SOCKS, *HTTP2) if peer not in ONLY_CHOSEN]


def _turn(peer: str, caller: str, number: int) -> int:
    return zlib.crc32(f"{peer}/{caller}".encode()) % number


def pair(peer: str, caller: str) -> Scenario | None:
    """Return a scenario of that peer and caller, in alternating surroundings, or `None` if they do not fit together."""
    first = _turn(peer, caller, len(SURROUNDINGS))
    for step in range(len(SURROUNDINGS)):
        world, tls, route, layer = SURROUNDINGS[(first + step * 7) % len(SURROUNDINGS)]
        scenario = Scenario(peer, caller, world, tls, peer in HTTP2, route, layer)
        if makes_sense(scenario):
            return scenario
    return None


def every_pair() -> list[Scenario]:
    """Return a scenario for every pair of a peer and a caller."""
    return [found for peer in PEERS for caller in CALLERS if (found := pair(peer, caller)) is not None]


def fixed() -> list[Scenario]:
    """Return the scenarios of every run: the chosen ones, and a few for every peer and every caller."""
    pairs = every_pair()
    picked = dict.fromkeys(CHOSEN)
    for part in ("peer", "caller"):
        number: dict[str, int] = {}
        for scenario in sorted(pairs, key=lambda each: _turn(str(each), part, 1 << 32)):
            name = getattr(scenario, part)
            number[name] = number.get(name, 0) + 1
            if number[name] <= EACH[part]:
                picked.setdefault(scenario)
    return list(picked)
