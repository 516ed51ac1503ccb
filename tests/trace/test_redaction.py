"""Secrets are not recorded."""

import types

import pytest
from httpcore_trace import Recorder

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
