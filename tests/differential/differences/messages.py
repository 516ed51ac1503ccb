"""Differences of requests and responses: heads, bodies, errors."""

from __future__ import annotations

from ..outcomes import Difference
from .entries import List, errors

__all__ = ["LIST"]

LIST = List()


@LIST.means(
    "P25",
    "h11 is a library below.",
    "A request body longer or shorter than its Content-Length raises `httpcore.LocalProtocolError`, not h11's.",
)
def own_error_for_a_wrong_length(d: Difference) -> bool:
    if d.scenario.http2 and d.scenario.caller in ("post too short", "post too long"):
        return errors(d)[1] == "LocalProtocolError"
    return errors(d) == ("h11.LocalProtocolError", "LocalProtocolError")


@LIST.means(
    "S3",
    "A download that is cut must not look whole.",
    "Reading on after a response was closed raises `ReadError` at once, unless all of it had been read",
)
def read_after_close(d: Difference) -> bool:
    return d.scenario.caller == "read after close" and d.step.startswith("read") and errors(d)[1] == "ReadError"


@LIST.means("S18", "Sync TLS of 1.0.9 takes a reset for the end of a body.")
def reset_is_no_end(d: Difference) -> bool:
    return d.step == "read" and errors(d) == ("ok", "ReadError") and "reset" in d.scenario.peer and d.scenario.tls


@LIST.means("T9", "Long limits are cut.")
def long_limits(d: Difference) -> bool:
    return d.scenario.caller == "no limits" and errors(d)[0] == "builtins.OverflowError"


@LIST.means("N2", "Parameters are a part of the path.", "URLs keep path parameters (`/a;v=1`)")
def parameters_of_a_path(d: Difference) -> bool:
    return d.step == "peer" and d.scenario.caller == "odd target" and "/a;v=1" in repr(d.ours)


@LIST.means(
    "S11",
    "RFC 9112, section 6.2.",
    "Of Content-Length and Transfer-Encoding, given both, only Transfer-Encoding is sent (RFC 9112, section 6.2).",
)
def one_of_two_lengths(d: Difference) -> bool:
    return d.step == "peer" and d.scenario.caller == "post with both lengths" and "Content-Length" not in repr(d.ours)


@LIST.means("-", "A reset is a reset over TLS, too, where 1.0.9 sees the end of the stream.")
def reset_over_tls(d: Difference) -> bool:
    ends = ("reset", "cut", "closes") if d.scenario.http2 else ("reset",)
    kinds = {"RemoteProtocolError", "ReadError", "WriteError"}
    return any(end in d.scenario.peer for end in ends) and kinds.issuperset(errors(d))


@LIST.means("S17", "1.0.9 lets errors of the ssl module out.")
def errors_of_ssl(d: Difference) -> bool:
    return errors(d)[0].startswith("ssl.") and errors(d)[1] == "ReadError"


@LIST.means(
    "-",
    "TLS inside TLS ends as TLS does elsewhere: a missing close_notify is forgiven where a body has no length.",
)
def cut_tls_inside_tls(d: Difference) -> bool:
    return d.scenario.route == "https proxy" and d.scenario.peer.startswith("cut") and errors(d) == ("ReadError", "ok")


@LIST.means("-", "A head that is there is read, whatever its length.")
def long_head(d: Difference) -> bool:
    return d.scenario.peer == "head of 120 kB" and errors(d) == ("RemoteProtocolError", "ok")


@LIST.means(
    "T11 T16",
    "The server has answered.",
    "A response with a status of 300 and above that arrives during an upload ends the upload and is returned",
)
def early_refusal(d: Difference) -> bool:
    if not d.scenario.peer.removeprefix("h2 ").startswith("early 413"):
        return False
    return d.step == "peer" or errors(d)[1] == "ok"


@LIST.means("T17", "What the user's body raises reaches the user; 1.0.9 takes a write error for its own.")
def write_errors_of_the_body(d: Difference) -> bool:
    return d.scenario.caller == "post failing to write" and errors(d)[1] == "WriteError"
