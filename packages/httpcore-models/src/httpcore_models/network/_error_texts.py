"""The texts of network errors.

A timeout says what timed out, after how many seconds and with which peer: "Connect timed out after 5 seconds
(example.org:443)". Any other error says what the operating system or TLS reports, and the peer. All streams, backends
and the TLS handshake take their texts from here.
"""

import contextlib
import ssl
from typing import Any

from ..deadline import limit_text


def timeout_text(operation: str, peer: str, seconds: float | None) -> str:
    """Return the text of a timeout. `operation` begins it, such as `"Connect"` or `"The read operation"`.

    `seconds` is `None` if the operating system gave up by itself. What was left of a `total` limit is named as such.
    """
    if seconds is None:
        return f"{operation} timed out ({peer})"
    return f"{operation} timed out {limit_text(seconds)} ({peer})"


def failure_text(exc: BaseException, peer: str) -> str:
    """Return the text for an error of the operating system or of TLS."""
    return f"{str(exc) or type(exc).__name__} ({peer})"


# What OpenSSL says, depending on its version, of a peer that answers a ClientHello with something else than TLS. Of
# damaged records it says the same.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")


def handshake_failure_text(exc: BaseException, peer: str, foreign: bool = False) -> str:
    """Return the text for an error in a TLS handshake. `foreign` says that the peer does not speak TLS."""
    hint = ""
    if isinstance(exc, ssl.SSLEOFError):
        hint = ": the server disconnected during the TLS handshake"
    elif isinstance(exc, ssl.SSLError) and exc.reason in _NOT_TLS and foreign:
        hint = ": this port does not speak TLS"
    return f"{str(exc) or type(exc).__name__}{hint} ({peer})"


def inner_failure_text(exc: BaseException, peer: str) -> str:
    """Return the text for an error of the stream below, which names the peer already if the stream is ours."""
    return str(exc) if peer in str(exc) else failure_text(exc, peer)


def closed_text(peer: str) -> str:
    """Return the text for the use of a stream that was closed here."""
    return f"The stream is closed ({peer})"


def other_loop_text(peer: str) -> str:
    """Return the text for the use of a stream in another event loop than its own."""
    return f"The stream belongs to another event loop ({peer})"


def already_reading_text(peer: str) -> str:
    """Return the text for a second read at the same time."""
    return f"Another read of this stream is in progress ({peer})"


def already_writing_text(peer: str) -> str:
    """Return the text for a second write at the same time."""
    return f"Another write to this stream is in progress ({peer})"


def peer_name(host: str, port: int) -> str:
    """Return the name of a peer in errors."""
    if not host:
        return f"no host, port {port}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def address_name(address: Any) -> str:
    """Return the name of the peer at a socket address in errors."""
    return peer_name(*address[:2]) if isinstance(address, tuple) else str(address)


def peer_of(stream: Any, default: str | None) -> str:
    """Return the name of a stream's peer in errors, or `default` if the stream does not know its address."""
    name: str | None = getattr(stream, "_peer", None)
    if name is None:
        with contextlib.suppress(OSError):  # closed already
            address = stream.get_extra_info("server_addr")
            name = address_name(address) if address else None
    return name or default or "unknown peer"
