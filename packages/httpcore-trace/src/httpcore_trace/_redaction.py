"""What must not be recorded: the values of headers and the parts of URLs that give access to accounts or sessions."""

import re
from collections.abc import Iterable

_HIDDEN_HEADER = b"[secure]"
_HIDDEN_IN_URL = "REDACTED"

# Fields that name themselves: those that RFC 9110 section 17.16 warns against logging, and what APIs invented.
_SECRET_HEADER = re.compile(
    rb"auth(?!ority$)|cookie|token|secret|passw|api-?key|credential|signature|session", re.IGNORECASE
)
_SECRET_PARAMETER = re.compile(
    r"auth|token|secret|passw|pwd|(api|access)[_-]?key|credential|sig$|signature|session|^key$|^code$",
    re.IGNORECASE,
)
_URL_HEADERS = {b"location", b"content-location", b"referer"}

_USERINFO = re.compile(r"^((?:[a-z][a-z0-9+.-]*:)?//)[^/?#]*@", re.IGNORECASE)
_PARAMETER = re.compile(r"([^?&;=#]+)=([^&;#]*)")


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
    """Return the URL without its user and password, and without the values of query parameters that are secrets."""
    url = _USERINFO.sub(rf"\1{_HIDDEN_IN_URL}@", url)
    path, mark, query = url.partition("?")
    return path + mark + _PARAMETER.sub(_redacted_parameter, query)


def _redacted_parameter(match: re.Match[str]) -> str:
    name = match[1]
    return f"{name}={_HIDDEN_IN_URL}" if _SECRET_PARAMETER.search(name) else match[0]
