"""What must not be recorded: the values of headers and the parts of URLs that give access to accounts or sessions."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

_HIDDEN_HEADER = b"[secure]"
_HIDDEN_IN_URL = "REDACTED"

# Fields that name themselves: those that RFC 9110 section 17.16 warns against logging, and what APIs invented.
_SECRET_HEADER = re.compile(
    rb"auth(?!ority$)|cookie|token|secret|passw|jwt|api[_-]?key|credential|signature|session"
    rb"|(access|subscription|functions|master|private|customer)[_-]?key",
    re.IGNORECASE,
)
_SECRET_PARAMETER = re.compile(
    r"auth|token|secret|passw|pwd|jwt|(api|access|subscription)[_-]?key|credential|sig$|signature|session|^key$|^code$",
    re.IGNORECASE,
)
_URL_HEADERS = {b"location", b"content-location", b"referer"}

_USERINFO = re.compile(r"^((?:[a-z][a-z0-9+.-]*:)?//)[^/?#]*@", re.IGNORECASE)
# What parameters end with, in a path and after it. No pattern may look for their ends itself: servers choose the text,
# and trying again at each character of a long one takes its length squared.
_END_IN_PATH = re.compile(r"([;/])")
_END = re.compile(r"([&;#])")


def redacted_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers with the values hidden that are secrets, and with redacted URLs."""
    return [(name, _redacted_value(name, value)) for name, value in headers]


def _redacted_value(name: bytes, value: bytes) -> bytes:
    if _SECRET_HEADER.search(name):
        return _HIDDEN_HEADER
    if name.lower() in _URL_HEADERS:
        return redacted_url(value.decode("latin-1")).encode("latin-1")
    return value


def redacted_url(url: str) -> str:
    """Return the URL without its user and password, and without the values of parameters that are secrets.

    Parameters are in the query, in the fragment (of redirects with OAuth) and in the path (`;jsessionid=...`).
    """
    url = _USERINFO.sub(rf"\1{_HIDDEN_IN_URL}@", url)
    begin = min((index for index in (url.find("?"), url.find("#")) if index >= 0), default=len(url))
    fields = [*_END_IN_PATH.split(url[:begin]), *_END.split(url[begin:])]
    return "".join(map(_redacted_field, fields))


def _redacted_field(field: str) -> str:
    """Hide the value of `name=value`. A value may be a URL with parameters itself."""
    *names, _ = field.split("=")
    end = 0
    for name in names:
        end += len(name) + 1
        if _SECRET_PARAMETER.search(unquote(name.rpartition("?")[2])):
            return field[:end] + _HIDDEN_IN_URL
    return field
