"""The header Alt-Svc (RFC 7838 section 3): where else, and over which protocol, an origin can be reached."""

import re
from collections.abc import Sequence
from typing import NamedTuple

# For how many seconds an alternative can be used if it does not say so, and at most.
_DEFAULT_AGE = 24 * 60 * 60
_LONGEST_AGE = 365 * 24 * 60 * 60

# A longer header is ignored.
_MOST_BYTES = 8192

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_OWS = re.compile(rb"[ \t]*")
_ALTERNATIVE = re.compile(rb"(" + _TOKEN + rb")=(" + _QUOTED + rb")")
_PARAMETER = re.compile(rb"[ \t]*;[ \t]*(" + _TOKEN + rb")=(" + _TOKEN + rb"|" + _QUOTED + rb")")
_AUTHORITY = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#\\ \t]*):([0-9]{1,5})")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


class Alternative(NamedTuple):
    """An alternative service."""

    #: The name of ALPN, percent-encoded as in the header: `b"h3"`.
    protocol: bytes
    #: Without the brackets of IPv6; empty for the host of the origin.
    host: bytes
    port: int
    #: For how many seconds it can be used.
    max_age: int
    #: Whether it can still be used from another network.
    persist: bool


def parse_alt_svc(values: Sequence[bytes]) -> list[Alternative] | None:
    """Return the alternatives in the fields of a header, an empty list for `clear`, or `None` if it is not well-formed.

    An empty list says that all former alternatives are void. Unknown parameters are ignored.
    """
    text = b",".join(values)
    if len(text) > _MOST_BYTES:
        return None
    if text.strip(b" \t") == b"clear":
        return []
    found: list[Alternative] = []
    position = 0
    while True:
        position = _skip(text, position)
        if position < len(text) and text[position : position + 1] != b",":  # a list may have empty elements
            parsed = _parse_one(text, position)
            if parsed is None:
                return None
            alternative, position = parsed
            found.append(alternative)
            position = _skip(text, position)
        if position == len(text):
            return found or None
        if text[position : position + 1] != b",":
            return None
        position += 1


def _parse_one(text: bytes, position: int) -> tuple[Alternative, int] | None:
    match = _ALTERNATIVE.match(text, position)
    authority = match and _AUTHORITY.fullmatch(_unquoted(match[2]))
    if match is None or authority is None:
        return None
    host, port = authority[1].strip(b"[]"), int(authority[2])
    if not 0 < port < 65536:
        return None
    parameters: dict[bytes, bytes] = {}
    position = match.end()
    while (parameter := _PARAMETER.match(text, position)) is not None:
        # Which of two values was meant is unknown.
        if parameters.setdefault(parameter[1].lower(), _unquoted(parameter[2])) != _unquoted(parameter[2]):
            return None
        position = parameter.end()
    age = parameters.get(b"ma", b"%d" % _DEFAULT_AGE)
    if not re.fullmatch(rb"[0-9]+", age):
        return None
    max_age = _LONGEST_AGE if len(age) > 10 else min(int(age), _LONGEST_AGE)
    return Alternative(match[1], host, port, max_age, parameters.get(b"persist") == b"1"), position


def _unquoted(text: bytes) -> bytes:
    return _ESCAPED.sub(rb"\1", text[1:-1]) if text.startswith(b'"') else text


def _skip(text: bytes, position: int) -> int:
    match = _OWS.match(text, position)
    assert match is not None
    return match.end()
