"""`URL` and `Origin` (RFC 3986, RFC 9110 section 4).

A `URL` keeps only what a connection needs: scheme, host, port and request target. It drops user information and the
fragment, and it neither normalises nor IDNA-encodes anything.
"""

import functools
import re
from collections.abc import Callable
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

    Raises `TypeError`, naming the argument `name`, for other types and for text outside ASCII.
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
    """Split `url` into the URL without user information (RFC 3986 section 3.2.1) and the latter, `None` if absent."""
    match = _USERINFO.match(url)
    return (url, None) if match is None else (url[: match.start(1)] + url[match.end() :], match[1])


def bracketed(host: bytes) -> bytes:
    """Return `host` as written in a URL or authority: IPv6 addresses in brackets (RFC 3986 section 3.2.2)."""
    return b"[%b]" % host if b":" in host else host


def without_zone(host: bytes) -> bytes:
    """Return `host` without an IPv6 zone, which has a meaning on this machine only (RFC 6874 section 1)."""
    return host.partition(b"%")[0] if b":" in host else host


class Origin:
    """Scheme, host and port (RFC 9110 section 4.3.1). Each connection leads to one origin.

    `scheme` and `host` are `bytes`, and `port` is an `int`. IPv6 addresses have no brackets.
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
        # A host that is not ASCII has no name, but what leads to it may be the path of a socket.
        return f"{self.scheme.decode('ascii')}://{bracketed(self.host).decode('ascii', 'backslashreplace')}:{self.port}"


def is_origin_of(origin: Origin, url: "URL") -> bool:
    """Whether `url.origin == origin`, without making that object."""
    return (
        url.host == origin.host
        and url.scheme == origin.scheme
        and (DEFAULT_PORTS.get(url.scheme) if url.port is None else url.port) == origin.port
    )


# Cached, because clients talk to few origins.
cached_origin: Callable[[bytes, bytes, int], Origin] = functools.lru_cache(maxsize=1024)(Origin)


# What stands before the path of a URL, if that is simple.
_PLAIN_AUTHORITY = re.compile(r"(?:http|ws)s?://[A-Za-z0-9.-]+(?::[0-9]+)?")

# Where the path of a plain URL is looked for, behind the slashes of any scheme. Of the plain URLs only those of `ws`
# with a host of one or two letters have their path before it, and are parsed like URLs that are not plain.
_MIN_AUTHORITY = len("https://")

# The scheme, host and port of plain authorities, since clients talk to few origins. Nothing else of a URL is kept here:
# the rest may contain secrets.
_authorities: dict[str, tuple[bytes, bytes, int | None]] = {}
_MAX_AUTHORITIES = 256


def _parse_authority(text: str) -> tuple[bytes, bytes, int | None] | None:
    """Parse what stands before the path of a URL. Returns `None` if that is not plain."""
    if _PLAIN_AUTHORITY.fullmatch(text) is None:
        return None
    if len(_authorities) >= _MAX_AUTHORITIES:
        _authorities.clear()
    parts = _authorities[text] = _parse(text)[:3]
    return parts


# What `urlsplit()` takes out of a URL, and what it takes off its beginning.
_IGNORED = b"\t\r\n"
_IGNORED_BEFORE = bytes(range(0x21))

# What stands before the path of any URL.
_BEFORE_PATH = re.compile(rb"[^/?#]*(?://[^/?#]*)?")


def _parse(url: bytes | str) -> tuple[bytes, bytes, int | None, bytes]:
    raw = enforce_bytes(url, name="url")
    split_userinfo(raw)[0].decode("ascii")  # raises what `urlsplit()` does
    raw, _ = split_userinfo(raw.translate(None, _IGNORED).lstrip(_IGNORED_BEFORE).partition(b"#")[0])
    end = _BEFORE_PATH.match(raw).end()  # type: ignore[union-attr]  # matches anything
    # The rest may contain secrets, and `urlsplit()` remembers what it is given, for the whole process.
    parts = urlsplit(raw[:end])
    path, mark, query = raw[end:].partition(b"?")
    # An empty path is sent as "/" (RFC 9112 section 3.2.1). An empty query is kept: "/a?" and "/a" are different
    # resources (RFC 3986 section 6.2.3).
    return parts.scheme, parts.hostname or b"", parts.port, (parts.path + path or b"/") + mark + query


class URL:
    """The URL of a request, split into the parts that are sent.

    `scheme`, `host` and `target` are `bytes`. `port` is an `int`, or `None` for the scheme's default. Instead of `url`
    its parts can be given. They are not parsed, so `target` may be something that no URL contains, such as `*`.

    Raises `TypeError` for text outside ASCII and `ValueError` for an invalid port.
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
            authority = None
            if type(url) is str and (end := url.find("/", _MIN_AUTHORITY)) > 0:
                path = url[end:]
                if path.isascii() and path.isprintable() and "#" not in path and " " not in path:
                    authority = _authorities.get(url[:end]) or _parse_authority(url[:end])
            if authority is not None:
                self.scheme, self.host, self.port = authority
                self.target = path.encode("ascii")
            else:
                self.scheme, self.host, self.port, self.target = _parse(url)
        else:
            self.scheme = scheme if type(scheme) is bytes else enforce_bytes(scheme, name="scheme")
            self.host = host if type(host) is bytes else enforce_bytes(host, name="host")
            self.port = port
            self.target = target if type(target) is bytes else enforce_bytes(target, name="target")

    @property
    def origin(self) -> Origin:
        """The origin of this URL, with the scheme's default port if the URL has none.

        Raises `KeyError` if there is no default port for the scheme.
        """
        return cached_origin(self.scheme, self.host, DEFAULT_PORTS[self.scheme] if self.port is None else self.port)

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


def url_without_secrets(url: URL) -> str:
    """Return a URL as text for people, without user information and query, which may be secret."""
    target = url.target.partition(b"?")[0]
    if target.startswith(b"/"):
        # A URL that was made of its parts may have anything there.
        host, port = bracketed(url.host.rpartition(b"@")[2]), "" if url.port is None else f":{url.port}"
        target = b"%b://%b%b%b" % (url.scheme, host, port.encode(), target)
    scheme, separator, rest = target.partition(b"://") if b"://" in target else (b"", b"", target)
    authority, slash, path = rest.partition(b"/")
    # CONNECT has an authority as its target, and requests to proxies have a whole URL (RFC 9112 section 3.2).
    return (scheme + separator + authority.rpartition(b"@")[2] + slash + path).decode(errors="replace")


def enforce_url(value: URL | bytes | str, *, name: str) -> URL:
    """Return `value` as a `URL`. Raises `TypeError`, naming the argument `name`, for other types."""
    if isinstance(value, URL):
        return value
    if isinstance(value, (bytes, str)):
        return URL(value)
    raise TypeError(f"{name} must be a URL, bytes, or str, but got {type(value).__name__}.")
