"""HTTP archives: by the schema of HAR 1.2, with times that add up, and without secrets."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import httpcore
import pytest
from httpcore_test_support.har import check_har
from httpcore_trace import Recorder, RequestRecord, har, write_har

START = datetime.datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=datetime.timezone.utc)
Events = list[tuple[float, str, dict[str, Any]]]

NEW_CONNECTION: Events = [
    (0.010, "connection_pool.wait_for_connection.started", {}),
    (0.030, "connection_pool.wait_for_connection.complete", {}),
    (0.030, "connection.connect_tcp.started", {}),
    (0.031, "connect.resolve.started", {}),
    (0.051, "connect.resolve.complete", {}),
    (0.081, "connection.connect_tcp.complete", {}),
    (0.081, "connection.start_tls.started", {}),
    (0.121, "connection.start_tls.complete", {}),
]
EXCHANGE: Events = [
    (0.121, "http11.send_request_headers.started", {}),
    (0.122, "http11.send_request_headers.complete", {}),
    (0.122, "request.sent", {"header_bytes": 50, "body_bytes": 7}),
    (0.122, "http11.receive_response_headers.started", {}),
    (0.222, "http11.receive_response_headers.complete", {}),
    (0.222, "http11.receive_response_body.started", {}),
    (0.252, "http11.receive_response_body.complete", {}),
    (0.252, "response.received", {"header_bytes": 90, "body_bytes": 1000, "complete": True}),
    (0.252, "http11.response_closed.started", {}),
    (0.252, "http11.response_closed.complete", {}),
]


class Connection:
    """As `ConnectionInfo`."""

    id = 17
    peer_address: tuple[str, int] | str | None = ("192.0.2.7", 443)
    proxies: tuple[str, ...] = ()


def recorded(events: Events = (), **fields: Any) -> RequestRecord:  # type: ignore[assignment]
    """A record of a request that began at 0 and ended with its last event."""
    defaults: dict[str, Any] = {
        "method": "GET",
        "url": "https://www.example.com/",
        "started_at": START,
        "ended": events[-1][0] if events else 0.0,
    }
    return RequestRecord(events=list(events), **{**defaults, **fields})


def entry_of(record: RequestRecord) -> Any:
    """The only entry of the archive of a record, as JSON has it, checked."""
    (entry,) = check_har(json.loads(json.dumps(har([record]))))
    return entry


def test_a_request_on_a_new_connection() -> None:
    record = recorded(
        NEW_CONNECTION + EXCHANGE,
        http_version="HTTP/1.1",
        status=200,
        reason=b"Fine",
        method="POST",
        url="https://www.example.com/path?a=1&b=x+y%21&c",
        request_headers=[(b"Host", b"www.example.com")],
        response_headers=[(b"Content-Type", b"text/html; charset=utf-8"), (b"Server", b"caf\xe9")],
        connection=Connection(),
        reused=False,
    )
    entry = entry_of(record)
    assert entry == {
        "startedDateTime": "2026-01-02T03:04:05.678901Z",
        "time": 252,
        "request": {
            "method": "POST",
            "url": "https://www.example.com/path?a=1&b=x+y%21&c",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": "Host", "value": "www.example.com"}],
            "queryString": [{"name": "a", "value": "1"}, {"name": "b", "value": "x y!"}, {"name": "c", "value": ""}],
            "headersSize": 50,
            "bodySize": 7,
        },
        "response": {
            "status": 200,
            "statusText": "Fine",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [
                {"name": "Content-Type", "value": "text/html; charset=utf-8"},
                {"name": "Server", "value": "caf\xe9"},
            ],
            "content": {"size": 1000, "mimeType": "text/html; charset=utf-8"},
            "redirectURL": "",
            "headersSize": 90,
            "bodySize": 1000,
            "_transferSize": 1090,
        },
        "cache": {},
        "timings": {
            "blocked": 30,  # 20 of them are a wait in the pool, and before that, 10 are unexplained
            "dns": 20,
            "connect": 71,  # 31 of TCP, and TLS
            "ssl": 40,
            "send": 1,
            "wait": 100,
            "receive": 30,
            "_unexplained": 10,
        },
        "connection": "17",
        "_connectionId": "17",
        "_resourceType": "fetch",
        "serverIPAddress": "192.0.2.7",
        "_reused": False,
    }


def test_what_does_not_apply_to_a_reused_connection() -> None:
    exchange = [(time - 0.121, event, info) for time, event, info in EXCHANGE]
    timings = entry_of(recorded(exchange, status=200, reused=True))["timings"]
    assert {timings[name] for name in ("blocked", "dns", "connect", "ssl")} == {-1}
    assert (timings["send"], timings["wait"], timings["receive"]) == (1, 100, 30)


def test_a_request_that_did_not_get_a_connection() -> None:
    error = httpcore.ConnectError("refused\nby the server")
    recorder = Recorder()
    observe = recorder.observer()
    observe("connection.connect_tcp.started", {"host": "127.0.0.1", "port": 1})
    observe("connection.connect_tcp.failed", {"exception": error})
    observe("request.failed", {"exception": error})
    (record,) = recorder.requests
    record.method, record.url = "GET", "http://127.0.0.1:1/"
    entry = entry_of(record)
    assert entry["response"]["status"] == 0
    assert entry["response"]["_error"] == "ConnectError: refused by the server"
    assert entry["request"]["headersSize"] == entry["response"]["bodySize"] == -1
    assert entry["timings"]["send"] == entry["timings"]["wait"] == entry["timings"]["receive"] == 0
    assert entry["timings"]["connect"] >= 0
    assert "connection" not in entry
    assert "serverIPAddress" not in entry


def test_a_cancelled_request() -> None:
    entry = entry_of(recorded(EXCHANGE[:4], cancelled=True))
    assert entry["response"]["_error"] == "cancelled"


def test_requests_in_progress_are_left_out() -> None:
    assert check_har(har([recorded(ended=None)])) == []


def test_entries_are_in_the_order_in_which_requests_began() -> None:
    later = START + datetime.timedelta(seconds=1)
    archive = har([recorded(started_at=later, method="PUT"), recorded()])
    assert [entry["request"]["method"] for entry in check_har(archive)] == ["GET", "PUT"]


def test_a_unix_socket_has_no_address() -> None:
    connection = Connection()
    connection.peer_address = "/run/app.sock"
    assert "serverIPAddress" not in entry_of(recorded(connection=connection))


def test_the_proxies_of_a_connection() -> None:
    connection = Connection()
    connection.proxies = ("http://proxy.example.com:3128",)
    assert entry_of(recorded(connection=connection))["_proxies"] == ["http://proxy.example.com:3128"]


@pytest.mark.parametrize(("status", "text"), [(404, "Not Found"), (799, ""), (None, "")])
def test_reasons_of_http2(status: int | None, text: str) -> None:
    assert entry_of(recorded(status=status))["response"]["statusText"] == text


def test_a_redirect() -> None:
    response = entry_of(recorded(status=302, response_headers=[(b"location", b"/there")]))["response"]
    assert response["redirectURL"] == "/there"


def test_a_url_without_its_fragment() -> None:
    assert entry_of(recorded(url="http://localhost/a?b=c#d"))["request"]["url"] == "http://localhost/a?b=c"


def test_a_url_that_is_none() -> None:
    """As of a request that failed because of it. It may be no archive, but is no reason to lose all other entries."""
    archive = har([recorded(url="http://[::1/?a=b", ended=0.0)])
    assert archive["log"]["entries"][0]["request"]["queryString"] == []


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "requests.har"
    write_har([recorded(EXCHANGE, response_headers=[(b"a", b"\xff\xfe")])], path)
    (entry,) = check_har(json.loads(path.read_bytes().decode("utf-8")))
    assert entry["response"]["headers"] == [{"name": "a", "value": "\xff\xfe"}]


def test_secrets_do_not_get_into_an_archive() -> None:
    recorder = Recorder()
    request = httpcore.Request(
        "GET",
        "http://user:hunter2@www.example.com/?page=3&api_key=hunter2&token=hunter2",
        headers=[
            ("Authorization", "hunter2"),
            ("Cookie", "a=hunter2"),
            ("Proxy-Authorization", "hunter2"),
            ("X-API-Key", "hunter2"),
            ("Accept", "text/html"),
        ],
    )
    headers = [(b"Set-Cookie", b"a=hunter2"), (b"Location", b"http://u:hunter2@localhost/?signature=hunter2")]
    observe = recorder.observer()
    observe("http11.send_request_headers.started", {"request": request})
    observe("http11.receive_response_headers.complete", {"return_value": (b"HTTP/1.1", 302, b"Found", headers)})
    observe("http11.response_closed.complete", {"return_value": None})
    text = json.dumps(har(recorder))
    assert "hunter2" not in text
    assert "page=3" in text
    assert "text/html" in text
    assert len(check_har(json.loads(text))) == 1
