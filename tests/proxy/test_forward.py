"""The requests that an HTTP proxy receives, as pure functions."""

from typing import Any

import pytest
from httpcore_models import URL, Origin, Request
from httpcore_proxy import forwarded_request
from httpcore_proxy._requests import absolute_form, connect_request, merge_headers

PROXY = Origin(b"http", b"proxy.local", 8080)
CREDENTIALS = (b"Proxy-Authorization", b"Basic dTpw")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://example.com", b"http://example.com/"),
        ("http://example.com/path?query", b"http://example.com/path?query"),
        ("http://example.com:8080/", b"http://example.com:8080/"),
        ("http://example.com:80/", b"http://example.com:80/"),
        pytest.param("http://[::1]:1234/", b"http://[::1]:1234/", marks=pytest.mark.field(57)),
        pytest.param("http://[fe80::1%25eth0]/", b"http://[fe80::1]/", marks=pytest.mark.field(57)),
        (URL(scheme="http", host="example.com", target="*"), b"http://example.com"),
        (URL(scheme="http", host="example.com", port=81, target="*"), b"http://example.com:81"),
        (URL(scheme="http", host="example.com", target="http://other.org/"), b"http://other.org/"),
        (URL(scheme="http", host="example.com", target="other.org:443"), b"other.org:443"),
    ],
)
def test_absolute_form(url: URL | str, target: bytes) -> None:
    assert absolute_form(url if isinstance(url, URL) else URL(url)) == target


def test_a_forwarded_request() -> None:
    request = Request("POST", "http://example.com/path", headers={"Host": "example.com"}, content=b"body")
    forwarded = forwarded_request(request, PROXY, [CREDENTIALS])
    assert forwarded.method == b"POST"
    assert forwarded.url.origin == PROXY
    assert forwarded.url.target == b"http://example.com/path"
    assert forwarded.headers == [CREDENTIALS, (b"Host", b"example.com")]
    assert forwarded.stream is request.stream


def test_extensions_for_the_origin_are_removed() -> None:
    extensions = {"target": b"/target", "sni_hostname": "other.org", "timeout": {"read": 1.0}, "own": 1}
    request = Request("GET", "http://example.com/", extensions=extensions)
    forwarded = forwarded_request(request, PROXY, [])
    assert forwarded.url.target == b"http://example.com/target"
    assert forwarded.extensions == {"timeout": {"read": 1.0}, "own": 1}
    assert request.extensions is extensions


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin(b"https", b"example.com", 443), b"example.com:443"),
        (Origin(b"ws", b"example.com", 80), b"example.com:80"),
        pytest.param(Origin(b"https", b"::1", 8443), b"[::1]:8443", marks=pytest.mark.field(57)),
        pytest.param(Origin(b"https", b"fe80::1%25eth0", 443), b"[fe80::1]:443", marks=pytest.mark.field(57)),
    ],
)
def test_the_authority_of_a_connect_request(origin: Origin, authority: bytes) -> None:
    request = connect_request(origin, {}, PROXY, [])
    assert (request.method, request.url.target, request.url.origin) == (b"CONNECT", authority, PROXY)
    assert request.headers == [(b"Host", authority), (b"Accept", b"*/*")]


def test_proxy_headers_of_a_connect_request() -> None:
    origin = Origin(b"https", b"example.com", 443)
    request = connect_request(origin, {}, PROXY, [CREDENTIALS, (b"accept", b"text/plain")])
    assert request.headers == [(b"Host", b"example.com:443"), CREDENTIALS, (b"accept", b"text/plain")]


@pytest.mark.field(60, 61)
def test_a_connect_request_keeps_only_timeouts_and_trace() -> None:
    def trace(*_: object) -> None: ...

    extensions = {"timeout": {"read": 1.0}, "trace": trace, "target": b"/target", "sni_hostname": "other.org"}
    request = connect_request(Origin(b"https", b"example.com", 443), extensions, PROXY, [])
    assert request.extensions == {"timeout": {"read": 1.0}, "trace": trace}
    assert request.url.target == b"example.com:443"


def test_request_headers_replace_proxy_headers() -> None:
    defaults = [(b"A", b"1"), (b"B", b"2"), (b"a", b"3")]
    assert merge_headers(defaults, [(b"b", b"4"), (b"B", b"5")]) == [
        (b"A", b"1"),
        (b"a", b"3"),
        (b"b", b"4"),
        (b"B", b"5"),
    ]


@pytest.mark.fault("S20")
@pytest.mark.parametrize("connect", [False, True])
def test_traces_hide_credentials(connect: bool) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []
    extensions = {"trace": lambda name, info: seen.append((name, info)) or "outcome", "timeout": {"read": 1.0}}
    if connect:
        origin = Origin(b"https", b"example.com", 443)
        request = connect_request(origin, extensions, PROXY, [CREDENTIALS])
    else:
        own = {"Host": "example.com", "Authorization": "mine", "proxy-authorization": "theirs"}
        request = forwarded_request(
            Request("GET", "http://example.com/", headers=own, extensions=extensions), PROXY, []
        )
    secrets = [value for name, value in request.headers if name.lower() == b"proxy-authorization"]
    assert secrets in ([b"Basic dTpw"], [b"theirs"])
    trace = request.extensions["trace"]
    assert trace("a", {"request": request, "more": 1}) == "outcome"
    trace("b", {"request": request})
    trace("c", {"return_value": None})
    trace("d", {"request": None})
    (_, first), (_, second), *others = seen
    assert others == [("c", {"return_value": None}), ("d", {"request": None})]
    assert first == {"request": second["request"], "more": 1}
    shown = first["request"]
    assert (shown.method, shown.url) == (request.method, request.url)
    hidden = [(name, b"[secure]" if value in secrets else value) for name, value in request.headers]
    assert shown.headers == hidden != request.headers
    # The user's request is unchanged.
    assert extensions["trace"] is not trace


@pytest.mark.fault("S20")
def test_without_credentials_the_trace_callback_is_unchanged() -> None:
    extensions = {"trace": lambda name, info: None}
    request = Request("GET", "http://example.com/", extensions=extensions)
    forwarded = forwarded_request(request, PROXY, [(b"X-Proxy", b"1")])
    assert forwarded.extensions["trace"] is extensions["trace"]
