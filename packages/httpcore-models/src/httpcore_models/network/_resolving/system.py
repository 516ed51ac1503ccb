"""Resolving names: the addresses of a host."""

import _socket
import contextlib
import functools
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any, NamedTuple

from ...concurrency import anyio_or_trio, current_async_library, importing


class Address(NamedTuple):
    """A resolved address: the socket family, and the argument of `socket.connect()`."""

    family: int
    sockaddr: Any


def look_up(host: str, port: int | None) -> list[Address]:
    """Ask the resolver of the system, or the function that a program has put in its place to pin, cache or guard names.

    Arguments are positional, as in `socket.create_connection()`: replacements may name their parameters otherwise.
    """
    _load_codec()
    return _addresses(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))


async def async_look_up(host: str, port: int) -> list[Address]:
    """Ask the resolver of the async library; IP literals need none on asyncio."""
    # Trio passes literals to `socket.getaddrinfo()`, where a guard may look at them.
    _load_codec()
    literal = numeric_addresses(host, port) if current_async_library() == "asyncio" else []
    return literal or _addresses(await anyio_or_trio().getaddrinfo(host, port, type=socket.SOCK_STREAM))


@functools.cache
def _load_codec() -> None:
    """Import what `socket.getaddrinfo()` imports when it is called first, so that no fork comes in the middle of it."""
    with importing.lock, contextlib.suppress(ImportError):  # an interpreter that ends imports nothing any more
        import encodings.idna  # noqa: F401


def address_text(address: Address) -> str:
    """Return a resolved address as text. Only a socket address holds the zone of IPv6, as a number."""
    host: str = address.sockaddr[0]
    scope = address.sockaddr[3] if len(address.sockaddr) > 3 else 0
    return f"{host}%{scope}" if scope and "%" not in host else host


def literal_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that `host` is, or `None` if it is a name.

    Other spellings, such as `127.1` and `0x7f.1`, are names here: what they mean is the resolver's decision.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def numeric_addresses(host: str, port: int) -> list[Address]:
    """Return the address of an IP literal without asking a resolver, or an empty list for a name."""
    if literal_address(host) is None:
        return []
    # Not by `socket.getaddrinfo()`, which a program may have replaced: asyncio does not call it for literals either.
    return _addresses(_socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST))


def _addresses(infos: Iterable[Any]) -> list[Address]:
    return [Address(family, sockaddr) for family, _, _, _, sockaddr in infos]
