"""Whether an `ssl.SSLContext` means the same to QUIC, whose TLS is not that of the standard library.

What such a context is set to can only be read in part. If anything is set that could not be honoured, there is no
HTTP/3 with it.
"""

import ssl
from _ssl import _SSLContext
from typing import Any

# Flags that make the standard library accept more than QUIC's TLS does, or as strict as that is anyway.
_HARMLESS_FLAGS = ssl.VERIFY_X509_TRUSTED_FIRST | getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0)
_HARMLESS_FLAGS |= ssl.VERIFY_X509_STRICT | getattr(ssl, "VERIFY_ALLOW_PROXY_CERTS", 0)

_TLS_1_3 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.MAXIMUM_SUPPORTED)

# The methods of a context that do or prepare handshakes. Programs replace them to check certificates themselves.
_METHODS = ("wrap_socket", "wrap_bio")


def reason_against(context: Any) -> str | None:
    """Return why `context` cannot be honoured over QUIC, or `None` if it can."""
    kind = type(context)
    # `ssl.SSLContext` itself may have been replaced, as `truststore` does.
    if kind.__module__ != "ssl" or kind.__bases__ != (_SSLContext,):
        return f"it is a {kind.__module__}.{kind.__qualname__}, not an ssl.SSLContext"
    for name in _METHODS:
        if name in vars(context) or getattr(getattr(kind, name), "__globals__", None) is not vars(ssl):
            return f"its method {name}() was replaced"
    if context.maximum_version not in _TLS_1_3 or context.options & ssl.OP_NO_TLSv1_3:
        return "it does not allow TLS 1.3"
    if context.verify_mode == ssl.CERT_NONE:
        return None
    if context.verify_flags & ~_HARMLESS_FLAGS or context.cert_store_stats()["crl"]:
        return "it looks at lists of revoked certificates"
    if not context.get_ca_certs(binary_form=True):
        return "it has no CA certificates that can be read"
    return None


def verifies(context: ssl.SSLContext) -> bool:
    """Whether a connection with `context` has been verified: only then does the server speak for its origin."""
    return context.verify_mode == ssl.CERT_REQUIRED and bool(context.check_hostname)
