"""The text of network errors: phase, peer, and seconds or cause."""

import contextlib
from typing import Any


def peer_name(host: str, port: int) -> str:
    """How a peer is named in errors."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def address_name(address: Any) -> str:
    """How the peer at a socket address is named in errors."""
    return peer_name(*address[:2]) if isinstance(address, tuple) else str(address)


def peer_of(stream: Any, default: str | None) -> str:
    """How the peer of a stream is named in errors; `default` if the stream does not know its address."""
    name: str | None = getattr(stream, "_peer", None)
    if name is None:
        with contextlib.suppress(OSError):  # closed already
            address = stream.get_extra_info("server_addr")
            name = address_name(address) if address else None
    return name or default or "unknown peer"


def timeout_text(phase: str, peer: str, seconds: float | None) -> str:
    """The text of a timeout."""
    if seconds is None:
        return f"{phase} timed out ({peer})"
    return f"{phase} timed out after {seconds:g} seconds ({peer})"


def failure_text(exc: BaseException, peer: str) -> str:
    """The text of an error of the operating system or of TLS."""
    return f"{str(exc) or type(exc).__name__} ({peer})"


def inner_failure_text(exc: BaseException, peer: str) -> str:
    """The text of an error of the stream below, which names the peer, too, if it is ours."""
    return str(exc) if peer in str(exc) else failure_text(exc, peer)
