"""The list of differences between HTTP/3 and HTTP/2 that are kept, each with its reason.

What differs in every scenario is not here but in `normal`: names of the protocol, the events of the handshake, the
numbers of streams and codes. What HTTP/3 does not have at all is in `selection`.
"""

from __future__ import annotations

import re
from typing import Any

from ..differences.entries import Entry, List, connections, end, ends, requests, same_requests
from ..outcomes import Difference
from ..runner.callers import SIDE_BY_SIDE
from .outcomes import HTTP3Difference

__all__ = ["ENTRIES", "explanation"]

LIST = List()
_TIMEOUTS = ("ReadTimeout", "WriteTimeout")


def explanation(difference: Difference) -> Entry | None:
    """Return the first entry that explains a difference."""
    return next((entry for entry in ENTRIES if entry.matches(difference)), None)


def _timed_out(d: Difference) -> bool:
    """Whether a request has waited in vain by then, or does so here."""
    before = d.before if isinstance(d, HTTP3Difference) else ()
    return any(each.endswith(_TIMEOUTS) for each in (*before, end(d.original)))


def _keys(d: Difference) -> set[str]:
    """Return in what the steps differ."""
    theirs, mine = d.original, d.ours
    if not isinstance(theirs, dict) or not isinstance(mine, dict):
        return set()
    return {key for key in {**theirs, **mine} if theirs.get(key) != mine.get(key)}


def _resets(peer: Any) -> int:
    return repr(peer).count("RST_STREAM")


_ENDS = ("ConnectError", "ConnectTimeout", "ok", "PoolTimeout", "RemoteProtocolError")
_OF_THE_POOL = {"pool", "stats", "info"}


@LIST.means(
    "-",
    "What acknowledges over QUIC is the server's process, not its kernel: one that answers nothing but acknowledges is "
    "slow and not dead. Over HTTP/2 that cannot be told, so a connection on which nothing arrives for as long as a "
    "limit is given up. Over HTTP/3 it is given up when not even an acknowledgement arrives.",
)
def a_path_that_acknowledges_is_kept(d: Difference) -> bool:
    if not _timed_out(d):
        return False
    if d.step == "peer":
        theirs, mine = (set(requests(each, ("resets", "bodies"))) for each in (d.original, d.ours))
        return connections(d.ours) <= connections(d.original) and theirs <= mine
    if _keys(d) <= _OF_THE_POOL:
        return True
    # The next request goes to the server that did not answer the one before.
    return end(d.original) in ("ok", *_both("ReadTimeout")) and end(d.ours) in _both("ReadTimeout", "WriteTimeout")


def _both(*names: str) -> tuple[str, ...]:
    return (*names, *(f"httpcore.{name}" for name in names), *(f"httpx.{name}" for name in names))


@LIST.means(
    "-", "Both sides of the stream have ended, or all of the response has arrived: QUIC has nothing left to reset."
)
def nothing_left_to_reset(d: Difference) -> bool:
    return d.step == "peer" and same_requests(d, "resets") and _resets(d.ours) < _resets(d.original)


@LIST.means(
    "-",
    "RFC 9000, section 3.5: whoever is asked to stop sending resets the stream, even one that has been answered. RFC "
    "9114, section 4.1: a request that is given up is cancelled on both sides of its stream.",
)
def resets_that_quic_asks_for(d: Difference) -> bool:
    asked = any(word in d.scenario.peer for word in ("rst", "reset", "refuses", "early", "413", "417", "refusal"))
    cut = any(word in d.scenario.caller for word in ("cancel", "interrupt", "too", "fail", "dropped", "unread", "half"))
    return d.step == "peer" and (asked or cut) and same_requests(d, "resets", "bodies")


@LIST.means(
    "-",
    "Nobody resets a connection of UDP. The death of a server is noticed when something is sent, and not while a "
    "response is read: then by the limit, or by the idle timeout.",
)
def the_death_of_a_server(d: Difference) -> bool:
    if not d.scenario.peer.startswith(("h2 resets", "handshake reset")):
        return False
    if _keys(d) and _keys(d) <= {"time", *_OF_THE_POOL}:
        return True
    later = {"ReadError", "ReadTimeout", "RemoteProtocolError", "ConnectError", "ConnectTimeout", "ok", "none"}
    both = _both(*later)
    return d.step in ("peer", "close pool") or (end(d.original) in both and end(d.ours) in both)


@LIST.means(
    "-",
    "A connection that ends during its handshake was never there, which is an error of connecting. Whether it ends so "
    "early depends on timing: the server's part of the handshake is over before the client's.",
    luck=True,
)
def ends_in_the_handshake(d: Difference) -> bool:
    peers = ("h2 closes at once", "handshake closed", "handshake answered")
    return d.scenario.peer.startswith(peers) and (
        d.step in ("peer", "close pool") or _keys(d) <= _OF_THE_POOL or end(d.ours) in _both(*_ENDS)
    )


@LIST.means(
    "-",
    "GOAWAY has no code over HTTP/3, it always says which requests were not processed: these are repeated. An error of "
    "the connection follows in another frame.",
)
def goaway_has_no_code(d: Difference) -> bool:
    return d.scenario.peer.startswith(("h2 goaway calm", "h2 goaway error")) and (
        d.step in ("peer", "close pool", "probe", "at once") or end(d.original) in _both("RemoteProtocolError")
    )


# Texts.

_TEXTS = [
    ("The handshake operation timed out", "Connect timed out", "QUIC connects by its handshake."),
    (r"\[SSL: |EOF occurred|TLS", "TLS alert|QUIC error|Server disconnected", "The texts are those of the libraries."),
    (
        "no flow control credit",
        "does not take more data",
        "Credit is one of the reasons, and QUIC does not tell which.",
    ),
    ("Error decoding header block", "malformed header fields", "The texts are those of the libraries."),
    (r"ConnectionTerminated", r"GOAWAY|Server disconnected", "GOAWAY has other content."),
    ("Trailers must have END_STREAM", "':status' in the middle", "A frame does not say that it is the last one."),
    ("on frame|Invalid|Received", "Received|malformed|Invalid", "The frames have other names."),
    ("Server disconnected", "Server disconnected \\(0x102", "The end of a connection has a code."),
    ("StreamReset|refused", "StreamReset|refused", "The codes have other names."),
]


@LIST.means("-", "; ".join(dict.fromkeys(reason for _, _, reason in _TEXTS)))
def other_texts(d: Difference) -> bool:
    if not _keys(d) <= {"text", "time", *_OF_THE_POOL} or "text" not in _keys(d):
        return False
    theirs, mine = d.original.get("text") or "", d.ours.get("text") or ""
    return any(re.search(one, theirs) and re.search(other, mine) for one, other, _ in _TEXTS)


@LIST.means("-", "The socket of UDP is connected at once, so that it is the handshake that has no time.")
def connecting_takes_no_time(d: Difference) -> bool:
    both = ends(d, _both("ConnectTimeout"), _both("ConnectTimeout"))
    return both and _keys(d) <= {"events", "text", "time", *_OF_THE_POOL}


@LIST.means("-", "RFC 9114, section 4.5: HTTP/3 has no 101. Over HTTP/2 it is passed on, as on 1.0.9.")
def no_switching_of_protocols(d: Difference) -> bool:
    return d.scenario.peer == "h2 101" and ends(d, "ok", _both("RemoteProtocolError"))


@LIST.means("-", "A frame of HTTP/3 does not say that it is the last one: the head is told before its stream ends.")
def heads_that_end_a_stream(d: Difference) -> bool:
    return d.scenario.peer == "h2 early hints at the end" and _keys(d) <= {"text", "events"}


# What is shown.


@LIST.means("-", "UDP is connected without waiting for anybody: there are no attempts one after the other.")
def no_attempts(d: Difference) -> bool:
    if d.step != "record" or _keys(d) != {"result"}:
        return False
    theirs, mine = ({**side["result"], "events": [*side["result"]["events"]]} for side in (d.original, d.ours))
    theirs["events"] = [each for each in theirs["events"] if not each.startswith("connect.attempt")]
    return bool(theirs == mine)


@LIST.means("-", "There is no object of the `ssl` module in QUIC: the stream has `peer_certificate` in its place.")
def other_information(d: Difference) -> bool:
    names = ("ssl_object", "peer_certificate", "socket", "connection", "is_readable")
    return d.scenario.caller == "copied" and d.step in names


@LIST.means("-", "Neither can be copied for use; in what way that fails is left to the objects inside.")
def copies_of_a_stream(d: Difference) -> bool:
    copied = d.step.startswith(("copy of stream", "deep copy of", "pickle of"))
    return d.scenario.caller == "copied" and copied and "TypeError" in repr(d.original)


@LIST.means("-", "Extended CONNECT and tunnels are not possible over HTTP/3 here, and that is said before sending.")
def no_tunnels(d: Difference) -> bool:
    if d.scenario.caller != "connect method":
        return False
    return d.step in ("close pool", "peer", "probe") or end(d.ours) in _both("LocalProtocolError")


@LIST.means("-", "How often a request is repeated within its limit depends on how long a handshake takes.", luck=True)
def as_often_as_there_is_time(d: Difference) -> bool:
    peers = ("h2 refuses all", "h2 goaway then closes", "h2 goaway then waits", "h2 early goaway")
    if not d.scenario.peer.startswith(peers):
        return False
    both = _both("PoolTimeout", "RemoteProtocolError", "ConnectionNotAvailable", "ConnectTimeout", "ConnectError")
    return (
        d.step == "peer" or _keys(d) <= {"events", *_OF_THE_POOL} or (end(d.original) in both and end(d.ours) in both)
    )


@LIST.means("-", "Whether a response is there before the request is cancelled depends on timing.", luck=True)
def answered_or_cancelled(d: Difference) -> bool:
    early = "early" in d.scenario.peer or d.scenario.caller in ("cancelled reading", "cancelled closing")
    cancelled = d.scenario.caller.startswith(("cancelled", "task cancelled"))
    return early and cancelled and {end(d.original), end(d.ours)} == {"ok", "cancelled"}


@LIST.means(
    "-",
    "A cancellation takes effect at the next wait. Whether the peer does its wrong to the cancelled request or to the "
    "next one depends on what was sent by then.",
    luck=True,
)
def who_meets_the_fault(d: Difference) -> bool:
    good = (
        "h2 ok",
        "h2 large",
        "h2 no length",
        "h2 trailers",
        "h2 204",
        "h2 many fields",
        "h2 empty",
        "h2 100",
        "h2 103",
    )
    return d.scenario.caller.startswith(("cancelled", "task cancelled")) and not d.scenario.peer.startswith(good)


@LIST.means("-", "Whether the rest of a body had arrived when its response was closed depends on timing.", luck=True)
def closed_in_the_midst(d: Difference) -> bool:
    return d.step == "read and close" and {end(d.original), end(d.ours)} <= {"ok", *_both("ReadError", "ReadTimeout")}


@LIST.means("-", "Which of several requests a connection still serves before it ends depends on timing.", luck=True)
def who_is_still_served(d: Difference) -> bool:
    ends_it = d.scenario.peer.startswith(("h2 closes", "h2 drops", "h2 resets", "h2 goaway"))
    return ends_it and d.scenario.caller in SIDE_BY_SIDE and d.step in ("at once", "peer", "close pool")


@LIST.means(
    "-",
    "What QUIC has no credit for waits in its own buffer, up to 512 KiB for one request: the upload is over for its "
    "caller, who waits for the response.",
)
def uploads_wait_in_quic(d: Difference) -> bool:
    slow = d.scenario.peer.startswith(("h2 stops reading", "h2 no credit", "h2 early", "h2 reads"))
    return slow and ends(d, _both("WriteTimeout"), ("ok", *_both("ReadTimeout")))


@LIST.means(
    "-",
    "RFC 9114, section 4.1: frames in a wrong order are an error of the connection, and not only of the stream.",
)
def frames_in_a_wrong_order(d: Difference) -> bool:
    if d.scenario.peer != "h2 data first":
        return False
    return d.step in ("peer", "probe", "close pool", "at once") or _keys(d) <= {"text", "events", *_OF_THE_POOL}


@LIST.means(
    "-",
    "Fields of a request that was given up need not be decompressed: over HTTP/3 they change no table. Over HTTP/2 the "
    "connection fails with them.",
    luck=True,
)
def fields_that_nobody_waits_for(d: Difference) -> bool:
    gone = d.scenario.caller.startswith(("interrupted", "task cancelled", "cancelled", "post", "dropped"))
    return d.scenario.peer == "h2 bad block" and gone


@LIST.means("-", "QUIC has no data behind the end of a stream: the second answer of these peers is not sent.")
def second_answers(d: Difference) -> bool:
    peers = ("h2 early 413 and reset", "h2 417 at the head", "h2 refusal then reads")
    return d.scenario.peer.startswith(peers) and (d.step == "peer" or _keys(d) <= {"events", *_OF_THE_POOL})


@LIST.means(
    "-",
    "A body that was begun is reset only when no part of it is held back: qh3 2.1 might name a final size that is too "
    "small. Until then, what is queued may still be on its way when the next request comes.",
    luck=True,
)
def the_rest_of_an_upload(d: Difference) -> bool:
    large = "large" in d.scenario.caller or d.scenario.caller in ("cancelled in time", "pool closed while uploading")
    return large and d.step == "probe" and end(d.ours) in _both("ReadTimeout") and end(d.original) == "ok"


ENTRIES = LIST.entries
