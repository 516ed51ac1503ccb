"""THE list of what differs from 1.0.9 on purpose. Each entry says why, for whom, and how to recognise it.

`readme` is what the README tells users; it stands there word for word. An entry that matches nothing fails the test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .outcomes import Difference

__all__ = ["ENTRIES", "Entry", "explanation"]


@dataclass(frozen=True)
class Entry:
    """A difference that is meant, with its rows of FIELD (numbers) and FAULTS, or `-`."""

    name: str
    reason: str
    row: str
    readme: str | None
    matches: Callable[[Difference], bool]
    luck: bool = False  # whether it comes out so is a matter of timing: it need not match in every run


ENTRIES: list[Entry] = []


def explanation(difference: Difference) -> Entry | None:
    """Return the first entry that explains a difference."""
    return next((entry for entry in ENTRIES if entry.matches(difference)), None)


def means(
    row: str, reason: str, readme: str | None = None, *, luck: bool = False
) -> Callable[[Callable[[Difference], bool]], None]:
    """Add an entry."""

    def add(matches: Callable[[Difference], bool]) -> None:
        ENTRIES.append(Entry(matches.__name__.replace("_", " "), reason, row, readme, matches, luck))

    return add


def _errors(difference: Difference) -> tuple[str, str]:
    """Return how the step ended on both; no error is `ok`."""
    if difference.step in ("peer", "noise"):
        return difference.step, difference.step
    return difference.original.get("error") or "ok", difference.ours.get("error") or "ok"


@means(
    "P25",
    "h11 is a library below.",
    "A request body longer or shorter than its Content-Length raises `httpcore.LocalProtocolError`, not h11's.",
)
def own_error_for_a_wrong_length(d: Difference) -> bool:
    if d.scenario.http2 and d.scenario.caller in ("post too short", "post too long"):
        return _errors(d)[1] == "LocalProtocolError"
    return _errors(d) == ("h11.LocalProtocolError", "LocalProtocolError")


# Proxies.

_PROXY_FAULTS = "All that a proxy does wrong is a `ProxyError`"


def _proxy_misbehaves(d: Difference) -> bool:
    return d.scenario.peer.startswith(("proxy", "socks"))


@means("-", "Who fails is the proxy, whichever way.", _PROXY_FAULTS)
def error_of_a_proxy(d: Difference) -> bool:
    return _proxy_misbehaves(d) and _errors(d)[1] == "ProxyError" and _errors(d)[0] != "ok"


@means("-", "TCP does not keep the borders of writes.", _PROXY_FAULTS)
def split_socks_reply(d: Difference) -> bool:
    return d.scenario.peer == "socks split reply" and _errors(d)[0] == "socksio.ProtocolError"


@means("N7", "Only the status of the reply decides.", "A SOCKS5 proxy may do without the credentials that are given.")
def credentials_not_wanted(d: Difference) -> bool:
    taken = d.scenario.peer in ("socks auth not wanted", "socks auth version") and _errors(d)[0] == "ProxyError"
    methods = d.step == "peer" and "\\x05\\x02\\x02\\x00" in repr(d.ours) and d.scenario.peer.startswith("socks")
    return taken or methods


@means("T1", "Negotiating is a part of connecting.", "silence is a `ConnectTimeout`.")
def silent_proxy(d: Difference) -> bool:
    return d.scenario.peer in ("proxy silent", "socks silent") and _errors(d)[1] == "ConnectTimeout"


@means("S19", "What a proxy sent before TLS began is no part of TLS.")
def bytes_behind_the_answer_to_connect(d: Difference) -> bool:
    return d.scenario.peer == "proxy bytes behind" and "ConnectError" in repr(d.ours)


# Places in the pool.


@means(
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
    return _errors(d)[0] == "PoolTimeout" and _errors(d)[1] != "PoolTimeout"


@means("T14", "1.0.9 reads a flood of frames that carry nothing for ever.")
def floods(d: Difference) -> bool:
    return d.scenario.peer == "h2 settings flood" and _errors(d)[1] in ("RemoteProtocolError", "ReadTimeout")


@means("P9", "1.0.9 loses the place of a request that is interrupted or cancelled, or that fails in a proxy's TLS.")
def places_come_back(d: Difference) -> bool:
    lost = _errors(d)[0] == "PoolTimeout" or "'time': 'hang'" in repr(d.original)
    return lost and _errors(d)[1] not in ("PoolTimeout", "noise") and d.scenario.caller != "limit of the pool"


@means("-", "1.0.9 leaves sockets to the collector after errors in a proxy or a callback.")
def fewer_sockets_left_to_the_collector(d: Difference) -> bool:
    return d.step == "noise" and d.original == ["ResourceWarning:"] and d.ours == []


# Connections that are used again.

_REPEATED = (
    "A reused connection that dies before the first byte of a response: the request is sent once more, on a new "
    "connection, if its method is idempotent"
)


@means("16", "The server closed while the request was on its way.", _REPEATED)
def repeated_on_a_new_connection(d: Difference) -> bool:
    died = ("RemoteProtocolError", "ReadError", "WriteError")
    used = d.step in ("GET /2", "GET /3", "GET /4", "PUT /2", "probe")
    return used and _errors(d)[0] in died and _errors(d)[1] == "ok"


@means(
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
        return _errors(d)[1] in ("ok", "peer") and d.step in ("GET /2", "peer")
    return _errors(d)[0] == "RemoteProtocolError" and _errors(d)[1] == "ok" and "bytes" in d.scenario.peer


@means("T6 P22", "The end of a connection is noticed before it is used again, a close_notify alone, too.")
def end_noticed_before_reuse(d: Difference) -> bool:
    peers = ("close notify", "h2 close notify", "h2 closes after one")
    return d.scenario.peer.startswith(peers) and d.step == "POST /2" and _errors(d)[1] == "ok"


@means(
    "15 P14",
    "Connections belong to a loop or a process.",
    "A pool that is used again from another event loop, or in a forked process, drops the connections that it "
    "cannot use there.",
)
def other_loops_and_processes(d: Difference) -> bool:
    return d.scenario.caller in ("forked", "second loop", "second loop with an open response")


# Bodies.


@means(
    "S3",
    "A download that is cut must not look whole.",
    "Reading on after a response was closed raises `ReadError` at once, unless all of it had been read",
)
def read_after_close(d: Difference) -> bool:
    return d.scenario.caller == "read after close" and d.step.startswith("read") and _errors(d)[1] == "ReadError"


@means("S18", "Sync TLS of 1.0.9 takes a reset for the end of a body.")
def reset_is_no_end(d: Difference) -> bool:
    return d.step == "read" and _errors(d) == ("ok", "ReadError") and "reset" in d.scenario.peer and d.scenario.tls


@means("T9", "Long limits are cut.")
def long_limits(d: Difference) -> bool:
    return d.scenario.caller == "no limits" and _errors(d)[0] == "builtins.OverflowError"


@means("N2", "Parameters are a part of the path.", "URLs keep path parameters (`/a;v=1`)")
def parameters_of_a_path(d: Difference) -> bool:
    return d.step == "peer" and d.scenario.caller == "odd target" and "/a;v=1" in repr(d.ours)


@means(
    "S11",
    "RFC 9112, section 6.2.",
    "Of Content-Length and Transfer-Encoding, given both, only Transfer-Encoding is sent (RFC 9112, section 6.2).",
)
def one_of_two_lengths(d: Difference) -> bool:
    return d.step == "peer" and d.scenario.caller == "post with both lengths" and "Content-Length" not in repr(d.ours)


# How it ends.


@means("-", "A reset is a reset over TLS, too, where 1.0.9 sees the end of the stream.")
def reset_over_tls(d: Difference) -> bool:
    ends = ("reset", "cut", "closes") if d.scenario.http2 else ("reset",)
    kinds = {"RemoteProtocolError", "ReadError", "WriteError"}
    return any(end in d.scenario.peer for end in ends) and kinds.issuperset(_errors(d))


@means("S17", "1.0.9 lets errors of the ssl module out.")
def errors_of_ssl(d: Difference) -> bool:
    return _errors(d)[0].startswith("ssl.") and _errors(d)[1] == "ReadError"


@means("-", "TLS inside TLS ends as TLS does elsewhere: a missing close_notify is forgiven where a body has no length.")
def cut_tls_inside_tls(d: Difference) -> bool:
    return d.scenario.route == "https proxy" and d.scenario.peer.startswith("cut") and _errors(d) == ("ReadError", "ok")


@means("-", "A head that is there is read, whatever its length.")
def long_head(d: Difference) -> bool:
    return d.scenario.peer == "head of 120 kB" and _errors(d) == ("RemoteProtocolError", "ok")


@means(
    "T10",
    "Nobody waits for what is closed.",
    "Closing a pool or a connection makes the requests that wait for a connection, or open one, raise `ConnectError`",
)
def closed_while_connecting(d: Difference) -> bool:
    if not d.scenario.caller.startswith("pool closed while") or d.step in ("peer", "noise"):
        return False
    return _errors(d)[1] in ("ConnectError", "ReadError", "WriteError") and d.ours["time"] == "at once"


@means(
    "T11 T16",
    "The server has answered.",
    "A response with a status of 300 and above that arrives during an upload ends the upload and is returned",
)
def early_refusal(d: Difference) -> bool:
    if not d.scenario.peer.removeprefix("h2 ").startswith("early 413"):
        return False
    return d.step == "peer" or _errors(d)[1] == "ok"


@means("1", "A cancelled request takes its cancellation at the next wait; it opens nothing before.")
def cancelled_at_another_wait(d: Difference) -> bool:
    if "cancelled" not in d.scenario.caller:
        return False
    if d.scenario.caller == "cancelled before":  # nothing was begun
        return False
    return d.step in ("peer", "cancelled") or "cancelled" in _errors(d)


@means(
    "S9",
    "TLS has checked one name.",
    "An `https` or `wss` connection is reused only for requests with the same `sni_hostname`",
)
def other_sni(d: Difference) -> bool:
    return d.scenario.caller == "different sni" and d.step == "peer" and len(d.ours) > len(d.original)


@means(
    "N4",
    "RFC 9112, section 9.3.",
    "HTTP/1.0 connections with `Connection: keep-alive` are reused.",
)
def http_1_0_kept(d: Difference) -> bool:
    return d.scenario.peer == "http 1.0 kept" and d.step == "peer" and len(d.ours) < len(d.original)


@means("-", "A body that has arrived is complete, read or not: its connection may be used again.")
def used_again_after_half_a_read(d: Difference) -> bool:
    leaving = ("half read", "dropped", "dropped half read", "unread", "read after close", "interrupted reading")
    return d.scenario.caller in leaving and d.step in ("peer", "GET /2", "read") and _errors(d)[1] in ("ok", "peer")


@means("-", "Requests side by side fare as they do one by one.")
def side_by_side(d: Difference) -> bool:
    if d.step != "at once":
        return False
    theirs, mine = (
        sum("Error" in repr(end) or "Timeout" in repr(end) for end in one["ends"]) for one in (d.original, d.ours)
    )
    return mine <= theirs or d.scenario.caller == "many on four"


# HTTP/2.

_REFUSED = ("h2 goaway", "h2 rst refused", "h2 refuses", "h2 early goaway", "h2 no streams", "h2 one stream")


@means(
    "P3 P4 N15",
    "The server says that it did nothing with it.",
    "HTTP/2: a request above a GOAWAY's last stream, or refused with REFUSED_STREAM, is sent again",
)
def refused_requests_are_repeated(d: Difference) -> bool:
    if not d.scenario.peer.startswith(_REFUSED):
        return False
    if d.step in ("peer", "at once"):
        return True
    errors = ("RemoteProtocolError", "LocalProtocolError", "ConnectionNotAvailable", "ReadError", "WriteError")
    return _errors(d)[0] in errors and _errors(d)[1] in ("ok", "PoolTimeout", "RemoteProtocolError", "cancelled")


@means("-", "What a server does wrong is a RemoteProtocolError, and no error of a library below.")
def faults_of_a_server(d: Difference) -> bool:
    theirs, mine = _errors(d)
    below = theirs == "LocalProtocolError" or theirs.startswith(("h2.", "hpack.", "builtins."))
    return d.scenario.http2 and below and mine == "RemoteProtocolError"


@means("S8", "RFC 9113, section 8.1.1: a response that is malformed.")
def malformed_responses(d: Difference) -> bool:
    peers = ("h2 data for", "h2 connection field", "h2 no status", "h2 upper case", "h2 window over", "h2 data after")
    return d.scenario.peer.startswith(peers) and _errors(d)[1] == "RemoteProtocolError"


@means("-", "RFC 9110, section 5.5: blanks around a value are no part of it.")
def blanks_around_a_value(d: Difference) -> bool:
    return d.scenario.peer == "h2 empty field" and "['y', 'a']" in repr(d.ours)


@means("-", "What one stream does wrong, or what is read later, ends no request that was answered.")
def answers_before_the_fault(d: Difference) -> bool:
    theirs = _errors(d)[0]
    return d.scenario.http2 and theirs in ("LocalProtocolError", "h2.FrameTooLargeError") and _errors(d)[1] == "ok"


@means("-", "Fields that are wrong are refused over HTTP/2 as over HTTP/1.1.")
def wrong_fields(d: Difference) -> bool:
    return d.scenario.http2 and d.scenario.caller == "wrong field" and _errors(d)[1] == "LocalProtocolError"


@means(
    "-",
    "The server learns what is not wanted any more.",
    "HTTP/2: cancelling, timing out or closing early resets the stream and nothing else.",
)
def resets_streams(d: Difference) -> bool:
    if d.scenario.http2 and d.step == "GET /2" and _errors(d)[1] == "ReadTimeout":  # of a peer that is silent
        return d.scenario.caller.startswith(("cancelled", "interrupted"))
    return d.scenario.http2 and d.step == "peer" and repr(d.ours).count("RST_") > repr(d.original).count("RST_")


@means(
    "-",
    "Nothing arrived: the path may be dead.",
    "HTTP/2: a read or write timeout during which nothing at all arrived ends the use of its connection",
)
def silent_connections_are_left(d: Difference) -> bool:
    return d.scenario.http2 and d.step == "peer" and len(d.ours) > len(d.original)


@means("T6", "1.0.9 sends a request on a connection whose end has arrived.", luck=True)
def ended_connections_are_left(d: Difference) -> bool:
    return d.scenario.http2 and d.step == "peer" and d.scenario.peer.startswith("h2 close notify")


@means("-", "1.0.9 waits for a stream that it has forgotten.")
def streams_mind_their_own_business(d: Difference) -> bool:
    if not d.scenario.http2 or _errors(d)[1] not in ("ok", "PoolTimeout"):
        return False
    cancelled = d.scenario.caller.startswith("cancelled") and d.step == "GET /2" and _errors(d)[0] != "ok"
    return cancelled or "'time': 'hang'" in repr(d.original)


@means("S3", "The body had arrived when the response was closed.")
def closed_when_complete(d: Difference) -> bool:
    return (
        d.scenario.http2 and d.step == "read and close" and _errors(d)[0] == "ReadTimeout" and "at once" in repr(d.ours)
    )


@means("-", "A limit is that of the whole wait, whatever arrives that is no answer.")
def pings_are_no_answer(d: Difference) -> bool:
    return d.scenario.peer == "h2 pings only" and _errors(d) == ("ReadTimeout", "ReadTimeout")


@means("T4", "A limit is named after what was waited for: credit to write with.")
def no_credit_is_no_read(d: Difference) -> bool:
    return d.scenario.http2 and _errors(d) == ("ReadTimeout", "WriteTimeout") and "credit" in repr(d.ours)


@means("T11", "A reset is noticed while the client waits for credit.")
def reset_while_uploading(d: Difference) -> bool:
    return d.scenario.peer == "h2 early rst" and _errors(d) == ("ReadTimeout", "RemoteProtocolError")


@means("-", "The server learns what was wrong: of one stream by RST_STREAM, of the connection by GOAWAY.")
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


@means("-", "A connection of HTTP/2 goes on when one of its requests has failed, though its server be silent.")
def next_request_on_a_silent_connection(d: Difference) -> bool:
    peers = ("h2 pings only", "h2 early 413", "h2 early 200 stops reading")
    silent = d.scenario.peer in peers or d.scenario.caller == "post too short"
    return d.step == "place" and d.scenario.http2 and silent and _errors(d)[1] == "ReadTimeout"


@means("T17", "What the user's body raises reaches the user; 1.0.9 takes a write error for its own.")
def write_errors_of_the_body(d: Difference) -> bool:
    return d.scenario.caller == "post failing to write" and _errors(d)[1] == "WriteError"


@means(
    "-",
    "To be mended: where the answer is whole and the pool is closed in mid-upload, the upload has to fail.",
    luck=True,
)
def answer_to_a_cut_upload(d: Difference) -> bool:
    caller, errors = d.scenario.caller, _errors(d)
    return d.scenario.http2 and caller == "pool closed while uploading" and errors[0] != "ok" and errors[1] == "ok"
