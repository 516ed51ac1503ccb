"""Differences of proxies."""

from __future__ import annotations

from collections import Counter

from ..outcomes import Difference, answers_side_by_side
from .entries import BROKEN, List, ends

__all__ = ["LIST"]

LIST = List()

_FAULTS = "Every proxy failure raises `ProxyError`"
_SOCKS_ERROR = "socksio.ProtocolError"


def _misbehaves(d: Difference) -> bool:
    return d.scenario.peer.startswith(("proxy", "socks"))


@LIST.means("-", "The proxy failed, in whatever way.", _FAULTS)
def error_of_a_proxy(d: Difference) -> bool:
    if d.step == "at once":
        theirs, mine = (Counter(answers_side_by_side(side)) for side in (d.original, d.ours))
        named = sum(mine[error] - theirs[error] for error in ("ProxyError",))
        return _misbehaves(d) and named > 0 and sum((mine - theirs).values()) == named
    return _misbehaves(d) and ends(d, (*BROKEN, _SOCKS_ERROR), "ProxyError")


@LIST.means("-", "TCP does not preserve the boundaries of writes.", _FAULTS)
def split_socks_reply(d: Difference) -> bool:
    if d.scenario.peer == "speaks first" and ends(d, _SOCKS_ERROR, ("ok", "LocalProtocolError")):
        return d.scenario.route.startswith("socks")
    return d.scenario.peer == "socks split reply" and ends(
        d, (_SOCKS_ERROR, "none"), ("ok", "runner.Interrupted", "cancelled")
    )


@LIST.means(
    "N7",
    "Only the status in the reply decides.",
    "A SOCKS5 proxy may accept a connection without asking for the credentials that are given.",
)
def credentials_not_wanted(d: Difference) -> bool:
    if d.step == "peer":  # both methods are offered
        offered = repr(d.ours).replace("\\x05\\x02\\x02\\x00", "\\x05\\x01\\x02")
        return d.scenario.route == "socks auth" and d.ours != d.original and offered == repr(d.original)
    accepted = d.scenario.peer in ("socks auth not wanted", "socks auth version")
    return accepted and ends(d, "ProxyError", ("ok", "runner.Interrupted", "cancelled", "builtins.ZeroDivisionError"))


@LIST.means("T1", "Negotiating is part of connecting.", "a silent proxy causes a `ConnectTimeout`.")
def silent_proxy(d: Difference) -> bool:
    silent = d.scenario.peer in ("proxy silent", "socks silent")
    return silent and ends(d, ("ReadTimeout", "hang", "PoolTimeout"), "ConnectTimeout")


@LIST.means("S19", "Bytes that a proxy sends before TLS are not part of TLS.")
def bytes_behind_the_answer_to_connect(d: Difference) -> bool:
    if d.scenario.peer != "proxy bytes behind":
        return False
    if d.step == "at once":  # the first of them fails, and all others come out as on 1.0.9
        return Counter(answers_side_by_side(d.ours)) - Counter(answers_side_by_side(d.original)) == {"ConnectError": 1}
    return ends(d, "ok", "ConnectError")
