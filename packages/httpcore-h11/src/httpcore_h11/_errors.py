"""Errors that quote what a server sent: enough to recognise the server, but nothing that may be secret."""

import ast
import re

from httpcore_models import RemoteProtocolError

# How many bytes of a line are quoted, and how many of what may belong to a body.
_MOST_SHOWN = 40
_MOST_SHOWN_OF_BODY = 8

_HIDDEN = b"[secure]"
_STATUS_LINE = re.compile(rb"HTTP/[0-9.]+ [0-9]{3}[^\n]*\n")
_FIELD_NAME = re.compile(rb"([^:]{0,%d}):" % _MOST_SHOWN)
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
# No field name contains `=`, however odd it is. The others separate one value from the next.
_MARKS_OF_VALUES = re.compile(rb"[=;,\"]")
# How errors of h11 quote a line.
_QUOTING = re.compile(r"illegal (header line|status line|chunk header): bytearray\((b.*)\)", re.DOTALL)


def disconnected(data: bytes, peer: object) -> RemoteProtocolError:
    """The error for a server that closes before the head of its response is complete; `data` is what it sent."""
    text = "Server disconnected without sending a response."
    # A server that began to speak HTTP needs no explanation.
    if data and not _STATUS_LINE.match(data):
        text = f"{text} It sent {_beginning(data)!r}{_named(peer)}"
    return RemoteProtocolError(text)


def incomplete_body(expected: int, missing: int) -> RemoteProtocolError:
    """The error for a server that closes before the end of a body of known length, in the words of h11."""
    return RemoteProtocolError(
        "peer closed connection without sending complete message body "
        f"(received {expected - missing} bytes, expected {expected})"
    )


def refused(text: str, data: bytes, peer: object) -> RemoteProtocolError:
    """The error for a response that h11 refuses with `text`; `data` is what h11 has not consumed."""
    match = _QUOTING.fullmatch(text)
    if match is not None:
        kind, line = match[1], ast.literal_eval(match[2])
        if kind == "header line":
            text = f"illegal header line: {bytearray(_without_value(line))!r}"
        elif kind == "status line":
            text = f"illegal status line: {bytearray(_beginning(line))!r}"
        else:
            text = f"illegal chunk header: {bytearray(line[:_MOST_SHOWN_OF_BODY])!r}"
    elif text == "illegal request line":  # h11 says this of a response that begins with a control character
        text = f"{text}: {_beginning(data)!r}{_hint(data)}{_named(peer)}"
    return RemoteProtocolError(text)


def _beginning(data: bytes) -> bytes:
    """The first bytes of the first line, or the name alone if that looks like a header field."""
    line = data[: 2 * _MOST_SHOWN].partition(b"\n")[0].rstrip(b"\r")
    if _FIELD_NAME.match(line) and not line.startswith(b"HTTP/"):
        line = _without_value(line)
    return line[:_MOST_SHOWN]


def _hint(data: bytes) -> str:
    if data[:2] == b"\x15\x03":  # an alert, RFC 8446 section 5.1
        return ". This port speaks TLS: use https"
    if data[3:5] == b"\x04\x00" and data[5:9] == bytes(4):  # a SETTINGS frame, RFC 9113 section 6.5
        return ". This port speaks HTTP/2"
    return ""


def _without_value(line: bytes) -> bytes:
    """A header line, with the value hidden."""
    match = _FIELD_NAME.match(line)
    if match is None:
        return _HIDDEN
    name = match[1]
    if _MARKS_OF_VALUES.search(name):
        token = _TOKEN.match(name)
        name = b"" if token is None else token[0]
    return b"%b: %b" % (name, _HIDDEN)


def _named(peer: object) -> str:
    return "" if peer is None else f" ({peer})"
