"""Where the engine is meant to judge a frame differently from h2, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["DIFFERENCES", "Difference", "Frame", "Situation", "intended"]

_DATA, _HEADERS, _PRIORITY, _RST_STREAM, _PUSH_PROMISE, _WINDOW_UPDATE, _CONTINUATION, _ALTSVC = 0, 1, 2, 3, 5, 8, 9, 10
_END_HEADERS = 4


class Frame:
    """A frame as sent, however wrong it is."""

    def __init__(self, data: bytes) -> None:
        self.type = data[3]
        self.flags = data[4]
        self.stream = int.from_bytes(data[5:9], "big") & 0x7FFFFFFF
        self.payload = data[9:]


class Situation(NamedTuple):
    """A frame, and how its stream stood when it came.

    `ended` says that the server had ended the response or reset the stream, `late` that the client had ended it or
    finished with it.
    """

    frame: Frame
    method: bytes
    status: int | None
    ended: bool
    late: bool


class Difference(NamedTuple):
    """A difference: what the engine and h2 make of a frame, part of the text of the error, and the reason.

    A judgement is `accepted`, or the end of a `stream` or of the `connection`. The text is that of the engine's error,
    or that of h2 if the engine has none.
    """

    ours: str
    theirs: str
    text: str
    reason: str
    applies: Callable[[Situation], bool] = lambda situation: True


DIFFERENCES = (
    # h2 ends the connection for more than it has to.
    Difference(
        "stream",
        "connection",
        "",
        "RFC 9113 section 8.1.1 asks for a stream error where a response is malformed; h2 ends the connection",
        lambda situation: situation.frame.type in (_DATA, _HEADERS, _CONTINUATION),
    ),
    Difference(
        "stream",
        "connection",
        "a WINDOW_UPDATE of 0",
        "RFC 9113 section 6.9 asks for a stream error; h2 ends the connection",
    ),
    Difference(
        "accepted",
        "connection",
        "",
        "Frames may be on their way when a stream is reset. The engine decompresses them and looks no further",
        lambda situation: situation.late and situation.frame.type in (_DATA, _HEADERS, _CONTINUATION),
    ),
    Difference(
        "accepted",
        "connection",
        "non-compliant data",
        "Credit for a stream that is over means nothing, even if it is none",
        lambda situation: situation.frame.type == _WINDOW_UPDATE and (situation.late or situation.ended),
    ),
    Difference(
        "accepted",
        "connection",
        "non-compliant data",
        "The first bit of the credit is to be ignored (RFC 9113 section 6.9); hyperframe takes it for a part",
        lambda situation: situation.frame.type == _WINDOW_UPDATE and situation.frame.payload[0] >= 0x80,
    ),
    Difference(
        "accepted",
        "connection",
        "invalid padding",
        "Padding may fill a frame (RFC 9113 section 6.1); hyperframe wants it to be a byte shorter",
        lambda situation: situation.frame.payload[0] == len(situation.frame.payload) - 1,
    ),
    Difference(
        "accepted",
        "connection",
        "FrameDataMissingError",
        "A frame that means nothing to a client is not parsed",
        lambda situation: situation.frame.type in (_PRIORITY, _ALTSVC),
    ),
    Difference(
        "accepted",
        "connection",
        "must be non-zero for PriorityFrame",
        "A frame that means nothing to a client is not parsed",
    ),
    Difference(
        "accepted",
        "connection",
        "may not depend on itself",
        "Priorities mean nothing to a client (RFC 9113 section 5.3.2)",
    ),
    Difference(
        "accepted",
        "connection",
        "must be non-zero for HeadersFrame",
        "A header block is judged when it is complete",
        lambda situation: situation.frame.type == _HEADERS and not situation.frame.flags & _END_HEADERS,
    ),
    Difference(
        "accepted",
        "connection",
        "TE header",
        "TE means nothing in a response",
    ),
    Difference(
        "accepted",
        "connection",
        "surrounded by whitespace",
        "RFC 9113 section 8.2.1 lets whitespace around a value be an error; httpcore 1.0.9 removes it",
    ),
    Difference(
        "accepted",
        "connection",
        "InvalidBodyLengthError",
        "A successful response to CONNECT begins a tunnel, whatever its Content-Length (RFC 9110 section 9.3.6)",
        lambda situation: situation.method == b"CONNECT",
    ),
    Difference(
        "accepted",
        "connection",
        "InvalidBodyLengthError",
        "A response without a body may declare the length of one (RFC 9113 section 8.1.1)",
        lambda situation: situation.status in (204, 304),
    ),
    # h2 lets pass what is an error.
    Difference(
        "connection",
        "accepted",
        "Server answered with HTTP/1",
        "A server without HTTP/2 is recognised at once; h2 waits for more",
    ),
    Difference(
        "connection",
        "accepted",
        "Server did not begin with a SETTINGS frame",
        "RFC 9113 section 3.4: SETTINGS has to be the first frame",
    ),
    Difference(
        "connection",
        "accepted",
        "after its end",
        "RFC 9113 section 5.1: nothing follows the end of a stream; h2 answers RST_STREAM",
        lambda situation: situation.ended,
    ),
    Difference(
        "connection",
        "accepted",
        "Received a frame of type 3 on stream",
        "RFC 9113 section 6.4: an idle stream cannot be reset",
        lambda situation: situation.frame.type == _RST_STREAM,
    ),
    Difference(
        "connection",
        "accepted",
        "CONTINUATION frame without a HEADERS frame",
        "RFC 9113 section 6.10 asks for a connection error; h2 answers RST_STREAM if the stream is over",
        lambda situation: situation.ended or situation.late,
    ),
    Difference(
        "connection",
        "accepted",
        "takes back an earlier one",
        "RFC 9113 section 6.8: the last stream of a GOAWAY must not be raised by a later one",
    ),
    Difference(
        "connection",
        "accepted",
        "push is disabled",
        "A push is refused at once; h2 waits for the end of its header block",
        lambda situation: situation.frame.type == _PUSH_PROMISE and not situation.frame.flags & _END_HEADERS,
    ),
    Difference(
        "connection",
        "accepted",
        "more data than the stream's window allows",
        "The window of a stream that the client has reset still bounds what arrives",
        lambda situation: situation.late,
    ),
    Difference(
        "stream",
        "accepted",
        "InvalidBodyLengthError",
        "The length counts however the response ends; h2 does not look at the end of a HEADERS frame",
        lambda situation: situation.frame.type in (_HEADERS, _CONTINUATION),
    ),
    Difference(
        "stream",
        "accepted",
        "content-length header",
        "A length has to be one number in a response to HEAD too (RFC 9110 section 8.6)",
        lambda situation: situation.method == b"HEAD",
    ),
    Difference(
        "stream",
        "accepted",
        "invalid header name",
        "RFC 9110 section 5.1: a name is a token; h2 refuses only what RFC 9113 section 8.2.1 lists",
    ),
    Difference(
        "stream",
        "accepted",
        "that has none (status",
        "RFC 9110 sections 15.3.5 and 15.4.5: such a response has no body",
    ),
    Difference(
        "stream",
        "accepted",
        "invalid ':status'",
        "RFC 9110 section 15: a status has three digits",
    ),
)


def intended(ours: str, theirs: str, text: str, error: Exception | None, situation: Situation) -> str | None:
    """Return the reason for two judgements that differ, or `None`. `error` is that of h2."""
    if "header block:" in str(error):
        return None  # Without a block, no later one can be decompressed.
    for difference in DIFFERENCES:
        fits = (difference.ours, difference.theirs) == (ours, theirs) and difference.text in text
        if fits and difference.applies(situation):
            return difference.reason
    return None
