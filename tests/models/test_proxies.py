"""What is said about proxies, and what they say."""

import copy
import pickle

import pytest
from httpcore_models import URL, Proxy, ProxyError, bracketed


def test_a_refusal_has_the_response() -> None:
    headers = [(b"Proxy-Authenticate", b"Basic")]
    error = ProxyError("407 No", status=407, headers=headers, body=b"who?")
    for each in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (str(each), repr(each), each.args) == ("407 No", "ProxyError('407 No')", ("407 No",))
        assert (each.status, each.headers, each.body) == (407, headers, b"who?")


def test_other_errors_have_none() -> None:
    error = ProxyError("no SOCKS")
    assert (error.status, error.headers, error.body) == (None, [], b"")
    assert ProxyError().headers is not ProxyError().headers


@pytest.mark.parametrize("rdns", [None, True, False])
def test_who_resolves_names_is_kept(rdns: bool | None) -> None:
    assert Proxy("socks5://proxy.local", rdns=rdns).rdns is rdns
    assert Proxy("socks5://proxy.local").rdns is None


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h"])
def test_socks_has_a_port(scheme: str) -> None:
    assert URL(f"{scheme}://proxy.local").origin.port == 1080


def test_brackets() -> None:
    assert [bracketed(host) for host in (b"::1", b"10.0.0.1", b"example.com")] == [
        b"[::1]",
        b"10.0.0.1",
        b"example.com",
    ]
