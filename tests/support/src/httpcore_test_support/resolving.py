"""Resolvers with given results, for async and sync tests."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import anyio
import pytest
import trio

__all__ = ["async_resolve_to", "resolve_to"]


def async_resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, Any] | OSError) -> None:
    """Resolve every name to addresses, each a family and what `connect()` takes, or fail with an error."""

    async def getaddrinfo(*arguments: Any, **options: Any) -> list[Any]:
        return _answered(answers)

    monkeypatch.setattr(anyio, "getaddrinfo", getaddrinfo)  # on asyncio
    monkeypatch.setattr(trio.socket, "getaddrinfo", getaddrinfo)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, Any] | OSError) -> None:
    """Resolve every name to addresses, each a family and what `connect()` takes, or fail with an error."""
    original: Callable[..., list[Any]] = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: int) -> list[Any]:
        try:
            return original(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
        except socket.gaierror:
            return _answered(answers)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def _answered(answers: tuple[tuple[int, Any] | OSError, ...]) -> list[Any]:
    addresses = []
    for answer in answers:
        if isinstance(answer, OSError):
            raise answer
        family, address = answer
        addresses.append((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address))
    return addresses
