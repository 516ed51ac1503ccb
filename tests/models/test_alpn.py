"""The protocols that a handshake offers, and the context that is left unchanged."""

import ssl
import threading
from typing import Any

import pytest
from httpcore_models.network._tls.alpn import alpn_offer, make_tls_object, offered_protocols, takes_alpn_offer
from httpcore_models.network._tls.records import TLSRecords

pytestmark = pytest.mark.fault("S10")


def offered_by(context: ssl.SSLContext) -> list[str]:
    """Return what a client of `context` offers."""
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return offered_protocols(outgoing.read())


def offer_of(tls: ssl.SSLObject, outgoing: ssl.MemoryBIO) -> list[str]:
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return offered_protocols(outgoing.read())


@takes_alpn_offer
def ours(context: ssl.SSLContext) -> list[str]:
    outgoing = ssl.MemoryBIO()
    tls = make_tls_object(context, lambda: context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost"))
    return offer_of(tls, outgoing)


def theirs(context: ssl.SSLContext) -> list[str]:
    return offered_by(context)


@pytest.fixture(params=[None, ssl.TLSVersion.TLSv1_2], ids=["TLS 1.3", "TLS 1.2"])
def context(request: pytest.FixtureRequest) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if request.param is not None:
        context.maximum_version = request.param
    return context


@pytest.mark.parametrize("names", [[], ["imap"], ["h2", "http/1.1"], ["x" * 255] * 20], ids=len)
def test_offer_of_a_context_is_parsed(context: ssl.SSLContext, names: list[str]) -> None:
    context.set_alpn_protocols(names)
    assert offered_by(context) == names


@pytest.mark.parametrize("data", [b"", b"\x16\x03\x01", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(100)])
def test_other_bytes_than_a_client_hello_are_rejected(data: bytes) -> None:
    with pytest.raises((IndexError, ValueError)):
        offered_protocols(data)


@pytest.mark.parametrize("before", [[], ["imap"], ["h2"]])
@pytest.mark.parametrize("start_tls", [ours, theirs])
def test_offer_is_made_and_the_context_restored(context: ssl.SSLContext, before: list[str], start_tls: Any) -> None:
    context.set_alpn_protocols(before)
    with alpn_offer(context, ["h2"], start_tls):
        assert start_tls(context) == ["h2"]
        if start_tls is ours:
            # Not even during the handshake.
            assert offered_by(context) == before
    assert offered_by(context) == before
    assert ours(context) == before


@pytest.mark.parametrize("start_tls", [ours, theirs])
def test_context_is_restored_after_a_failure(context: ssl.SSLContext, start_tls: Any) -> None:
    context.set_alpn_protocols(["imap"])
    with pytest.raises(LookupError), alpn_offer(context, ["h2"], start_tls):
        make_tls_object(context, lambda: {}["nothing"])
    assert offered_by(context) == ["imap"]


def test_offer_applies_to_one_context_only(context: ssl.SSLContext) -> None:
    other = ssl.create_default_context()
    other.set_alpn_protocols(["imap"])
    with alpn_offer(context, ["h2"], ours):
        assert ours(other) == ["imap"]


def test_last_of_several_handshakes_restores_the_context(context: ssl.SSLContext) -> None:
    context.set_alpn_protocols(["imap"])
    with alpn_offer(context, ["h2"], theirs):
        with alpn_offer(context, ["http/1.1"], theirs):
            assert theirs(context) == ["http/1.1"]
        assert offered_by(context) == ["http/1.1"]
        with alpn_offer(context, ["h2"], ours):
            assert ours(context) == ["h2"]
    assert offered_by(context) == ["imap"]


class StandIn:
    """A replacement for a context with only what TLS needs: no hash, no weak references."""

    __slots__ = ("set_alpn_protocols", "wrap_bio")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, context: ssl.SSLContext) -> None:
        self.wrap_bio = context.wrap_bio
        self.set_alpn_protocols = context.set_alpn_protocols


@pytest.mark.parametrize("start_tls", [ours, theirs])
def test_replacement_for_a_context_gets_the_offer(context: ssl.SSLContext, start_tls: Any) -> None:
    context.set_alpn_protocols(["imap"])
    stand_in: Any = StandIn(context)
    with alpn_offer(stand_in, ["h2"], start_tls):
        assert start_tls(stand_in) == ["h2"]
        tls = TLSRecords(stand_in, "localhost")
        assert offer_of(tls.ssl_object, tls.outgoing) == ["h2"]
    assert offered_by(context) == ["imap"]


def test_context_without_check_hostname_is_treated_as_checking(context: ssl.SSLContext) -> None:
    stand_in: Any = StandIn(context)
    with pytest.raises(ValueError, match=r"^check_hostname requires server_hostname$"):
        TLSRecords(stand_in, None)


def test_offer_is_set_on_a_context_that_cannot_be_read() -> None:
    class Context(ssl.SSLContext):
        def wrap_bio(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    offers: list[list[str]] = []
    context.set_alpn_protocols = offers.append  # type: ignore[assignment]
    with alpn_offer(context, ["h2"], theirs):
        assert offers == [["h2"]]
    with alpn_offer(context, ["http/1.1"], ours):
        assert make_tls_object(context, lambda: offers[-1]) == ["http/1.1"]


def test_threads(context: ssl.SSLContext) -> None:
    context.set_alpn_protocols(["imap"])
    wrong: list[Any] = []
    ready = threading.Barrier(3)

    def run(offer: list[str]) -> None:
        ready.wait(10.0)
        for _ in range(50):
            with alpn_offer(context, offer, ours):
                found = ours(context)
            if found != offer:
                wrong.append(found)

    threads = [threading.Thread(target=run, args=(offer,)) for offer in (["h2"], ["http/1.1"], ["h2", "http/1.1"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert not wrong
    assert offered_by(context) == ["imap"]
