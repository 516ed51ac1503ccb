"""What TLS offers of protocols (ALPN, RFC 7301), where several share one `ssl.SSLContext`.

A context holds the offer of all connections that are made from it, and each of them copies it when its TLS object is
made. So the offer is set, the object made, and the context put back as it was, in one step under one lock. The step
is deep inside `start_tls()` of a stream, whose signature has no place for the offer: a context variable takes it there.
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

# One for all contexts: it is held for the time it takes to make a TLS object. A signal handler may connect, too.
_lock = threading.RLock()


class _Foreign:
    """What a context offered before streams of others were given it, and which handshakes have it now."""

    def __init__(self, ssl_context: ssl.SSLContext) -> None:
        self.ssl_context = ssl_context
        self.before = _read(ssl_context)
        self.handshakes: set[object] = set()


# By the id of the context, which is kept alive meanwhile: what stands in for a context may have no hash.
_foreign: dict[int, _Foreign] = {}


def takes_alpn_offer(start_tls: T) -> T:
    """Mark a `start_tls()` that makes its TLS object by `make_tls_object()`."""
    start_tls.takes_alpn_offer = True  # type: ignore[attr-defined]
    return start_tls


def make_tls_object(ssl_context: ssl.SSLContext, make: Callable[[], T]) -> T:
    """Return `make()`, which makes a TLS object of `ssl_context`, with the offer that the caller is to make."""
    offer = _offer.get()
    with _lock:
        if offer is None or offer[0] is not ssl_context:
            return make()
        before = _read(ssl_context)
        if before == offer[1]:
            return make()
        try:
            ssl_context.set_alpn_protocols(offer[1])
            return make()
        finally:
            _restore(ssl_context, before)


@contextlib.contextmanager
def offer_on_context(ssl_context: ssl.SSLContext) -> Iterator[None]:
    """Have `ssl_context` itself make the offer in the block: for a context that makes its TLS object in its own way.

    That may include the whole handshake, for which `make_tls_object()` must not hold its lock.
    """
    offer = _offer.get()
    if offer is None or offer[0] is not ssl_context:
        yield
        return
    handshake = object()
    try:
        _lend(ssl_context, offer[1], handshake)
        yield
    finally:
        _take_back(ssl_context, handshake)


@contextlib.contextmanager
def alpn_offer(ssl_context: ssl.SSLContext, protocols: Sequence[str], start_tls: Any) -> Iterator[None]:
    """Have `start_tls`, a method of a stream, offer `protocols` in the block.

    A stream that is not made for that finds them set on the context, which is put back once no handshake needs it.
    """
    offer = list(protocols)
    handshake = object()
    token = _offer.set((ssl_context, offer))
    try:
        if getattr(start_tls, "takes_alpn_offer", False):
            yield
            return
        try:
            _lend(ssl_context, offer, handshake)
            yield
        finally:
            _take_back(ssl_context, handshake)
    finally:
        _offer.reset(token)


def _lend(ssl_context: ssl.SSLContext, offer: list[str], handshake: object) -> None:
    with _lock:
        foreign = _foreign.get(id(ssl_context))
        if foreign is None:
            foreign = _foreign[id(ssl_context)] = _Foreign(ssl_context)
        foreign.handshakes.add(handshake)
        ssl_context.set_alpn_protocols(offer)


def _take_back(ssl_context: ssl.SSLContext, handshake: object) -> None:
    with _lock:
        foreign = _foreign.get(id(ssl_context))
        if foreign is not None:
            foreign.handshakes.discard(handshake)
            if not foreign.handshakes:
                _restore(ssl_context, foreign.before)
                del _foreign[id(ssl_context)]


def _restore(ssl_context: ssl.SSLContext, protocols: list[str] | None) -> None:
    if protocols is not None:
        # Where OpenSSL 1.1 is asked to offer none, it does so and says that it failed.
        with contextlib.suppress(MemoryError):
            ssl_context.set_alpn_protocols(protocols)


def _read(ssl_context: ssl.SSLContext) -> list[str] | None:
    """Return what `ssl_context` offers, `None` where that cannot be told.

    There is no call for that, but a client says it in its first message.
    """
    outgoing = ssl.MemoryBIO()
    try:
        # The name is for contexts that want one.
        client = ssl_context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            client.do_handshake()
        return offered_protocols(outgoing.read())
    except Exception:
        # A context that can make no connection, or one that stands in for another: all it needs is to be used.
        return None


def offered_protocols(hello: bytes) -> list[str]:
    """Return the protocols that a TLS record with a ClientHello offers (RFC 8446 section 4.1.2, RFC 7301 section 3.1).

    Raises `IndexError` or `ValueError` for anything else.
    """
    if hello[0] != 22 or hello[5] != 1:
        raise ValueError("no ClientHello")
    # The record and message headers, version and random are followed by three lists of one, two and one bytes' length.
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
            return _names(hello[position + 2 : position + size])
        position += size
    return []


def _names(data: bytes) -> list[str]:
    names = []
    while data:
        names.append(data[1 : 1 + data[0]].decode("ascii"))
        data = data[1 + data[0] :]
    return names


def _in_child() -> None:
    # A thread that does not exist here may hold the lock, and will not take back what it lent.
    global _lock
    _lock = threading.RLock()
    for foreign in list(_foreign.values()):
        _restore(foreign.ssl_context, foreign.before)
    _foreign.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
