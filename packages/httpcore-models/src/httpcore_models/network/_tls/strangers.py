"""Whether what answers a TLS handshake speaks TLS at all, as far as that can be told for certain."""

import contextlib
import socket
from typing import Any

# The first record of a server is a handshake message or an alert (RFC 8446 section 5.1).
_HANDSHAKE, _ALERT, _MAJOR_VERSION = 0x16, 0x15, 0x03

# OpenSSL takes the head of a record, and then looks at it. If so many printable bytes follow, that was no record: what
# follows the head of a damaged record in a handshake is binary.
_TEXT = 8


def is_foreign(beginning: bytes) -> bool:
    """Whether the first bytes of a server are not the beginning of TLS. `beginning` may be too short to tell."""
    return beginning[:1] not in (b"", bytes([_HANDSHAKE]), bytes([_ALERT])) or beginning[1:2] not in (
        b"",
        bytes([_MAJOR_VERSION]),
    )


def is_followed_by_text(sock: Any) -> bool:
    """Whether text is left in a socket with which a handshake has failed. It takes nothing, and does not wait."""
    following = b""
    with contextlib.suppress(Exception):  # a replacement for a socket, or one that is closed
        sock.settimeout(0.0)
        # The method of a TLS socket refuses flags.
        following = socket.socket.recv(sock, _TEXT, socket.MSG_PEEK)
    text = following.decode("latin-1")
    return len(text) == _TEXT and text.isascii() and all(letter.isprintable() or letter in "\r\n\t" for letter in text)
