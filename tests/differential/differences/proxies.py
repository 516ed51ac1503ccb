"""Differences of proxies."""

from __future__ import annotations

from ..outcomes import Difference
from .entries import List, errors

__all__ = ["LIST"]

LIST = List()

_PROXY_FAULTS = "All that a proxy does wrong is a `ProxyError`"


def _proxy_misbehaves(d: Difference) -> bool:
    return d.scenario.peer.startswith(("proxy", "socks"))


@LIST.means("-", "Who fails is the proxy, whichever way.", _PROXY_FAULTS)
def error_of_a_proxy(d: Difference) -> bool:
    return _proxy_misbehaves(d) and errors(d)[1] == "ProxyError" and errors(d)[0] != "ok"


@LIST.means("-", "TCP does not keep the borders of writes.", _PROXY_FAULTS)
def split_socks_reply(d: Difference) -> bool:
    return d.scenario.peer == "socks split reply" and errors(d)[0] == "socksio.ProtocolError"


@LIST.means(
    "N7",
    "Only the status of the reply decides.",
    "A SOCKS5 proxy may do without the credentials that are given.",
)
def credentials_not_wanted(d: Difference) -> bool:
    taken = d.scenario.peer in ("socks auth not wanted", "socks auth version") and errors(d)[0] == "ProxyError"
    methods = d.step == "peer" and "\\x05\\x02\\x02\\x00" in repr(d.ours) and d.scenario.peer.startswith("socks")
    return taken or methods


@LIST.means("T1", "Negotiating is a part of connecting.", "silence is a `ConnectTimeout`.")
def silent_proxy(d: Difference) -> bool:
    return d.scenario.peer in ("proxy silent", "socks silent") and errors(d)[1] == "ConnectTimeout"


@LIST.means("S19", "What a proxy sent before TLS began is no part of TLS.")
def bytes_behind_the_answer_to_connect(d: Difference) -> bool:
    return d.scenario.peer == "proxy bytes behind" and "ConnectError" in repr(d.ours)
