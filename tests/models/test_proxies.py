"""`Proxy` and `ProxyError`."""

import base64
import copy
import pickle

import pytest
from httpcore_models import URL, Proxy, ProxyError
from httpcore_models.lowlevel import bracketed


def test_refusal_has_the_response_of_the_proxy() -> None:
    headers = [(b"Proxy-Authenticate", b"Basic")]
    error = ProxyError("407 No", status=407, headers=headers, body=b"who?")
    for each in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (str(each), repr(each), each.args) == ("407 No", "ProxyError('407 No')", ("407 No",))
        assert (each.status, each.headers, each.body) == (407, headers, b"who?")


def test_other_errors_have_no_response() -> None:
    error = ProxyError("no SOCKS")
    assert (error.status, error.headers, error.body) == (None, [], b"")
    assert ProxyError().headers is not ProxyError().headers


@pytest.mark.parametrize("rdns", [None, True, False])
def test_rdns_is_kept(rdns: bool | None) -> None:
    assert Proxy("socks5://proxy.local", rdns=rdns).rdns is rdns
    assert Proxy("socks5://proxy.local").rdns is None


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h"])
def test_socks_schemes_have_a_default_port(scheme: str) -> None:
    assert URL(f"{scheme}://proxy.local").origin.port == 1080


def test_ipv6_addresses_get_brackets() -> None:
    assert [bracketed(host) for host in (b"::1", b"10.0.0.1", b"example.com")] == [
        b"[::1]",
        b"10.0.0.1",
        b"example.com",
    ]


@pytest.mark.fault("S15")
@pytest.mark.parametrize(
    ("url", "got"),
    [
        ("sock5://proxy.local:1080", "one with sock5://"),
        (b"ftp://proxy.local", "one with ftp://"),
        (URL("ws://proxy.local"), "one with ws://"),
        ("proxy.local:8080", "one without scheme or host"),
        ("someone:secret@proxy.local:8080", "one without scheme or host"),
        ("proxy.local", "one without scheme or host"),
        ("http://", "one without scheme or host"),
        ("", "one without scheme or host"),
    ],
)
def test_url_that_is_not_that_of_a_proxy_is_rejected(url: URL | bytes | str, got: str) -> None:
    with pytest.raises(ValueError, match=r"^url must be that of a proxy") as raised:
        Proxy(url)
    assert str(raised.value) == (
        "url must be that of a proxy, which begins with one of http://, https://, socks4://, socks4a://, socks5://, "
        f"socks5h://, but got {got}."
    )


@pytest.mark.fault("N11")
@pytest.mark.parametrize(
    ("userinfo", "auth"),
    [
        ("someone:secret", (b"someone", b"secret")),
        ("some%20one:sec%3aret%40%ff", (b"some one", b"sec:ret@\xff")),
        ("a:b:c", (b"a", b"b:c")),
        ("a@b:c", (b"a@b", b"c")),
        ("someone", (b"someone", b"")),
        (":secret", (b"", b"secret")),
        ("", None),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_credentials_in_the_url_are_used(scheme: str, userinfo: str, auth: tuple[bytes, bytes] | None) -> None:
    for url in (f"{scheme}://{userinfo}@proxy.local:8080/", f"{scheme}://{userinfo}@proxy.local:8080/".encode()):
        proxy = Proxy(url)
        assert proxy.auth == auth
        assert proxy.url == URL(scheme=scheme, host="proxy.local", port=8080, target="/")
        headers = [] if auth is None else [(b"Proxy-Authorization", b"Basic " + base64.b64encode(b":".join(auth)))]
        assert proxy.headers == headers


@pytest.mark.fault("N11")
def test_explicit_credentials_take_precedence_over_the_url() -> None:
    url = "http://someone:secret@proxy.local"
    assert Proxy(url, auth=("u", "p")).auth == (b"u", b"p")
    assert len(Proxy(url, auth=("u", "p")).headers) == 1
    proxy = Proxy(url, headers={"proxy-authorization": "Bearer token"})
    assert (proxy.auth, proxy.headers) == (None, [(b"proxy-authorization", b"Bearer token")])
