"""Differences in connections and slots of the pool."""

from __future__ import annotations

from collections import Counter

from ..outcomes import Difference, answers_side_by_side
from .entries import BROKEN, List, connections, ends, repeats, same_requests

__all__ = ["LIST"]

LIST = List()

_LOST = ("PoolTimeout", "hang")


@LIST.means(
    "P2",
    "A dropped response keeps nothing.",
    "A response that is dropped without being closed returns its slot to the pool, with a `ResourceWarning` that names "
    "the request.",
)
def dropped_response(d: Difference) -> bool:
    if not d.scenario.caller.startswith("dropped"):
        return False
    if d.step == "noise":
        return (d.original, d.ours) == ([], ["ResourceWarning:"])
    return d.step == "GET /2" and ends(d, "PoolTimeout", "ok")


@LIST.means(
    "P9",
    "1.0.9 loses the slot of a request that is interrupted or cancelled, or that fails in a proxy's TLS.",
)
def slots_come_back(d: Difference) -> bool:
    caller, peer = d.scenario.caller, d.scenario.peer
    lost = caller.startswith(("cancelled", "interrupted", "task")) or peer.startswith("handshake")
    return lost and ends(d, _LOST, ("ok", *BROKEN, "ConnectError", "ConnectTimeout", "ReadTimeout"))


@LIST.means("-", "After errors in a proxy or a callback, 1.0.9 leaves sockets to the garbage collector.")
def fewer_sockets_left_to_the_collector(d: Difference) -> bool:
    return d.step == "noise" and d.original == ["ResourceWarning:"] and d.ours == []


_REPEATED = (
    "When a reused connection dies before the first byte of the response, the request is sent once more, on a new "
    "connection, if its method is idempotent"
)


@LIST.means("16", "The server closed the connection while the request was in flight.", _REPEATED)
def repeated_on_a_new_connection(d: Difference) -> bool:
    again = ("GET /1",) if d.scenario.caller == "task cancelled" else ("GET /2", "GET /3", "GET /4", "PUT /2", "probe")
    return d.step in again and ends(d, BROKEN, "ok")


@LIST.means(
    "-",
    "A server that sends more than was asked for cannot be trusted.",
    "Bytes after the end of a response close the connection.",
)
def bytes_after_the_end(d: Difference) -> bool:
    more = d.scenario.peer.startswith(("bytes behind", "speaks first"))
    if d.step == "peer":  # a peer that takes no notice of HEAD says more, too
        return (more or d.scenario.caller == "head") and same_requests(d, "lengths")
    if more and d.step in ("GET /2", "probe") and ends(d, "ok", "ok"):  # 1.0.9 takes what was behind for an answer
        return bool(d.original.get("reason") == "stray" != d.ours.get("reason"))
    later = d.step in ("GET /2", "probe")
    return later and d.scenario.caller == "head" and ends(d, (*BROKEN, "ReadTimeout"), "ok")


@LIST.means("T6 P22", "The end of a connection is noticed before reuse, even if only a close_notify arrived.")
def end_noticed_before_reuse(d: Difference) -> bool:
    peers = ("close notify", "h2 close notify", "h2 closes after one")
    return d.scenario.peer.startswith(peers) and d.step == "POST /2" and ends(d, BROKEN, "ok")


@LIST.means(
    "15 P14",
    "A connection belongs to one event loop and one process.",
    "A pool that is used again from another event loop, or in a forked process, drops the connections that it "
    "cannot use there.",
)
def other_loops_and_processes(d: Difference) -> bool:
    if d.scenario.caller not in ("forked", "second loop", "second loop with an open response"):
        return False
    if d.step == "noise":  # of the response that is open when its loop ends
        return (d.original, d.ours) == ([], ["ResourceWarning:"])
    if d.step == "peer":
        return same_requests(d, "resets") and connections(d.ours) >= connections(d.original)
    if d.step == "child":
        return d.original != d.ours and "Error" not in d.ours["result"] and "Timeout" not in d.ours["result"]
    return ends(d, ("none", "hang", "PoolTimeout", "builtins.RuntimeError", *BROKEN), "ok")


@LIST.means(
    "T10",
    "No request waits for what is closed.",
    "Closing a pool or a connection makes the requests that wait for a connection, or open one, raise `ConnectError`",
    times=True,
)
def closed_while_connecting(d: Difference) -> bool:
    waits = ends(d, ("ConnectTimeout", "PoolTimeout"), "ConnectError")
    waits = (
        waits
        or ends(d, ("ReadTimeout", "ReadError"), ("ReadError", "ConnectError"))
        or ends(d, ("ReadError", "LocalProtocolError"), ("WriteError", "ConnectError"))
    )
    return d.scenario.caller.startswith("pool closed while") and waits and d.ours.get("time") == "at once"


@LIST.means("1", "A cancelled request ends at its next wait, and opens nothing before.")
def cancelled_at_another_wait(d: Difference) -> bool:
    caller = d.scenario.caller
    if not caller.startswith(("cancelled", "task")) or caller == "cancelled before":  # when nothing was begun
        return False
    if d.step == "peer":  # of the request that is cancelled more may have been sent, or less, or nothing
        path = "/cancelled" if caller == "task cancelled" else "/1"
        return repeats(d, path, 0, 1) and connections(d.ours) <= connections(d.original)
    return caller == "cancelled reading" and d.step == "read" and ends(d, "cancelled", "ok")


@LIST.means("-", "A request cancelled while its response arrives may end either way.", luck=True)
def cancelled_beside_an_answer(d: Difference) -> bool:
    if d.scenario.caller not in ("cancelled sending", "cancelled waiting", "cancelled in time", "cancelled reading"):
        return False
    ended = ("ok", *BROKEN)  # a silent peer leaves nothing but the cancellation
    if d.step == "read":  # where there is a response
        return ends(d, "none", ("cancelled", *ended)) or ends(d, ("cancelled", *ended), "none")
    return d.step.endswith("/1") and (ends(d, "cancelled", ended) or ends(d, ended, "cancelled"))


@LIST.means(
    "S9",
    "TLS checked one name.",
    "An `https` or `wss` connection is reused only for requests with the same `sni_hostname`",
)
def other_sni(d: Difference) -> bool:
    more = d.scenario.caller == "different sni" and d.scenario.tls and connections(d.ours) > connections(d.original)
    return more and same_requests(d)


@LIST.means(
    "N4",
    "RFC 9112, section 9.3.",
    "HTTP/1.0 connections with `Connection: keep-alive` are reused.",
)
def http_1_0_kept(d: Difference) -> bool:
    kept = d.scenario.peer == "http 1.0 kept" and connections(d.ours) < connections(d.original)
    return kept and same_requests(d, "lengths")


@LIST.means("-", "Simultaneous requests end as they do one by one.")
def side_by_side(d: Difference) -> bool:
    if d.step != "at once":
        return False
    theirs, mine = (Counter(answers_side_by_side(side)) for side in (d.original, d.ours))
    errors = {answer for answer in mine if not answer[0].isdigit()}
    known = set(theirs) | ({"RemoteProtocolError"} if "LocalProtocolError" in theirs else set())
    if d.scenario.http2 and known.intersection(BROKEN):  # how the end of a connection is told is a matter of luck
        known |= set(BROKEN)
    shared = d.scenario.http2 and d.scenario.caller == "many on four"  # more of them may have been on one connection
    fewer = sum(mine[answer] for answer in errors) <= sum(
        theirs[answer] for answer in theirs if not answer[0].isdigit()
    )
    return errors <= known and (fewer or shared)


@LIST.means("-", "A body that has arrived is complete, read or not, so its connection may be reused.")
def used_again_after_half_a_read(d: Difference) -> bool:
    leaving = ("half read", "dropped", "dropped half read", "unread", "read after close", "interrupted reading")
    fewer = d.scenario.caller in leaving and connections(d.ours) < connections(d.original)
    return fewer and same_requests(d)
