"""`URL` and `Origin` (RFC 3986, RFC 9110 section 4).

Only what a connection needs is kept: scheme, host, port and request target, as bytes. User information and
fragments are dropped, and nothing is normalised or IDNA-encoded.
"""

import functools
import re
from typing import Any
from urllib.parse import urlsplit

DEFAULT_PORTS = {
    b"http": 80,
    b"https": 443,
    b"ws": 80,
    b"wss": 443,
    b"socks4": 1080,
    b"socks4a": 1080,
    b"socks5": 1080,
    b"socks5h": 1080,
}


def enforce_bytes(value: bytes | str, *, name: str) -> bytes:
    """Return `value` as bytes, encoding a `str` as ASCII.

    Raises `TypeError`, naming the argument `name`, for any other type and for text beyond ASCII.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        try:
            return value.encode("ascii")
        except UnicodeEncodeError:
            raise TypeError(f"{name} strings may not include unicode characters.") from None
    raise TypeError(f"{name} must be bytes or str, but got {type(value).__name__}.")


_USERINFO = re.compile(rb"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)@")


def split_userinfo(url: bytes) -> tuple[bytes, bytes | None]:
    """Return `url` without its user information (RFC 3986 section 3.2.1), and that, `None` where there is none."""
    match = _USERINFO.match(url)
    return (url, None) if match is None else (url[: match.start(1)] + url[match.end() :], match[1])


def bracketed(host: bytes) -> bytes:
    """The host as it stands in a URL or authority: an IPv6 literal in brackets (RFC 3986 section 3.2.2)."""
    return b"[%b]" % host if b":" in host else host


def tls_name(host: str) -> str:
    """The name that TLS sends and checks for `host`: without a final dot (RFC 6066 section 3) and an IPv6 zone."""
    host = host.partition("%")[0] if ":" in host else host
    return host[:-1] if host.endswith(".") else host


class Origin:
    """Scheme, host and port: what a connection belongs to (RFC 9110 section 4.3.1).

    `scheme` and `host` are `bytes`, `port` is an `int`. An IPv6 host stands without brackets.
    """

    def __init__(self, scheme: bytes, host: bytes, port: int) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port

    def __eq__(self, other: Any) -> bool:
        return (
            isinstance(other, Origin)
            and self.scheme == other.scheme
            and self.host == other.host
            and self.port == other.port
        )

    def __str__(self) -> str:
        return f"{self.scheme.decode('ascii')}://{bracketed(self.host).decode('ascii')}:{self.port}"


def is_origin_of(origin: Origin, url: "URL") -> bool:
    """Whether `origin` is that of `url`, told without making another."""
    return (
        url.host == origin.host
        and url.scheme == origin.scheme
        and (DEFAULT_PORTS.get(url.scheme) if url.port is None else url.port) == origin.port
    )


# Clients talk to few origins and fetch the same again and again.
_origin = functools.lru_cache(maxsize=1024)(Origin)


# A URL with a plain authority and nothing that would have to be removed from the request target.
_PLAIN_URL = re.compile(r"((?:http|ws)s?://[A-Za-z0-9.-]+(?::[0-9]+)?)(/[!\"$-~]*)")


@functools.lru_cache(maxsize=256)
def _parse_authority(prefix: str) -> tuple[bytes, bytes, int | None]:
    return _parse(prefix)[:3]


def _parse(url: bytes | str) -> tuple[bytes, bytes, int | None, bytes]:
    raw = enforce_bytes(url, name="url")
    parts = urlsplit(raw)
    target = parts.path or b"/"  # RFC 9112 section 3.2.1: an empty path is sent as "/"
    # An empty query is one: "/a?" and "/a" are different resources (RFC 3986 section 6.2.3).
    if b"?" in raw.partition(b"#")[0]:
        target = b"%b?%b" % (target, parts.query)
    return parts.scheme, parts.hostname or b"", parts.port, target


class URL:
    """The URL of a request, as the parts that reach the wire.

    `scheme`, `host` and `target` are `bytes`; `port` is an `int`, or `None` for the scheme's default. Parts given
    instead of `url` are taken as they are, so that a target can hold what a URL cannot, such as `*`.

    Raises `TypeError` for text beyond ASCII and `ValueError` for an impossible port.
    """

    scheme: bytes
    host: bytes
    port: int | None
    target: bytes

    def __init__(
        self,
        url: bytes | str = "",
        *,
        scheme: bytes | str = b"",
        host: bytes | str = b"",
        port: int | None = None,
        target: bytes | str = b"",
    ) -> None:
        if url:
            plain = _PLAIN_URL.fullmatch(url) if type(url) is str else None
            if plain is not None:
                # Only what comes before the path is remembered: the rest may hold secrets.
                self.scheme, self.host, self.port = _parse_authority(plain[1])
                self.target = plain[2].encode("ascii")
            else:
                self.scheme, self.host, self.port, self.target = _parse(_without_userinfo(url))
        else:
            self.scheme = scheme if type(scheme) is bytes else enforce_bytes(scheme, name="scheme")
            self.host = host if type(host) is bytes else enforce_bytes(host, name="host")
            self.port = port
            self.target = target if type(target) is bytes else enforce_bytes(target, name="target")

    @property
    def origin(self) -> Origin:
        """The origin of this URL, with the scheme's default port where none is given.

        Raises `KeyError` for a scheme that no connection can be made for.
        """
        return _origin(self.scheme, self.host, DEFAULT_PORTS[self.scheme] if self.port is None else self.port)

    def __eq__(self, other: Any) -> bool:
        return (
            isinstance(other, URL)
            and self.scheme == other.scheme
            and self.host == other.host
            and self.port == other.port
            and self.target == other.target
        )

    def __bytes__(self) -> bytes:
        host = bracketed(self.host)
        if self.port is None:
            return b"%b://%b%b" % (self.scheme, host, self.target)
        return b"%b://%b:%d%b" % (self.scheme, host, self.port, self.target)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(scheme={self.scheme!r}, "
            f"host={self.host!r}, port={self.port!r}, target={self.target!r})"
        )


def _without_userinfo(url: bytes | str) -> bytes:
    return split_userinfo(enforce_bytes(url, name="url"))[0]


def enforce_url(value: URL | bytes | str, *, name: str) -> URL:
    """Return `value` as a `URL`; raises `TypeError`, naming the argument `name`, for any other type."""
    if isinstance(value, URL):
        return value
    if isinstance(value, (bytes, str)):
        return URL(value)
    raise TypeError(f"{name} must be a URL, bytes, or str, but got {type(value).__name__}.")
