"""The default TLS configuration, and the server name that a request asks for."""

import functools
import os
import ssl
import threading

from httpcore_models import Request


def default_ssl_context(*, _trust_env: bool = False) -> ssl.SSLContext:
    """Return a new client context that verifies servers against certifi's CA bundle.

    Making one takes tens of milliseconds and about a megabyte; pools without an `ssl_context` share one.

    `_trust_env` is for httpx2, which runs on this package under another name: it has the environment variables
    `SSL_CERT_FILE` and `SSL_CERT_DIR`, where one is set, replace the bundle. Raises `OSError` for a file that is
    missing.
    """
    if _trust_env:
        file, folder = (os.environ.get(name) or None for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
        if file or folder:
            return ssl.create_default_context(cafile=file, capath=folder)
    # Not before it is needed: clear connections, and contexts of one's own, have no use for it.
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


# Threads that need a context at the same time wait for one, instead of making one each.
_making = threading.Lock()
# In seconds, how long a fork waits for them.
_FORK_TIMEOUT = 1.0


def shared_ssl_context(alpn_protocols: tuple[str, ...]) -> ssl.SSLContext:
    """Return the context that all connections without one of their own share, one for each offer of protocols."""
    with _making:
        return _context_offering(alpn_protocols)


@functools.cache
def _context_offering(alpn_protocols: tuple[str, ...]) -> ssl.SSLContext:
    context = default_ssl_context()
    context.set_alpn_protocols(list(alpn_protocols))
    return context


def requested_server_name(request: Request) -> str | None:
    """The name that TLS is to send and check for `request` instead of that of the URL's host, if there is one.

    Given as bytes it is taken as the text that it stands for, as 1.0.9 does.
    """
    name: str | bytes | None = request.extensions.get("sni_hostname")
    return (name.decode("ascii") if isinstance(name, bytes) else name) or None


_fork = threading.local()


def _before_fork() -> None:
    # What another thread has locked while it makes a context, such as modules that it imports, would stay locked in
    # the child. A thread that takes longer than that is not waited for.
    _fork.waited = _making.acquire(timeout=_FORK_TIMEOUT)


def _in_parent() -> None:
    if _fork.waited:
        _making.release()


def _in_child() -> None:
    # A thread that does not exist here may hold it.
    global _making
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
