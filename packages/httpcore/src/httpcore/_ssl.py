"""The default TLS contexts, the protocols that TLS offers, and the server name that a request asks for."""

import functools
import os
import ssl

from httpcore_models import Request
from httpcore_models.concurrency import ForkLock
from httpcore_models.lowlevel import ArgumentTypeError

from ._pool.slots import Key

TLS_SCHEMES = (b"https", b"wss")


def default_ssl_context(*, _trust_env: bool = False) -> ssl.SSLContext:
    """Return a new client context that verifies servers against certifi's CA bundle.

    A context takes tens of milliseconds and about a megabyte of memory. Pools without an `ssl_context` share one.

    `_trust_env` is for httpx2, which uses this package under another name: the environment variables `SSL_CERT_FILE`
    and `SSL_CERT_DIR`, if one is set, replace the bundle. Raises `OSError` for a missing file.
    """
    if _trust_env:
        file, folder = (os.environ.get(name) or None for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
        if file or folder:
            return ssl.create_default_context(cafile=file, capath=folder)
    # Imported here, since connections without TLS or with another context do not need it.
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


# Threads that need a context at the same time share one, instead of making one each.
_making = ForkLock()


def shared_ssl_context(alpn_protocols: tuple[str, ...]) -> ssl.SSLContext:
    """Return the context for connections without one of their own. There is one for each tuple of `alpn_protocols`."""
    with _making.lock:
        return _context_offering(alpn_protocols)


@functools.cache
def _context_offering(alpn_protocols: tuple[str, ...]) -> ssl.SSLContext:
    context = default_ssl_context()
    context.set_alpn_protocols(list(alpn_protocols))
    # `socket.getaddrinfo()` imports this. A fork that has waited for the context must not come in the middle of that.
    import encodings.idna  # noqa: F401

    return context


def alpn_protocols(http1: bool, http2: bool) -> tuple[str, ...]:
    """Return the protocols to offer in the TLS handshake (RFC 7301), the preferred one first."""
    if not http2:
        return ("http/1.1",)
    return ("h2", "http/1.1") if http1 else ("h2",)


def requested_server_name(request: Request) -> str | None:
    """Return the server name that TLS sends and checks for `request` instead of the URL's host, if there is one.

    As in 1.0.9, the extension `sni_hostname` may be bytes.
    """
    name: str | bytes | None = request.extensions.get("sni_hostname")
    if name and not isinstance(name, (str, bytes)):
        raise ArgumentTypeError(f"the extension 'sni_hostname' must be str or bytes, but got {type(name).__name__}.")
    return (name.decode("ascii") if isinstance(name, bytes) else name) or None


def key_with_name(key: Key, request: Request) -> Key:
    """Add the name that TLS verifies, if it is not the host's: such connections are not for other requests."""
    name = requested_server_name(request) if key[0] in TLS_SCHEMES else None
    if name is None or name == key[1].decode("ascii"):
        return key
    return (key[0], key[1], key[2], name)
