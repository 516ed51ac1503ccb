"""Differences of connections and of places in the pool."""

from __future__ import annotations

from ..outcomes import Difference
from .entries import List, errors

__all__ = ["LIST"]

LIST = List()


@LIST.means(
    "P2",
    "A response that nobody holds keeps nothing.",
    "A response that is dropped without being closed gives its place in the pool back, "
    "with a `ResourceWarning` that names the request.",
)
def dropped_response(d: Difference) -> bool:
    if not d.scenario.caller.startswith("dropped"):
        return False
    if d.step == "noise":
        return d.ours == ["ResourceWarning:"]
    return errors(d)[0] == "PoolTimeout" and errors(d)[1] != "PoolTimeout"


@LIST.means(
    "P9",
    "1.0.9 loses the place of a request that is interrupted or cancelled, or that fails in a proxy's TLS.",
)
def places_come_back(d: Difference) -> bool:
    if d.scenario.peer == "h2 settings flood":
        return False
    lost = errors(d)[0] == "PoolTimeout" or "'time': 'hang'" in repr(d.original)
    return lost and errors(d)[1] not in ("PoolTimeout", "noise") and d.scenario.caller != "limit of the pool"


@LIST.means("-", "1.0.9 leaves sockets to the collector after errors in a proxy or a callback.")
def fewer_sockets_left_to_the_collector(d: Difference) -> bool:
    return d.step == "noise" and d.original == ["ResourceWarning:"] and d.ours == []


_REPEATED = (
    "A reused connection that dies before the first byte of a response: the request is sent once more, on a new "
    "connection, if its method is idempotent"
)


@LIST.means("16", "The server closed while the request was on its way.", _REPEATED)
def repeated_on_a_new_connection(d: Difference) -> bool:
    died = ("RemoteProtocolError", "ReadError", "WriteError")
    used = d.step in ("GET /2", "GET /3", "GET /4", "PUT /2", "probe")
    return used and errors(d)[0] in died and errors(d)[1] == "ok"


@LIST.means(
    "-",
    "A server that says more than it was asked cannot be believed.",
    "Bytes after the end of a response close the connection.",
)
def bytes_after_the_end(d: Difference) -> bool:
    if d.step == "peer" and d.scenario.peer.startswith(("bytes behind", "speaks first")):
        return len(d.ours) >= len(d.original)
    if d.scenario.peer == "bytes behind" and "'reason': 'stray'" in repr(d.original):
        return True
    if d.scenario.caller == "head":  # of which most peers take no notice: the body is more than was asked for
        return errors(d)[1] in ("ok", "peer") and d.step in ("GET /2", "peer")
    return errors(d)[0] == "RemoteProtocolError" and errors(d)[1] == "ok" and "bytes" in d.scenario.peer


@LIST.means("T6 P22", "The end of a connection is noticed before it is used again, a close_notify alone, too.")
def end_noticed_before_reuse(d: Difference) -> bool:
    peers = ("close notify", "h2 close notify", "h2 closes after one")
    return d.scenario.peer.startswith(peers) and d.step == "POST /2" and errors(d)[1] == "ok"


@LIST.means(
    "15 P14",
    "Connections belong to a loop or a process.",
    "A pool that is used again from another event loop, or in a forked process, drops the connections that it "
    "cannot use there.",
)
def other_loops_and_processes(d: Difference) -> bool:
    return d.scenario.caller in ("forked", "second loop", "second loop with an open response")


@LIST.means(
    "T10",
    "Nobody waits for what is closed.",
    "Closing a pool or a connection makes the requests that wait for a connection, or open one, raise `ConnectError`",
)
def closed_while_connecting(d: Difference) -> bool:
    if not d.scenario.caller.startswith("pool closed while") or d.step in ("peer", "noise"):
        return False
    return errors(d)[1] in ("ConnectError", "ReadError", "WriteError") and d.ours["time"] == "at once"


@LIST.means("1", "A cancelled request takes its cancellation at the next wait; it opens nothing before.")
def cancelled_at_another_wait(d: Difference) -> bool:
    if "cancelled" not in d.scenario.caller:
        return False
    if d.scenario.caller == "cancelled before":  # nothing was begun
        return False
    return d.step in ("peer", "cancelled") or "cancelled" in errors(d)


@LIST.means(
    "S9",
    "TLS has checked one name.",
    "An `https` or `wss` connection is reused only for requests with the same `sni_hostname`",
)
def other_sni(d: Difference) -> bool:
    return d.scenario.caller == "different sni" and d.step == "peer" and len(d.ours) > len(d.original)


@LIST.means(
    "N4",
    "RFC 9112, section 9.3.",
    "HTTP/1.0 connections with `Connection: keep-alive` are reused.",
)
def http_1_0_kept(d: Difference) -> bool:
    return d.scenario.peer == "http 1.0 kept" and d.step == "peer" and len(d.ours) < len(d.original)


@LIST.means("-", "A body that has arrived is complete, read or not: its connection may be used again.")
def used_again_after_half_a_read(d: Difference) -> bool:
    leaving = ("half read", "dropped", "dropped half read", "unread", "read after close", "interrupted reading")
    return d.scenario.caller in leaving and d.step in ("peer", "GET /2", "read") and errors(d)[1] in ("ok", "peer")


@LIST.means("-", "Requests side by side fare as they do one by one.")
def side_by_side(d: Difference) -> bool:
    if d.step != "at once":
        return False
    theirs, mine = (
        sum("Error" in repr(end) or "Timeout" in repr(end) for end in one["ends"]) for one in (d.original, d.ours)
    )
    return mine <= theirs or d.scenario.caller == "many on four"
