"""Secrets are not recorded."""

import time
import types

import pytest
from httpcore_trace import Recorder
from httpcore_trace._redaction import redacted_headers, redacted_url

HEADERS = [
    (b"Host", b"example.com"),
    (b"Authorization", b"Bearer hunter2"),
    (b"Cookie", b"id=hunter2"),
    (b"X-Api-Key", b"hunter2"),
    (b"X-Amz-Security-Token", b"hunter2"),
    (b"Referer", b"https://user:hunter2@example.com/?token=hunter2"),
    (b"Accept", b"*/*"),
]


class Request:
    """What a hook of httpx gets."""

    def __init__(self, url: str) -> None:
        self.method = "GET"
        self.url = url
        self.headers = types.SimpleNamespace(raw=HEADERS)
        self.extensions: dict[str, object] = {}


def test_headers_and_urls_are_without_secrets() -> None:
    query = "?access_token=hunter2&page=2&X-Amz-Signature=hunter2#fragment"
    recorder, request = Recorder(), Request("https://user:hunter2@example.com/path" + query)
    recorder.httpx_request_hook(request)
    observe = request.extensions["observe"]
    assert callable(observe)
    proxy = "http://user:hunter2@proxy.example.com:3128"
    observe("pool.assigned", {"connection_id": 1, "reused": False, "idle_for": None, "requests_before": 0})
    observe("proxy.hop.started", {"proxy": proxy, "index": 0})
    (record,) = recorder.requests
    assert "hunter2" not in repr((record, record.url, record.request_headers, record.events))
    assert record.url == (
        "https://REDACTED@example.com/path?access_token=REDACTED&page=2&X-Amz-Signature=REDACTED#fragment"
    )
    assert record.request_headers[0] == HEADERS[0]
    assert record.request_headers[1] == (b"Authorization", b"[secure]")
    assert record.request_headers[5] == (b"Referer", b"https://REDACTED@example.com/?token=REDACTED")
    assert record.request_headers[6] == HEADERS[6]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "https://example.com/a@b?q=author:x&page=1",
        "https://[::1]:8000/?at=@",
        "/path?x=//user@host",
        "",
    ],
)
def test_other_urls_stay_as_they_are(url: str) -> None:
    recorder, request = Recorder(), Request(url)
    recorder.httpx_request_hook(request)
    observe = request.extensions["observe"]
    assert callable(observe)
    observe("connection.connect_tcp.started", {})
    assert recorder.requests[0].url == url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/cb#access_token=hunter2&page=2", "https://example.com/cb#access_token=REDACTED&page=2"),
        ("/cb?page=2#id_token=hunter2/3=?", "/cb?page=2#id_token=REDACTED"),
        ("http://h/a;jsessionid=hunter2/b;x=1?y=2", "http://h/a;jsessionid=REDACTED/b;x=1?y=2"),
        ("http://h/?next=/a?token=hunter2&x=1", "http://h/?next=/a?token=REDACTED&x=1"),
        ("http://h/?%74oken=hunter2", "http://h/?%74oken=REDACTED"),
        ("http://h/?token=hunter2?/==", "http://h/?token=REDACTED"),
        ("http://h/?subscription-key=hunter2", "http://h/?subscription-key=REDACTED"),
    ],
)
def test_secrets_anywhere_in_a_url(url: str, shown: str) -> None:
    """Fragments come with redirects of OAuth; sessions are in paths, too."""
    assert redacted_url(url) == shown
    assert redacted_headers([(b"Location", url.encode())]) == [(b"Location", shown.encode())]


@pytest.mark.parametrize(
    "name", [b"X-Access-Key", b"Ocp-Apim-Subscription-Key", b"X-Functions-Key", b"X-Goog-Iap-Jwt-Assertion"]
)
def test_headers_that_apis_invented(name: bytes) -> None:
    assert redacted_headers([(name, b"hunter2")]) == [(name, b"[secure]")]


@pytest.mark.parametrize("character", ["a", "=", "?", "/", ";", "&", "%", "@", "#"])
@pytest.mark.parametrize("start", ["/?", "/", "#", "//"])
def test_a_long_location_takes_no_long_time(start: str, character: str) -> None:
    """A server chooses it."""
    value = (start + character * 60_000).encode()
    began = time.perf_counter()
    redacted_headers([(b"Location", value)])
    assert time.perf_counter() - began < 2
