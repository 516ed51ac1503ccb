"""`ConnectionInfo`: what is known about a connection, as data that outlives it."""

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ._url import Origin

#: Host and port, or the path of a Unix domain socket. `None` if the stream does not know it, or has none.
Address: TypeAlias = tuple[str, int] | str | None

#: Returns the id of a new connection.
next_connection_id: Callable[[], int] = itertools.count(1).__next__


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """A connection, described when it was opened. It holds no reference to the connection, and stays valid after it.

    Responses have it as `response.extensions["connection"]`.
    """

    id: int
    """The number of the connection in this process. It is never used again."""

    origin: str
    """The origin that the requests are for, such as `https://example.com:443`."""

    local_address: Address
    """This end: host and port. A Unix domain socket has a path instead, or `None` if it has no name."""

    peer_address: Address
    """The other end of the socket: the server, or the first proxy. Host and port, or the path of a socket."""

    http_version: str
    """`"HTTP/1.1"`, `"HTTP/2"` or `"HTTP/3"`."""

    tls_version: str | None
    """The version of TLS with the origin, such as `"TLSv1.3"`; `None` without TLS to the origin."""

    cipher: str | None
    """The name of the cipher suite of that TLS session."""

    alpn: str | None
    """The protocol that the server chose in the TLS handshake, such as `"h2"`."""

    proxies: tuple[str, ...]
    """The proxies, nearest first, such as `http://proxy.example:8080`, without user names and passwords."""


def connection_info_of(
    stream: Any,
    origin: Origin,
    http_version: str,
    *,
    connection_id: int | None = None,
    proxies: tuple[str, ...] = (),
    has_tls: bool = True,
) -> ConnectionInfo:
    """Describe the connection on `stream`, which has just been opened.

    `has_tls` says that TLS, if the stream has it, is with the origin, and not with a proxy. What a stream of a user's
    own class does not know is `None`.
    """
    tls = _extra(stream, "ssl_object") if has_tls else None
    cipher = _told(tls, "cipher")
    return ConnectionInfo(
        next_connection_id() if connection_id is None else connection_id,
        _name(origin),
        _address(_extra(stream, "client_addr")),
        _address(_extra(stream, "server_addr")),
        http_version,
        _text(_told(tls, "version")),
        _text(cipher[0]) if isinstance(cipher, tuple) and cipher else None,
        _text(_told(tls, "selected_alpn_protocol")),
        proxies,
    )


def _name(origin: Origin) -> str:
    try:
        return str(origin)
    except Exception:  # a program has made it of str instead of bytes, say
        return repr(origin)


def _extra(stream: Any, name: str) -> Any:
    try:
        return stream.get_extra_info(name)
    except Exception:  # the peer may be gone already, and a user's stream may raise anything
        return None


def _told(tls: Any, method: str) -> Any:
    try:
        return None if tls is None else getattr(tls, method)()
    except Exception:
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _address(value: Any) -> Address:
    """Return an address as `socket.getsockname()` returns it, without the flow and the scope of IPv6."""
    if isinstance(value, (str, bytes)):
        return os.fsdecode(value) or None
    if isinstance(value, (tuple, list)) and len(value) >= 2 and isinstance(value[0], str) and isinstance(value[1], int):
        return (value[0], value[1])
    return None
