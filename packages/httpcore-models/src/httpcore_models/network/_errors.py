"""The text of network errors: phase, peer, and seconds or cause."""

import ssl
from typing import Any


def peer_name(host: str, port: int) -> str:
    """How a peer is named in errors."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def address_name(address: Any) -> str:
    """How the peer at a socket address is named in errors."""
    return peer_name(*address[:2]) if isinstance(address, tuple) else str(address)


def timed_out(phase: str, peer: str, seconds: float | None) -> str:
    """The text of a timeout."""
    if seconds is None:
        return f"{phase} timed out ({peer})"
    return f"{phase} timed out after {seconds:g} seconds ({peer})"


def failed(exc: BaseException, peer: str) -> str:
    """The text of an error of the operating system or of TLS."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {exc.verify_message} ({peer})"
    return f"{str(exc) or type(exc).__name__} ({peer})"
