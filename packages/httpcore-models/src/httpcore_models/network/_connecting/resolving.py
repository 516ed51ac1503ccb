"""Resolving a name without connecting to it, for those who have the address connected to by somebody else."""

import socket
from collections.abc import Iterable
from typing import Any

from ..._exceptions import ConnectError, ConnectTimeout
from ...concurrency import anyio_or_trio
from .._error_texts import failure_text, timeout_text


async def async_resolve(host: str, timeout: float | None = None) -> list[str]:
    """Return the IP addresses of `host`, in the order of the system's resolver.

    Raises `ConnectTimeout` or `ConnectError`.
    """
    anyio = anyio_or_trio()
    try:
        with anyio.move_on_after(timeout):
            return _addresses(await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        raise TimeoutError
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Name resolution", host, timeout)) from exc
    except (OSError, UnicodeError) as exc:
        raise ConnectError(failure_text(exc, host)) from exc


def resolve(host: str, timeout: float | None = None) -> list[str]:
    """Return the IP addresses of `host`, in the order of the system's resolver.

    The resolver cannot be interrupted, so `timeout` has no effect. Raises `ConnectError`.
    """
    try:
        # By position: what a program has put in its place may name its parameters otherwise.
        return _addresses(socket.getaddrinfo(host, None, 0, socket.SOCK_STREAM))
    except (OSError, UnicodeError) as exc:
        raise ConnectError(failure_text(exc, host)) from exc


def _addresses(infos: Iterable[Any]) -> list[str]:
    return [str(info[4][0]) for info in infos]
