"""Checking the headers of callers, and adding those that HTTP/1.1 requires (RFC 9112 sections 3.2 and 6)."""

import functools
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, TypeAlias, TypeVar

from ._url import URL, bracketed, enforce_bytes, without_zone

_Key_co = TypeVar("_Key_co", covariant=True)
_Value_co = TypeVar("_Value_co", covariant=True)


class _CovariantMapping(Protocol[_Key_co, _Value_co]):
    # For type checkers: `Mapping` is invariant in its keys, so a `dict[str, str]` is no `Mapping[bytes | str, ...]`.
    def items(self) -> AbstractSet[tuple[_Key_co, _Value_co]]: ...


Headers: TypeAlias = list[tuple[bytes, bytes]]
HeaderTypes: TypeAlias = Sequence[tuple[bytes | str, bytes | str]] | _CovariantMapping[bytes | str, bytes | str] | None

# The default port of these schemes is left out of the Host header.
_HOST_DEFAULT_PORTS = {b"ftp": 21, b"http": 80, b"https": 443, b"ws": 80, b"wss": 443}

# The lengths of the names that include_request_headers() looks for. Most names can be skipped by their length.
_LENGTHS = {len(b"host"), len(b"content-length"), len(b"transfer-encoding")}


def enforce_headers(value: HeaderTypes, *, name: str) -> Headers:
    """Return `value`, a mapping or a sequence of pairs, as a new list of pairs of bytes.

    Raises `TypeError`, naming the argument `name`, for other types, and `ValueError` for items that are not pairs.
    """
    if value is None:
        return []
    items: Any
    if type(value) is list:  # the most common type, and checks against abstract classes are slow
        items = value
    elif isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, Sequence):
        items = value
    else:
        kind = type(value).__name__
        raise TypeError(f"{name} must be a mapping or sequence of two-tuples, but got {kind}.")
    try:
        return [
            (
                key if type(key) is bytes else enforce_bytes(key, name="header name"),
                val if type(val) is bytes else enforce_bytes(val, name="header value"),
            )
            for key, val in items
        ]
    except (TypeError, ValueError) as exc:
        for number, item in enumerate(items):
            if not _is_pair(item):
                raise type(exc)(
                    f"{name} must be a mapping or sequence of two-tuples, but item {number} is no pair: {exc}."
                ) from None
        raise


def _is_pair(item: Any) -> bool:
    try:
        _, _ = item
    except (TypeError, ValueError):
        return False
    return True


# Cached, because clients talk to few origins.
@functools.lru_cache(maxsize=1024)
def _host_field(scheme: bytes, host: bytes, port: int | None) -> tuple[bytes, bytes]:
    """Return the Host header, without a default port or an IPv6 zone (RFC 9110 section 7.2, RFC 6874)."""
    host = bracketed(without_zone(host))
    if port is None or port == _HOST_DEFAULT_PORTS.get(scheme):
        return b"Host", host
    try:
        return b"Host", b"%b:%d" % (host, port)
    except TypeError:
        raise TypeError(f"the port of a URL must be an int or None, but got {type(port).__name__}.") from None


def include_request_headers(headers: HeaderTypes, *, url: URL, content: Any) -> Headers:
    """Return `headers` as a new list. Host, and for `content` a framing header, are added if they are missing.

    Raises `TypeError` unless `headers` is a mapping or a sequence of pairs.
    """
    host = _host_field(url.scheme, url.host, url.port)
    names: list[bytes] = []
    if headers is None:
        complete = [host]
    else:
        complete = enforce_headers(headers, name="headers")
        names = [name.lower() for name, _ in complete if len(name) in _LENGTHS]
        if b"host" not in names:
            complete.insert(0, host)
    if content is not None and b"content-length" not in names and b"transfer-encoding" not in names:
        if isinstance(content, bytes):
            complete.append((b"Content-Length", b"%d" % len(content)))
        else:
            complete.append((b"Transfer-Encoding", b"chunked"))
    return complete
