"""Offering protocols in a TLS handshake (ALPN, RFC 7301), where several connections share one `ssl.SSLContext`.

The problem. `set_alpn_protocols()` is a method of the context, and each TLS object copies the offer when it is made.
But the context is the user's, and connections with different offers, to origins and to proxies, may use it at the same
time.

Our way. The offer is set, the TLS object made, and the former offer put back, in one step under one lock. That step is
deep inside `start_tls()` of a stream, whose signature, which is public, has no parameter for the offer. So a context
variable carries it there. A stream that does not take the offer from there finds it on the context, until its handshake
is over.
"""

import contextlib
import os
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_offer: "ContextVar[tuple[ssl.SSLContext, list[str]] | None]" = ContextVar("httpcore-tls-offer", default=None)

# One for all contexts: it is held only while a TLS object is made. Reentrant, as a signal handler may connect, too.
_lock = threading.RLock()


class _ChangedContext:
    """A context whose offer is changed, what it offered before, and the handshakes that need the change."""

    def __init__(self, ssl_context: ssl.SSLContext) -> None:
        self.ssl_context = ssl_context
        self.before = _offer_of(ssl_context)
        self.handshakes: set[object] = set()


# By the id of the context, which is kept alive meanwhile: a replacement for a context may have no hash.
_changed: dict[int, _ChangedContext] = {}


def takes_alpn_offer(start_tls: T) -> T:
    """Mark a `start_tls()` that makes its TLS object with `make_tls_object()` or `offer_on_context()`."""
    start_tls.takes_alpn_offer = True  # type: ignore[attr-defined]
    return start_tls


def make_tls_object(ssl_context: ssl.SSLContext, make: Callable[[], T]) -> T:
    """Return `make()`, which makes a TLS object of `ssl_context`, with the offer of `alpn_offer()` around this call."""
    offer = _offer.get()
    with _lock:
        if offer is None or offer[0] is not ssl_context:
            return make()
        before = _offer_of(ssl_context)
        if before == offer[1]:
            return make()
        try:
            ssl_context.set_alpn_protocols(offer[1])
            return make()
        finally:
            _restore(ssl_context, before)


@contextlib.contextmanager
def offer_on_context(ssl_context: ssl.SSLContext) -> Iterator[None]:
    """Set the offer of `alpn_offer()` on `ssl_context` in the block.

    For a context that does the whole handshake when it makes a TLS object: the lock must not be held for that.
    """
    offer = _offer.get()
    if offer is None or offer[0] is not ssl_context:
        yield
        return
    handshake = object()
    try:
        _change_for(ssl_context, offer[1], handshake)
        yield
    finally:
        _restore_after(ssl_context, handshake)


@contextlib.contextmanager
def alpn_offer(ssl_context: ssl.SSLContext, protocols: Sequence[str], start_tls: Any) -> Iterator[None]:
    """Have `start_tls`, a method of a stream, offer `protocols` in the block.

    A method that does not take the offer finds it on the context, which is restored when no handshake needs it.
    """
    offer = list(protocols)
    handshake = object()
    token = _offer.set((ssl_context, offer))
    try:
        if getattr(start_tls, "takes_alpn_offer", False):
            yield
            return
        try:
            _change_for(ssl_context, offer, handshake)
            yield
        finally:
            _restore_after(ssl_context, handshake)
    finally:
        _offer.reset(token)


def _change_for(ssl_context: ssl.SSLContext, offer: list[str], handshake: object) -> None:
    with _lock:
        changed = _changed.get(id(ssl_context))
        if changed is None:
            changed = _changed[id(ssl_context)] = _ChangedContext(ssl_context)
        changed.handshakes.add(handshake)
        ssl_context.set_alpn_protocols(offer)


def _restore_after(ssl_context: ssl.SSLContext, handshake: object) -> None:
    with _lock:
        changed = _changed.get(id(ssl_context))
        if changed is not None:
            changed.handshakes.discard(handshake)
            if not changed.handshakes:
                _restore(ssl_context, changed.before)
                del _changed[id(ssl_context)]


def _restore(ssl_context: ssl.SSLContext, protocols: list[str] | None) -> None:
    if protocols is not None:
        # OpenSSL 1.1 reports a failure if it is to offer no protocols, though it does so.
        with contextlib.suppress(MemoryError):
            ssl_context.set_alpn_protocols(protocols)


def _offer_of(ssl_context: ssl.SSLContext) -> list[str] | None:
    """Return what `ssl_context` offers, or `None` if that cannot be found out.

    No call returns it, but the first message of a client contains it.
    """
    outgoing = ssl.MemoryBIO()
    try:
        # Some contexts require a name.
        client = ssl_context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            client.do_handshake()
        return offered_protocols(outgoing.read())
    except Exception:
        # A context that cannot make a connection, or a replacement for one: there is nothing to restore.
        return None


def offered_protocols(hello: bytes) -> list[str]:
    """Return the protocols that a TLS record with a ClientHello offers (RFC 8446 section 4.1.2, RFC 7301 section 3.1).

    Raises `IndexError` or `ValueError` for anything else.
    """
    if hello[0] != 22 or hello[5] != 1:
        raise ValueError("no ClientHello")
    # Headers of record and message, version and random, then three lists with lengths of one, two and one bytes.
    position = 5 + 4 + 2 + 32
    position += 1 + hello[position]
    position += 2 + int.from_bytes(hello[position : position + 2], "big")
    position += 1 + hello[position]
    end = position + 2 + int.from_bytes(hello[position : position + 2], "big")
    position += 2
    while position < end:
        kind, size = (int.from_bytes(hello[position + skip : position + skip + 2], "big") for skip in (0, 2))
        position += 4
        if kind == 16:
            return _protocol_names(hello[position + 2 : position + size])
        position += size
    return []


def _protocol_names(data: bytes) -> list[str]:
    names = []
    while data:
        names.append(data[1 : 1 + data[0]].decode("ascii"))
        data = data[1 + data[0] :]
    return names


def _restore_in_child() -> None:
    # A thread of the parent may hold the lock or have changed a context. It does not exist here, so undo that.
    global _lock
    _lock = threading.RLock()
    for changed in list(_changed.values()):
        _restore(changed.ssl_context, changed.before)
    _changed.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restore_in_child)
