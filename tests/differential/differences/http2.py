"""Differences of HTTP/2 only."""

from __future__ import annotations

from collections import Counter

from ..outcomes import Difference, answers_side_by_side
from .entries import BROKEN, List, connections, end, ends, repeats, same_requests

__all__ = ["LIST"]

LIST = List()


def _below(d: Difference) -> tuple[str, ...]:
    """Return how the step ended on 1.0.9, if with an error of an underlying library."""
    theirs = end(d.original)
    return (theirs,) if theirs.startswith(("LocalProtocolError", "h2.", "hpack.", "builtins.")) else ()


@LIST.means("T14", "1.0.9 reads an endless flood of frames without content.")
def floods(d: Difference) -> bool:
    told = ("RemoteProtocolError", "ReadTimeout", "hang")  # the caller is given up, as 1.0.9 has long been waited for
    own = ends(d, ("hang", "WriteTimeout"), "LocalProtocolError")
    return d.scenario.peer == "h2 settings flood" and (ends(d, ("hang", "none", "WriteTimeout"), told) or own)


_ALL = ("h2 goaway then closes", "h2 refuses all", "h2 early goaway")
_REFUSED = ("h2 goaway", "h2 rst refused", "h2 refuses", "h2 early goaway", "h2 no streams", "h2 one stream")


@LIST.means(
    "P3 P4 N15",
    "The server says that it did not process the request.",
    "A request above a GOAWAY's last stream, or refused with REFUSED_STREAM, is sent again",
    times=True,
)
def refused_requests_are_repeated(d: Difference) -> bool:
    if not d.scenario.peer.startswith(_REFUSED):
        return False
    if d.step == "peer":
        return repeats(d, "/", 0, 7)
    if d.step == "at once":
        return _fewer_failures(d)
    theirs = (*BROKEN, "LocalProtocolError", "ConnectionNotAvailable")
    every = d.scenario.caller.endswith((" connecting", " handshake")) or d.scenario.peer in _ALL
    if every and end(d.ours) in ("RemoteProtocolError", "PoolTimeout"):  # it was tried until there was no more time
        return (
            ends(d, "RemoteProtocolError", ("RemoteProtocolError", "PoolTimeout")) and d.ours.get("time") != "at once"
        )
    return end(d.ours) != "RemoteProtocolError" and ends(d, theirs, ("ok", "cancelled", "runner.Interrupted"))


def _fewer_failures(d: Difference) -> bool:
    """Return whether more of the simultaneous requests got a response, and all the same one."""
    theirs, mine = (Counter(answers_side_by_side(side)) for side in (d.original, d.ours))
    good = [{answer: number for answer, number in side.items() if answer[0].isdigit()} for side in (theirs, mine)]
    return sum(good[1].values()) > sum(good[0].values()) and len(good[1]) == 1


@LIST.means("-", "A server's mistake is a RemoteProtocolError, not the error of an underlying library.")
def faults_of_a_server(d: Difference) -> bool:
    # Of a response whose head is returned.
    broken = (
        any(part in d.scenario.peer for part in ("data", "body", "too large", "bad")) or d.scenario.caller == "head"
    )
    later = ("none",) if d.step.startswith("read") and broken else ()
    return d.scenario.http2 and ends(d, (*_below(d), *later), "RemoteProtocolError")


_MALFORMED = ("h2 data for", "h2 connection field", "h2 no status", "h2 upper case", "h2 window over", "h2 data after")


@LIST.means("S8", "RFC 9113, section 8.1.1: the response is malformed.")
def malformed_responses(d: Difference) -> bool:
    malformed = d.scenario.peer.startswith(_MALFORMED)
    if d.step == "at once":
        more = Counter(answers_side_by_side(d.ours)) - Counter(answers_side_by_side(d.original))
        return malformed and set(more) == {"RemoteProtocolError"}
    if d.scenario.caller == "interrupted closing" and ends(d, "ok", "runner.Interrupted"):
        return malformed
    return malformed and ends(d, ("ok", "ReadTimeout"), "RemoteProtocolError")


@LIST.means("-", "RFC 9110, section 5.5: whitespace around a value is not part of it.")
def blanks_around_a_value(d: Difference) -> bool:
    if d.scenario.peer != "h2 empty field" or not ends(d, "ok", "ok") or "headers" not in d.ours:
        return False
    fields = [[name, value.strip()] for name, value in d.original["headers"]]
    return bool(d.original["headers"] != fields == d.ours["headers"])


@LIST.means("-", "A fault of another stream, or one that is read later, does not end a request that has its response.")
def answers_before_the_fault(d: Difference) -> bool:
    return d.scenario.http2 and ends(d, _below(d), "ok")


@LIST.means("-", "Invalid header fields are refused over HTTP/2 as they are over HTTP/1.1.")
def wrong_fields(d: Difference) -> bool:
    wrong = d.scenario.http2 and d.scenario.caller == "wrong field"
    if d.step == "probe":  # the first request that is sent, and so the one that the peer misbehaves for
        return wrong and ends(d, "ok", (*BROKEN, "ReadTimeout"))
    sent = wrong and d.step in ("GET /1", "GET /2")
    return sent and ends(d, ("ok", "ReadTimeout", *BROKEN), "LocalProtocolError")


@LIST.means(
    "-",
    "The server learns that the response is no longer wanted.",
    "Cancelling, timing out or closing early resets the stream and nothing else.",
)
def resets_streams(d: Difference) -> bool:
    if d.step != "peer" or not d.scenario.http2:
        return False
    more = repr(d.ours).count("RST_") > repr(d.original).count("RST_")
    if "stops reading" in d.scenario.peer:  # whether it has got the last request
        return more and repeats(d, "/probe", 0, 1)
    return more and same_requests(d, "resets") and connections(d.ours) <= connections(d.original)


@LIST.means(
    "-",
    "Nothing arrived, so the network path may be dead.",
    "After a read or write timeout during which nothing at all arrived, an HTTP/2 connection takes no further request",
)
def silent_connections_are_left(d: Difference) -> bool:
    more = d.scenario.http2 and connections(d.ours) > connections(d.original)
    return more and same_requests(d, "resets")


@LIST.means("T6", "1.0.9 sends a request on a connection that has already ended.", luck=True)
def ended_connections_are_left(d: Difference) -> bool:
    return d.scenario.peer.startswith("h2 close notify") and same_requests(d, "resets")


@LIST.means("-", "1.0.9 waits for a stream that it has forgotten.")
def streams_mind_their_own_business(d: Difference) -> bool:
    cancelled = d.scenario.caller.startswith("cancelled") and d.step == "GET /2"
    if cancelled and ends(d, ("ReadTimeout", "LocalProtocolError", *BROKEN), "ok"):
        return d.scenario.http2
    return d.scenario.http2 and ends(d, "hang", ("ok", "PoolTimeout", "ReadTimeout"))


@LIST.means("S3", "The body had arrived before the response was closed.")
def closed_when_complete(d: Difference) -> bool:
    complete = d.scenario.http2 and d.step == "read and close" and ends(d, "ReadTimeout", "ok")
    return complete and d.ours.get("time") == "at once"


@LIST.means("-", "A limit applies to the whole wait, whatever else arrives.", times=True)
def pings_are_no_answer(d: Difference) -> bool:
    if d.step == "at once":
        more = Counter(answers_side_by_side(d.ours)) - Counter(answers_side_by_side(d.original))
        return d.scenario.peer == "h2 drips" and set(more) == {"ReadTimeout"}
    if d.scenario.peer != "h2 pings only" or not ends(d, "ReadTimeout", "ReadTimeout"):
        return False
    return (d.original.get("time"), d.ours.get("time")) == ("late", "the limit")


@LIST.means("T4", "The error names what the request waited for: credit for a write.")
def no_credit_is_no_read(d: Difference) -> bool:
    return d.scenario.http2 and ends(d, "ReadTimeout", "WriteTimeout") and "credit" in d.ours["text"]


@LIST.means("T11", "A reset is noticed while the client waits for credit.")
def reset_while_uploading(d: Difference) -> bool:
    return d.scenario.peer == "h2 early rst" and ends(d, "ReadTimeout", "RemoteProtocolError")


_TOLD = ("h2 noise", "h2 http 1.1", "h2 data after end", "h2 bad block", "h2 frame too large", "h2 stray", "h2 push")


@LIST.means("-", "The server learns the error: for a stream by RST_STREAM, for the connection by GOAWAY.")
def codes_for_the_server(d: Difference) -> bool:
    return d.scenario.peer.startswith(_TOLD) and same_requests(d, "resets", "bodies")


@LIST.means("-", "An HTTP/2 connection continues after a request has failed, even if its server is silent.")
def next_request_on_a_silent_connection(d: Difference) -> bool:
    peers = ("h2 pings only", "h2 early 413", "h2 early 200 stops reading")
    silent = d.scenario.peer in peers or d.scenario.caller == "post too short"
    silent = silent or (d.scenario.peer == "h2 silent in the body" and d.scenario.caller == "head")
    next_one = d.step in ("GET /2", "PUT /2", "probe")
    return next_one and d.scenario.http2 and silent and ends(d, "ok", ("ReadTimeout", "WriteTimeout"))
