"""`URL` and `Origin`: parsing, formatting and comparison."""

import unittest.mock
import urllib.parse
from collections.abc import Callable

import pytest
from httpcore_models import URL, Origin, Request, _url
from httpcore_models.lowlevel import enforce_bytes, is_origin_of
from httpcore_test_support.reachable import texts_reachable
from hypothesis import given
from hypothesis import strategies as st

PARSED = [
    ("http://example.org", (b"http", b"example.org", None, b"/")),
    ("http://example.org/", (b"http", b"example.org", None, b"/")),
    ("https://example.org:8443/a/b", (b"https", b"example.org", 8443, b"/a/b")),
    ("http://example.org?q=1", (b"http", b"example.org", None, b"/?q=1")),
    ("http://example.org/a?q=1&r=%20#fragment", (b"http", b"example.org", None, b"/a?q=1&r=%20")),
    ("http://user:password@example.org/", (b"http", b"example.org", None, b"/")),
    ("HTTP://EXAMPLE.org/Path", (b"http", b"example.org", None, b"/Path")),
    ("/path", (b"", b"", None, b"/path")),
    ("http:///path", (b"http", b"", None, b"/path")),
]


@pytest.mark.parametrize(("text", "parts"), PARSED, ids=[text for text, _ in PARSED])
@pytest.mark.parametrize("encode", [str, str.encode], ids=["str", "bytes"])
def test_urls_are_parsed(text: str, parts: tuple[object, ...], encode: type[str]) -> None:
    url = URL(encode(text))
    assert (url.scheme, url.host, url.port, url.target) == parts


@given(st.text("ahtp1:/?#[].%; \t\n\x01\xff", min_size=1, max_size=30).map(lambda text: text.encode("latin-1")))
def test_urls_are_parsed_as_by_the_standard_library(raw: bytes) -> None:
    def expected() -> tuple[object, ...]:
        # User information is dropped first: it may be anything.
        _url.split_userinfo(raw)[0].decode("ascii")
        plain = raw.translate(None, b"\t\r\n").lstrip(bytes(range(0x21)))
        parts = urllib.parse.urlsplit(_url.split_userinfo(plain)[0])
        query = b"?" + parts.query if b"?" in raw.partition(b"#")[0] else b""
        return parts.scheme, parts.hostname or b"", parts.port, (parts.path or b"/") + query

    def parsed() -> tuple[object, ...]:
        url = URL(raw)
        return url.scheme, url.host, url.port, url.target

    assert outcome(parsed) == outcome(expected)


def outcome(call: Callable[[], tuple[object, ...]]) -> object:
    try:
        return call()
    except ValueError:
        return ValueError


@pytest.mark.fault("S13")
@pytest.mark.parametrize("before", ["", " ", "\n"])
@pytest.mark.parametrize("rest", ["", "/", "/#s3cr3t", "/s3cr3t?s3cr3t#", "?s3cr3t"])
def test_nothing_that_may_be_secret_is_remembered(before: str, rest: str) -> None:
    url = f"{before}http://user:s3cr3t@not-yet-seen.example{rest}"
    assert (URL(url), URL(url.encode())) == (URL(f"http://not-yet-seen.example{rest}"),) * 2
    for module in (urllib.parse, _url):
        held = "".join(texts_reachable(value) for value in vars(module).values() if not callable(value))
        held += "".join(texts_reachable(value) for value in vars(module).values() if hasattr(value, "cache_info"))
        assert "s3cr3t" not in held


def test_parts_are_not_parsed() -> None:
    url = URL(scheme="https", host="Example.org", port=443, target="*")
    assert (url.scheme, url.host, url.port, url.target) == (b"https", b"Example.org", 443, b"*")
    assert url == URL(scheme=b"https", host=b"Example.org", port=443, target=b"*")


def test_parts_are_empty_by_default() -> None:
    url = URL()
    assert (url.scheme, url.host, url.port, url.target) == (b"", b"", None, b"")


@pytest.mark.parametrize("text", ["http://example.org:65536/", "http://example.org:port/"])
def test_invalid_ports_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"[Pp]ort"):
        URL(text)


@pytest.mark.parametrize("part", ["scheme", "host", "target"])
def test_parts_outside_ascii_are_rejected(part: str) -> None:
    with pytest.raises(TypeError, match=rf"^{part} strings may not include unicode characters\.$"):
        URL(**{part: "ü"})  # type: ignore[arg-type]


def test_urls_outside_ascii_are_rejected() -> None:
    with pytest.raises(TypeError, match=r"^url strings may not include unicode characters\.$"):
        URL("http://exämple.org/")


def test_other_types_are_rejected() -> None:
    with pytest.raises(TypeError, match=r"^url must be bytes or str, but got int\.$"):
        URL(1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scheme", "port"),
    [("http", 80), ("https", 443), ("ws", 80), ("wss", 443), ("socks5", 1080), ("socks5h", 1080)],
)
def test_origin_has_the_default_port_of_the_scheme(scheme: str, port: int) -> None:
    assert URL(f"{scheme}://example.org/path").origin == Origin(scheme.encode(), b"example.org", port)
    assert URL(f"{scheme}://example.org:8080/path").origin == Origin(scheme.encode(), b"example.org", 8080)


def test_unknown_schemes_have_no_origin() -> None:
    with pytest.raises(KeyError):
        _ = URL("ftp://example.org/").origin


@pytest.mark.parametrize(
    "other",
    [
        URL("https://example.org:80/path"),
        URL("http://example.com:80/path"),
        URL("http://example.org/path"),
        URL("http://example.org:80/"),
        "http://example.org:80/path",
    ],
    ids=["scheme", "host", "port", "target", "no URL"],
)
def test_urls_with_a_different_part_are_not_equal(other: object) -> None:
    assert URL("http://example.org:80/path") == URL(b"http://example.org:80/path")
    assert URL("http://example.org:80/path") != other


@pytest.mark.parametrize(
    "other",
    [Origin(b"https", b"a", 80), Origin(b"http", b"b", 80), Origin(b"http", b"a", 81), "http://a:80"],
    ids=["scheme", "host", "port", "no origin"],
)
def test_origins_with_a_different_part_are_not_equal(other: object) -> None:
    assert Origin(b"http", b"a", 80) == Origin(b"http", b"a", 80)
    assert Origin(b"http", b"a", 80) != other


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://a", True),
        ("http://a:80/path", True),
        ("http://A", True),
        ("https://a:80", False),
        ("http://b", False),
        ("http://a:81", False),
        ("ftp://a", False),
    ],
)
def test_is_origin_of_compares_an_origin_with_a_url(url: str, same: bool) -> None:
    assert is_origin_of(Origin(b"http", b"a", 80), URL(url)) is same


def test_urls_and_origins_are_formatted() -> None:
    url = URL("https://example.org:8443/a?b")
    assert bytes(url) == b"https://example.org:8443/a?b"
    assert bytes(URL("https://example.org/a?b")) == b"https://example.org/a?b"
    assert repr(url) == "URL(scheme=b'https', host=b'example.org', port=8443, target=b'/a?b')"
    assert str(url.origin) == "https://example.org:8443"


@pytest.mark.field(57)
@pytest.mark.parametrize("host", ["::1", "2001:db8::1", "fe80::1%en0"])
def test_ipv6_addresses_keep_their_brackets(host: str) -> None:
    url = URL(f"http://[{host}]:8080/path")
    assert url.host == host.encode()
    assert bytes(url) == f"http://[{host}]:8080/path".encode()
    assert bytes(URL(f"http://[{host}]/path")) == f"http://[{host}]/path".encode()
    assert str(url.origin) == f"http://[{host}]:8080"
    assert str(URL(f"https://[{host}]/").origin) == f"https://[{host}]:443"


def test_values_are_encoded() -> None:
    assert enforce_bytes(b"\xff", name="value") == b"\xff"
    assert enforce_bytes("text", name="value") == b"text"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ü", "value strings may not include unicode characters."),
        (None, "value must be bytes or str, but got NoneType."),
        (1, "value must be bytes or str, but got int."),
    ],
)
def test_values_that_are_not_text_are_rejected(value: str, text: str) -> None:
    with pytest.raises(TypeError) as caught:
        enforce_bytes(value, name="value")
    assert str(caught.value) == text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.fault("N2")
@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a;v=1", b"/a;v=1"),
        ("/a;v=1/b;w?x;y#z", b"/a;v=1/b;w?x;y"),
        ("/a?", b"/a?"),
        ("/a?#z", b"/a?"),
        ("?", b"/?"),
        ("?a", b"/?a"),
        ("/a#?b", b"/a"),
        ("", b"/"),
    ],
)
def test_target_has_the_whole_path_and_query(path: str, target: bytes) -> None:
    for url in (f"http://example.com{path}", f"http://example.com{path}".encode()):
        assert URL(url).target == target
    assert Request("GET", f"http://example.com{path}").url.target == target


@pytest.mark.fault("N11", "S13")
@pytest.mark.parametrize("url", ["https://some%20one:s3cret@example.com/a@b", "//:s3cret@example.com/", "http://@h/"])
def test_user_information_is_dropped_and_not_cached(url: str) -> None:
    parse = unittest.mock.Mock(wraps=_url.urlsplit)
    with unittest.mock.patch.object(_url, "urlsplit", parse):
        for made in (URL(url), URL(url.encode()), Request("GET", url).url):
            assert "s3cret" not in repr(made)
            assert made.host in (b"example.com", b"h")
    assert "s3cret" not in repr(parse.mock_calls)


@pytest.mark.fault("S13")
def test_user_information_may_be_no_ascii() -> None:
    """It is not sent, so it is no mistake, and no error names it."""
    assert URL(b"http://us\xe9r:s3cr3t@example.com/a") == URL("http://example.com/a")
    with pytest.raises(UnicodeDecodeError) as caught:
        URL(b"http://user:s3cr3t@example.com/\xe9")
    assert "s3cr3t" not in repr(caught.value)


def test_path_may_contain_an_at_sign() -> None:
    assert URL("http://example.com/@a").target == b"/@a"
    assert URL("http://example.com?b@c").target == b"/?b@c"


@pytest.mark.fault("S13")
@pytest.mark.parametrize(
    "url", ["http://example.com/s3cret", "https://example.com:8443/a?key=s3cret", "http://h?s3cret"]
)
def test_paths_and_queries_are_not_cached(url: str) -> None:
    remember = unittest.mock.Mock(wraps=_url._parse_authority)
    parse = unittest.mock.Mock(wraps=_url.urlsplit)
    with unittest.mock.patch.multiple(_url, _parse_authority=remember, urlsplit=parse):
        for made in (URL(url), URL(url.encode()), Request("GET", url).url):
            assert b"s3cret" in made.target
    assert "s3cret" not in repr([*remember.mock_calls, *parse.mock_calls])
    assert not hasattr(_url._parse, "cache_info")


@given(
    st.from_regex(
        r"(http|https|ws|wss|HTTP|ftp)://[a-zA-Z0-9.-]{1,8}(:[0-9]{0,5})?(/[ -~]*)?([?#][ -~]*)?", fullmatch=True
    )
)
def test_fast_path_parses_like_the_slow_one(url: str) -> None:
    try:
        expected = URL(url.encode())
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            URL(url)
    else:
        assert URL(url) == expected == Request("GET", url).url
