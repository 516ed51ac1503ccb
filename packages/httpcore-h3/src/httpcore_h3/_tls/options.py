"""What an `ssl.SSLContext` asks for, for a TLS that is not that of the `ssl` module (RFC 9001)."""

import contextlib
import functools
import ssl
from _ssl import _SSLContext
from typing import Any, NamedTuple

_WITH_TLS_1_3 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.MAXIMUM_SUPPORTED)

# Flags that make the standard library accept more than QUIC's TLS does, or as strict as that is anyway.
_HONOURED_FLAGS = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_STRICT
_HONOURED_FLAGS |= getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0) | getattr(ssl, "VERIFY_ALLOW_PROXY_CERTS", 0)


class KeyLog:
    """Appends the secrets of connections to a file, in the format that Wireshark reads.

    The file is open only while something is written, as no connection would close it in a child process.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def write(self, text: str) -> int:
        """Append `text`. A file that cannot be written does not disturb the connection."""
        with contextlib.suppress(OSError), open(self._path, "a", encoding="ascii") as file:
            file.write(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: all is written."""


class TLSOptions(NamedTuple):
    """What TLS over QUIC is to check, and whom it trusts."""

    server_name: str
    """The name that is sent to the server, and looked for in its certificate."""

    verify_mode: int
    """As `ssl.SSLContext.verify_mode`."""

    check_hostname: bool
    authorities: bytes
    """The certificates of the authorities that are trusted, as PEM."""

    key_log: Any = None
    """Where the secrets go, if they are to be logged: a `KeyLog`."""


def tls_obstacle(ssl_context: ssl.SSLContext) -> str | None:
    """Return why a connection over QUIC would not do what `ssl_context` asks for, or `None` if it does.

    QUIC has its own TLS. Of a context, it honours `verify_mode`, `check_hostname`, `keylog_filename` and the
    certificates of authorities. A subclass may do anything, as that of truststore does, so may a replaced method, and
    revocation lists would be ignored. Whether a context has a client certificate cannot be seen: none is offered.
    """
    kind = type(ssl_context)
    # `ssl.SSLContext` itself may have been replaced, as truststore can do it.
    if kind.__module__ != "ssl" or kind.__bases__ != (_SSLContext,):
        return f"the TLS context is a {kind.__module__}.{kind.__qualname__}"
    for name in ("wrap_socket", "wrap_bio"):
        if name in vars(ssl_context) or getattr(getattr(kind, name), "__globals__", None) is not vars(ssl):
            return f"the method {name}() of the TLS context was replaced"
    if ssl_context.maximum_version not in _WITH_TLS_1_3 or ssl_context.options & ssl.OP_NO_TLSv1_3:
        return "the TLS context rules out TLS 1.3"
    if ssl_context.verify_mode == ssl.CERT_NONE:
        return None
    if ssl_context.verify_flags & ~_HONOURED_FLAGS or ssl_context.cert_store_stats()["crl"]:
        return "the TLS context checks revocation lists"
    if not ssl_context.get_ca_certs(binary_form=True):
        return "the TLS context has no authorities that can be read"
    return None


def tls_options(ssl_context: ssl.SSLContext, server_name: str) -> TLSOptions:
    """Return what `ssl_context` asks for."""
    authorities = b""
    if ssl_context.verify_mode != ssl.CERT_NONE:
        authorities = _as_pem(tuple(ssl_context.get_ca_certs(binary_form=True)))
    path = getattr(ssl_context, "keylog_filename", None)
    return TLSOptions(
        server_name,
        ssl_context.verify_mode,
        ssl_context.check_hostname,
        authorities,
        KeyLog(str(path)) if path else None,
    )


# Nearly all connections of a program have the same context, whose authorities are many.
@functools.lru_cache(maxsize=2)
def _as_pem(certificates: tuple[bytes, ...]) -> bytes:
    return "".join(map(ssl.DER_cert_to_PEM_cert, certificates)).encode("ascii")
