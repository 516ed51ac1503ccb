"""The error codes of HTTP/3 (RFC 9114 section 8.1, RFC 9204 section 6), and the exceptions that carry one."""

import enum

from httpcore_models import RemoteProtocolError
from httpcore_models.lowlevel import Retryable


class Code(enum.IntEnum):
    """What one side tells the other about the end of a stream or of the connection."""

    NO_ERROR = 0x100
    GENERAL_PROTOCOL_ERROR = 0x101
    INTERNAL_ERROR = 0x102
    STREAM_CREATION_ERROR = 0x103
    CLOSED_CRITICAL_STREAM = 0x104
    FRAME_UNEXPECTED = 0x105
    FRAME_ERROR = 0x106
    EXCESSIVE_LOAD = 0x107
    ID_ERROR = 0x108
    SETTINGS_ERROR = 0x109
    MISSING_SETTINGS = 0x10A
    REQUEST_REJECTED = 0x10B
    REQUEST_CANCELLED = 0x10C
    REQUEST_INCOMPLETE = 0x10D
    MESSAGE_ERROR = 0x10E
    CONNECT_ERROR = 0x10F
    VERSION_FALLBACK = 0x110
    QPACK_DECOMPRESSION_FAILED = 0x200
    QPACK_ENCODER_STREAM_ERROR = 0x201
    QPACK_DECODER_STREAM_ERROR = 0x202


_NAMES = {int(code): code.name for code in Code}


def code_text(code: int) -> str:
    """Return a code for the text of an error, with its name if it has one."""
    name = _NAMES.get(code)
    return f"0x{code:x}" if name is None else f"0x{code:x} {name}"


class ConnectionFault(RemoteProtocolError):
    """The server broke the protocol in a way that ends the connection, or QUIC cannot go on here.

    `retryable` says which requests may be sent again on another connection, if any.
    """

    def __init__(
        self, message: str, code: int = Code.GENERAL_PROTOCOL_ERROR, retryable: Retryable | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
