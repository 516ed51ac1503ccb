"""Differences of HTTP/2 alone."""

from __future__ import annotations

from ..outcomes import Difference
from .entries import List, errors

__all__ = ["LIST"]

LIST = List()


@LIST.means("T14", "1.0.9 reads a flood of frames that carry nothing for ever.")
def floods(d: Difference) -> bool:
    return d.scenario.peer == "h2 settings flood" and errors(d)[1] in ("RemoteProtocolError", "ReadTimeout")


_REFUSED = ("h2 goaway", "h2 rst refused", "h2 refuses", "h2 early goaway", "h2 no streams", "h2 one stream")


@LIST.means(
    "P3 P4 N15",
    "The server says that it did nothing with it.",
    "HTTP/2: a request above a GOAWAY's last stream, or refused with REFUSED_STREAM, is sent again",
)
def refused_requests_are_repeated(d: Difference) -> bool:
    if not d.scenario.peer.startswith(_REFUSED):
        return False
    if d.step in ("peer", "at once"):
        return True
    faults = ("RemoteProtocolError", "LocalProtocolError", "ConnectionNotAvailable", "ReadError", "WriteError")
    return errors(d)[0] in faults and errors(d)[1] in ("ok", "PoolTimeout", "RemoteProtocolError", "cancelled")


@LIST.means("-", "What a server does wrong is a RemoteProtocolError, and no error of a library below.")
def faults_of_a_server(d: Difference) -> bool:
    theirs, mine = errors(d)
    below = theirs == "LocalProtocolError" or theirs.startswith(("h2.", "hpack.", "builtins."))
    return d.scenario.http2 and below and mine == "RemoteProtocolError"


@LIST.means("S8", "RFC 9113, section 8.1.1: a response that is malformed.")
def malformed_responses(d: Difference) -> bool:
    peers = ("h2 data for", "h2 connection field", "h2 no status", "h2 upper case", "h2 window over", "h2 data after")
    return d.scenario.peer.startswith(peers) and errors(d)[1] == "RemoteProtocolError"


@LIST.means("-", "RFC 9110, section 5.5: blanks around a value are no part of it.")
def blanks_around_a_value(d: Difference) -> bool:
    return d.scenario.peer == "h2 empty field" and "['y', 'a']" in repr(d.ours)


@LIST.means("-", "What one stream does wrong, or what is read later, ends no request that was answered.")
def answers_before_the_fault(d: Difference) -> bool:
    theirs = errors(d)[0]
    return d.scenario.http2 and theirs in ("LocalProtocolError", "h2.FrameTooLargeError") and errors(d)[1] == "ok"


@LIST.means("-", "Fields that are wrong are refused over HTTP/2 as over HTTP/1.1.")
def wrong_fields(d: Difference) -> bool:
    return d.scenario.http2 and d.scenario.caller == "wrong field" and errors(d)[1] == "LocalProtocolError"


@LIST.means(
    "-",
    "The server learns what is not wanted any more.",
    "HTTP/2: cancelling, timing out or closing early resets the stream and nothing else.",
)
def resets_streams(d: Difference) -> bool:
    if d.scenario.http2 and d.step == "GET /2" and errors(d)[1] == "ReadTimeout":  # of a peer that is silent
        return d.scenario.caller.startswith(("cancelled", "interrupted"))
    return d.scenario.http2 and d.step == "peer" and repr(d.ours).count("RST_") > repr(d.original).count("RST_")


@LIST.means(
    "-",
    "Nothing arrived: the path may be dead.",
    "HTTP/2: a read or write timeout during which nothing at all arrived ends the use of its connection",
)
def silent_connections_are_left(d: Difference) -> bool:
    return d.scenario.http2 and d.step == "peer" and len(d.ours) > len(d.original)


@LIST.means("T6", "1.0.9 sends a request on a connection whose end has arrived.", luck=True)
def ended_connections_are_left(d: Difference) -> bool:
    return d.scenario.http2 and d.step == "peer" and d.scenario.peer.startswith("h2 close notify")


@LIST.means("-", "1.0.9 waits for a stream that it has forgotten.")
def streams_mind_their_own_business(d: Difference) -> bool:
    if not d.scenario.http2 or errors(d)[1] not in ("ok", "PoolTimeout"):
        return False
    cancelled = d.scenario.caller.startswith("cancelled") and d.step == "GET /2" and errors(d)[0] != "ok"
    return cancelled or "'time': 'hang'" in repr(d.original)


@LIST.means("S3", "The body had arrived when the response was closed.")
def closed_when_complete(d: Difference) -> bool:
    return (
        d.scenario.http2 and d.step == "read and close" and errors(d)[0] == "ReadTimeout" and "at once" in repr(d.ours)
    )


@LIST.means("-", "A limit is that of the whole wait, whatever arrives that is no answer.")
def pings_are_no_answer(d: Difference) -> bool:
    return d.scenario.peer == "h2 pings only" and errors(d) == ("ReadTimeout", "ReadTimeout")


@LIST.means("T4", "A limit is named after what was waited for: credit to write with.")
def no_credit_is_no_read(d: Difference) -> bool:
    return d.scenario.http2 and errors(d) == ("ReadTimeout", "WriteTimeout") and "credit" in repr(d.ours)


@LIST.means("T11", "A reset is noticed while the client waits for credit.")
def reset_while_uploading(d: Difference) -> bool:
    return d.scenario.peer == "h2 early rst" and errors(d) == ("ReadTimeout", "RemoteProtocolError")


@LIST.means("-", "The server learns what was wrong: of one stream by RST_STREAM, of the connection by GOAWAY.")
def codes_for_the_server(d: Difference) -> bool:
    peers = (
        "h2 noise",
        "h2 http 1.1",
        "h2 data after end",
        "h2 bad block",
        "h2 frame too large",
        "h2 stray",
        "h2 push",
    )
    return d.step == "peer" and d.scenario.peer.startswith(peers)


@LIST.means("-", "A connection of HTTP/2 goes on when one of its requests has failed, though its server be silent.")
def next_request_on_a_silent_connection(d: Difference) -> bool:
    peers = ("h2 pings only", "h2 early 413", "h2 early 200 stops reading")
    silent = d.scenario.peer in peers or d.scenario.caller == "post too short"
    return d.step == "place" and d.scenario.http2 and silent and errors(d)[1] == "ReadTimeout"


@LIST.means(
    "-",
    "To be mended: where the answer is whole and the pool is closed in mid-upload, the upload has to fail.",
    luck=True,
)
def answer_to_a_cut_upload(d: Difference) -> bool:
    caller, ends = d.scenario.caller, errors(d)
    return d.scenario.http2 and caller == "pool closed while uploading" and ends[0] != "ok" and ends[1] == "ok"
