"""Differences of requests and responses: heads, bodies, errors."""

from __future__ import annotations

from ..outcomes import Difference
from .entries import BROKEN, List, end, ends, repeats, same_requests

__all__ = ["LIST"]

LIST = List()

_REFUSALS = ("early 413", "h2 early 413")


@LIST.means(
    "P25",
    "h11 is an implementation detail.",
    "A request body longer or shorter than its Content-Length raises `httpcore.LocalProtocolError`, not h11's.",
)
def own_error_for_a_wrong_length(d: Difference) -> bool:
    if d.scenario.caller not in ("post too short", "post too long", "post with both lengths"):
        return False
    if d.step == "probe":
        return d.scenario.http2 and ends(d, "ok", BROKEN)
    if d.step != "POST /1":
        return False
    if d.scenario.http2:  # 1.0.9 sends what it is given, and so the peer misbehaves when it is asked, and not later
        return ends(d, ("ok", "ReadTimeout", "WriteTimeout", "builtins.ValueError", *BROKEN), "LocalProtocolError")
    early = ("ReadError", "WriteError") if "reset" in d.scenario.peer else ()
    return ends(d, ("h11.LocalProtocolError", *early), "LocalProtocolError")


@LIST.means(
    "S3",
    "A truncated download must not look complete.",
    "Reading from a closed response raises `ReadError` at once, unless its whole body had been read",
)
def read_after_close(d: Difference) -> bool:
    reads = d.scenario.caller == "read after close" and d.step in ("read", "read and close")
    if not reads or d.ours.get("time") != "at once":
        return False
    theirs = ("ok", "ReadTimeout") if d.scenario.http2 else ("ok", "RemoteProtocolError")
    return ends(d, theirs, "ReadError") or ends(d, "none", ("ReadError", "StreamClosed"))


@LIST.means("S18", "Over TLS in sync code, 1.0.9 treats a reset as the end of a body.")
def reset_is_no_end(d: Difference) -> bool:
    reset = "reset" in d.scenario.peer and d.scenario.tls and d.scenario.world == "sync"
    return reset and d.step == "read" and ends(d, "ok", "ReadError")


@LIST.means("T9", "Limits that are too long for the system are reduced.")
def long_limits(d: Difference) -> bool:
    sync = d.scenario.caller == "no limits" and d.scenario.world == "sync"
    return sync and ends(d, "builtins.OverflowError", ("ok", "hang", "ConnectError", "ProxyError", *BROKEN))


@LIST.means("N2", "Parameters are part of the path.", "URLs keep path parameters (`/a;v=1`)")
def parameters_of_a_path(d: Difference) -> bool:
    odd = d.step == "peer" and d.scenario.caller == "odd target" and d.original != d.ours
    return odd and repr(d.ours).replace("/a;v=1", "/a") == repr(d.original)


@LIST.means(
    "S11",
    "RFC 9112, section 6.2.",
    "If both Content-Length and Transfer-Encoding are given, only Transfer-Encoding is sent (RFC 9112, section 6.2).",
)
def one_of_two_lengths(d: Difference) -> bool:
    both = d.step == "peer" and d.scenario.caller == "post with both lengths" and not same_requests(d)
    return both and same_requests(d, "lengths") and "Content-Length" not in repr(d.ours)


@LIST.means("-", "Over TLS, 1.0.9 sees the end of the stream instead of a reset.")
def reset_over_tls(d: Difference) -> bool:
    if d.scenario.http2:  # a client that writes and reads at once may see either
        ended = any(each in d.scenario.peer for each in ("reset", "cut", "closes", "drops"))
        return ended and ends(d, BROKEN, BROKEN)
    return "reset" in d.scenario.peer and ends(d, "RemoteProtocolError", ("ReadError", "WriteError"))


@LIST.means("-", "If a connection ends during a write, the kernel reports an end or a reset.", luck=True)
def end_or_reset(d: Difference) -> bool:
    return d.scenario.peer in ("early close", "closes at once", "resets at once") and ends(d, BROKEN, BROKEN)


@LIST.means("S17", "1.0.9 lets errors of the ssl module escape.")
def errors_of_ssl(d: Difference) -> bool:
    theirs = ("ssl.SSLError", "none") if d.scenario.peer in ("damaged record", "fatal alert") else ("ssl.SSLError",)
    return d.step.startswith("read") and ends(d, theirs, "ReadError")


@LIST.means("75", "TLS inside TLS ends as other TLS does: a body without a length may end without a close_notify.")
def cut_tls_inside_tls(d: Difference) -> bool:
    return d.scenario.route == "https proxy" and d.scenario.peer.startswith("cut") and ends(d, "ReadError", "ok")


@LIST.means("-", "A head that has arrived is read, whatever its length.")
def long_head(d: Difference) -> bool:
    return d.scenario.peer == "head of 120 kB" and ends(d, "RemoteProtocolError", "ok")


@LIST.means(
    "T11 T16",
    "The server has answered.",
    "A response with a status of 300 or above that arrives during an upload ends the upload and is returned",
    times=True,
)
def early_refusal(d: Difference) -> bool:
    if not d.scenario.peer.startswith(_REFUSALS):
        return False
    if d.step == "probe":  # its connection is not used again
        return ends(d, "ReadTimeout", "ok")
    if d.step == "peer":  # a connection of HTTP/1.1 is used no more, and one of HTTP/2 is
        return repeats(d, "/probe", 0, 1)
    if d.step == "read":  # of which there is only the head
        return d.scenario.peer.endswith("head") and ends(d, "none", "ReadTimeout")
    if not d.step.endswith("/1"):
        return False
    # Whatever 1.0.9 went on to: waiting, writing to a closed connection, or what is wrong with the rest of the body.
    waited = end(d.original) not in ("ok", "none") and end(d.ours) == "ok"
    sooner = d.original.get("status") == d.ours.get("status") and d.ours.get("time") == "at once"
    return (waited or sooner) and bool(d.ours.get("status") == 413)


@LIST.means("-", "What a proxy does with a reset depends on what it has read by then.", luck=True)
def resets_through_a_proxy(d: Difference) -> bool:
    reset = "reset" in d.scenario.peer and d.scenario.route != "direct"
    return reset and d.step.endswith("/1") and ends(d, BROKEN, BROKEN)


@LIST.means("T17", "Exceptions of the user's body reach the user; 1.0.9 treats a write error as its own.")
def write_errors_of_the_body(d: Difference) -> bool:
    own = d.scenario.caller == "post failing to write" and d.step == "POST /1"
    return own and ends(d, ("ok", "ReadTimeout", *BROKEN), "WriteError") and "mine" in d.ours["text"]
