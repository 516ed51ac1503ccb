"""Which headers are accepted, and which are added to a request."""

import subprocess
import sys
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from httpcore_models import URL
from httpcore_models._headers import enforce_headers, include_request_headers

PAIRS = [(b"Accept", b"*/*"), (b"X", b"1")]


@pytest.mark.parametrize(
    "value",
    [
        PAIRS,
        tuple(PAIRS),
        dict(PAIRS),
        MappingProxyType({"Accept": b"*/*", b"X": "1"}),
        [["Accept", "*/*"], (b"X", "1")],
    ],
    ids=["list", "tuple", "dict", "mapping", "str"],
)
def test_mappings_and_sequences_of_pairs_are_accepted(value: Any) -> None:
    headers = enforce_headers(value, name="headers")
    assert headers == PAIRS
    assert all(type(pair) is tuple for pair in headers)


def test_none_becomes_an_empty_list() -> None:
    assert enforce_headers(None, name="headers") == []


def test_list_of_the_caller_is_copied() -> None:
    given = list(PAIRS)
    enforce_headers(given, name="headers").append((b"Y", b"2"))
    assert given == PAIRS


def test_order_and_duplicates_are_kept() -> None:
    given = [(b"B", b"1"), (b"a", b"2"), (b"B", b"3")]
    assert enforce_headers(given, name="headers") == given


def generate() -> Iterator[tuple[bytes, bytes]]:
    yield from PAIRS


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "headers must be a mapping or sequence of two-tuples, but got int."),
        (generate(), "headers must be a mapping or sequence of two-tuples, but got generator."),
        ({"ü": "1"}, "header name strings may not include unicode characters."),
        ({"X": "ü"}, "header value strings may not include unicode characters."),
        ({1: "1"}, "header name must be bytes or str, but got int."),
        ([(b"X", 1)], "header value must be bytes or str, but got int."),
    ],
)
def test_other_types_are_rejected(value: Any, text: str) -> None:
    with pytest.raises(TypeError) as caught:
        enforce_headers(value, name="headers")
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://example.org/", b"example.org"),
        ("http://example.org:80/", b"example.org"),
        ("https://example.org:443/", b"example.org"),
        ("ws://example.org:80/", b"example.org"),
        ("wss://example.org:443/", b"example.org"),
        ("ftp://example.org:21/", b"example.org"),
        ("http://example.org:443/", b"example.org:443"),
        ("https://example.org:80/", b"example.org:80"),
        ("other://example.org:1/", b"example.org:1"),
        ("http://example.org:8080/", b"example.org:8080"),
    ],
)
def test_host_includes_the_port_unless_it_is_the_default(url: str, host: bytes) -> None:
    assert include_request_headers([], url=URL(url), content=None) == [(b"Host", host)]


@pytest.mark.field(57)
def test_host_has_brackets_around_ipv6_addresses() -> None:
    for url, host in (("http://[::1]:8080/", b"[::1]:8080"), ("https://[2001:db8::1]/", b"[2001:db8::1]")):
        assert include_request_headers([], url=URL(url), content=None) == [(b"Host", host)]


@pytest.mark.field(58)
def test_host_omits_the_zone_of_ipv6_addresses() -> None:
    for url, host in (("http://[fe80::1%en0]/", b"[fe80::1]"), ("http://[fe80::1%25en0]:8080/", b"[fe80::1]:8080")):
        assert include_request_headers([], url=URL(url), content=None) == [(b"Host", host)]
    # In other hosts a percent sign is part of the name.
    assert include_request_headers([], url=URL("http://a%20b/"), content=None) == [(b"Host", b"a%20b")]


@pytest.mark.parametrize("name", [b"Host", b"host", b"HOST"])
def test_given_host_is_kept(name: bytes) -> None:
    given = [(b"A", b"1"), (name, b"other.example")]
    assert include_request_headers(given, url=URL("http://example.org/"), content=None) == given


def test_host_comes_first_and_framing_last() -> None:
    headers = include_request_headers([(b"A", b"1")], url=URL("http://example.org/"), content=b"body")
    assert headers == [(b"Host", b"example.org"), (b"A", b"1"), (b"Content-Length", b"4")]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", (b"Content-Length", b"0")),
        (b"body", (b"Content-Length", b"4")),
        ([b"body"], (b"Transfer-Encoding", b"chunked")),
        (generate(), (b"Transfer-Encoding", b"chunked")),
    ],
    ids=["empty", "bytes", "list", "generator"],
)
def test_framing_header_is_added_for_a_body(content: Any, field: tuple[bytes, bytes]) -> None:
    headers = include_request_headers([(b"Host", b"a")], url=URL("http://a/"), content=content)
    assert headers == [(b"Host", b"a"), field]


@pytest.mark.parametrize("field", [(b"content-LENGTH", b"4"), (b"transfer-ENCODING", b"chunked")])
@pytest.mark.parametrize("content", [b"body", [b"body"]], ids=["bytes", "list"])
def test_given_framing_header_is_kept(content: Any, field: tuple[bytes, bytes]) -> None:
    given = [(b"Host", b"a"), field]
    assert include_request_headers(given, url=URL("http://a/"), content=content) == given


def test_each_request_gets_its_own_list() -> None:
    url, other = URL("http://a/"), URL("http://b:81/")
    host, other_host = (b"Host", b"a"), (b"Host", b"b:81")
    given = [(b"X", b"1")]
    for _ in range(2):
        assert include_request_headers(given, url=url, content=None) == [host, (b"X", b"1")]
        assert include_request_headers(given, url=other, content=None) == [other_host, (b"X", b"1")]
        length = (b"Content-Length", b"4")
        assert include_request_headers(given, url=url, content=b"body") == [host, (b"X", b"1"), length]
        # Changing the returned list, or the list that was passed, affects no other request.
        include_request_headers(given, url=url, content=None).append((b"Y", b"2"))
    given.append((b"host", b"c"))
    complete = [include_request_headers(given, url=url, content=None) for _ in range(3)]
    complete[0].clear()
    assert complete[1:] == [[(b"X", b"1"), (b"host", b"c")]] * 2
    given.append((b"content-length", b"4"))
    for _ in range(2):
        assert include_request_headers(given, url=url, content=b"body")[1:] == [*given[1:]]
    given.clear()
    assert include_request_headers(given, url=url, content=None) == [host]
    assert include_request_headers(None, url=url, content=None) == [host]


@pytest.mark.fault("S13")
@pytest.mark.skipif(not hasattr(sys, "getrefcount"), reason="references are not counted here")
def test_headers_are_not_kept_after_the_request() -> None:
    value = b"Bearer " + bytes(range(97, 107))
    count = sys.getrefcount(value)
    include_request_headers([(b"Authorization", value)], url=URL("http://a/"), content=None)
    assert sys.getrefcount(value) == count


@pytest.mark.fault("N9")
def test_bytes_and_text_are_never_compared() -> None:
    program = (
        "from httpcore_models import URL; from httpcore_models._headers import include_request_headers\n"
        "for headers in ([(b'X', b'1')], [('X', '1')], {'X': b'1'}):\n"
        "    include_request_headers(headers, url=URL('http://a/'), content=b'x')\n"
    )
    subprocess.run([sys.executable, "-bb", "-W", "error", "-c", program], check=True)
