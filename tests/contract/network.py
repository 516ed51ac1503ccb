"""A network that follows a script, for what the library's mock cannot do: fail, and record what was written.

A scripted backend answers each dial with the next `Peer` of the script, or raises the exception in its place.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import httpcore

T = TypeVar("T")


@dataclass(frozen=True)
class Peer:
    """What happens on one connection: what each read gives, which write fails, how the TLS handshake ends.

    `http2` is whether the peer chooses HTTP/2 in it.

    A write fails for the bytes in it and not for its number: how many writes a request takes is up to the library.
    """

    reads: tuple[bytes | Exception, ...] = ()
    refuses: tuple[bytes, Exception] | None = None
    tls: Exception | None = None
    http2: bool = False

    def selected_alpn_protocol(self) -> str:
        """The part of an SSL object that the library uses."""
        return "h2" if self.http2 else "http/1.1"


Script = tuple[Peer | Exception, ...]


def outcome(value: T | Exception) -> T:
    """Give the value, or raise a fresh copy: an exception that was raised before carries old tracebacks."""
    if isinstance(value, Exception):
        raise type(value)(*value.args)
    return value


class ScriptedStream(httpcore.NetworkStream):
    def __init__(self, peer: Peer, written: list[bytes], tls: bool = False) -> None:
        self._peer = peer
        self._reads = list(peer.reads)
        self._written = written
        self._tls = tls

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return outcome(self._reads.pop(0)) if self._reads else b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._peer.refuses is not None and self._peer.refuses[0] in buffer:
            outcome(self._peer.refuses[1])
        self._written.append(buffer)

    def close(self) -> None:
        """Do nothing."""

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> ScriptedStream:
        outcome(self._peer.tls)
        return ScriptedStream(replace(self._peer, reads=tuple(self._reads)), self._written, tls=True)

    def get_extra_info(self, info: str) -> Any:
        return self._peer if info == "ssl_object" and self._tls and self._peer.http2 else None

    def __repr__(self) -> str:
        return "<Recording tls>" if self._tls else "<Recording>"


class AsyncScriptedStream(httpcore.AsyncNetworkStream):
    def __init__(self, peer: Peer, written: list[bytes], tls: bool = False) -> None:
        self._peer = peer
        self._written = written
        self._stream = ScriptedStream(peer, written, tls)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        self._stream.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncScriptedStream:
        outcome(self._peer.tls)
        rest = replace(self._peer, reads=tuple(self._stream._reads))
        return AsyncScriptedStream(rest, self._written, tls=True)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def __repr__(self) -> str:
        return repr(self._stream)


class ScriptedBackend(httpcore.NetworkBackend):
    def __init__(self, script: Script, written: list[bytes]) -> None:
        self._script = list(script)
        self._written = written

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> ScriptedStream:
        return ScriptedStream(outcome(self._script.pop(0)), self._written)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> ScriptedStream:
        return ScriptedStream(outcome(self._script.pop(0)), self._written)

    def sleep(self, seconds: float) -> None:
        """Retries do not wait here."""


class AsyncScriptedBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, script: Script, written: list[bytes]) -> None:
        self._script = list(script)
        self._written = written

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncScriptedStream:
        return AsyncScriptedStream(outcome(self._script.pop(0)), self._written)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncScriptedStream:
        return AsyncScriptedStream(outcome(self._script.pop(0)), self._written)

    async def sleep(self, seconds: float) -> None:
        """Retries do not wait here."""
