"""What the waterfall shows, in terminals of all kinds."""

import io
import itertools
import re
import types
from typing import Any

import httpcore
import pytest
from httpcore_trace import RecordedError, Recorder, RequestRecord, Waterfall, print_waterfall
from httpcore_trace._formats import address_text, duration_text, size_text
from rich.console import Console

INFO = httpcore.ConnectionInfo(
    3,
    "https://example.com:443",
    ("127.0.0.1", 50000),
    ("93.184.216.34", 443),
    "HTTP/2",
    "TLSv1.3",
    "TLS_AES_128_GCM_SHA256",
    "h2",
    ("http://proxy:3128",),
)
CONNECTING: list[tuple[float, str, dict[str, Any]]] = [
    (0.0, "connection.connect_tcp.started", {}),
    (0.0, "connect.resolve.started", {"host": "example.com"}),
    (0.2, "connect.resolve.complete", {"addresses": ["2001:db8::1", "93.184.216.34"]}),
    (0.2, "connect.attempt.started", {"address": "2001:db8::1"}),
    (0.3, "connect.attempt.started", {"address": "93.184.216.34"}),
    (0.4, "connect.attempt.complete", {"address": "93.184.216.34"}),
    (0.4, "connect.attempt.failed", {"address": "2001:db8::1"}),
    (0.4, "connection.connect_tcp.complete", {}),
    (0.4, "tls.context.started", {}),
    (0.42, "tls.context.complete", {}),
    (0.42, "connection.start_tls.started", {}),
    (0.6, "connection.start_tls.complete", {}),
]


def exchange(start: float) -> list[tuple[float, str, dict[str, Any]]]:
    """Sending, waiting and receiving take 0.1, 0.2 and 0.1 seconds."""
    return [
        (start, "http2.send_request_headers.started", {"method": "GET"}),
        (start + 0.02, "http2.window_wait.started", {"stream_id": 1}),
        (start + 0.05, "http2.window_wait.complete", {"stream_id": 1}),
        (start + 0.1, "http2.send_request_headers.complete", {}),
        (start + 0.1, "request.sent", {"header_bytes": 100, "body_bytes": 2_000_000}),
        (start + 0.1, "http2.receive_response_headers.started", {}),
        (start + 0.3, "http2.receive_response_headers.complete", {"status": 200}),
        (start + 0.4, "response.received", {"header_bytes": 50, "body_bytes": 450, "complete": False}),
        (start + 0.4, "http2.response_closed.complete", {}),
    ]


def record(**fields: Any) -> RequestRecord:
    values: dict[str, Any] = {"method": "GET", "url": "https://example.com/path", "started": 0.0, "ended": 1.0}
    values.update(status=200, http_version="HTTP/2", connection=INFO, connection_id=3, reused=False)
    return RequestRecord(**{**values, **fields})


FIRST = record(events=[*CONNECTING, *exchange(0.6)])
SECOND = record(events=exchange(0.5), started=0.5, ended=0.95, status=503, reused=True, url="https://example.com/b")
REFUSED = record(
    events=CONNECTING[:3],
    ended=0.2,
    status=None,
    error=RecordedError("httpcore.ConnectError", "refused"),
    connection=None,
    connection_id=None,
    reused=None,
)
CANCELLED = record(
    events=exchange(0.0)[:2], ended=0.1, status=None, error=RecordedError("trio.Cancelled", ""), cancelled=True
)
RUNNING = record(events=exchange(0.2)[:1], started=0.2, ended=None, status=None)


def shown(requests: Any, *, width: int = 100, encoding: str = "utf-8", **options: Any) -> list[str]:
    """What is printed, without colours, as lines."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=file, width=width, highlight=False, **{"no_color": True, **options})
    print_waterfall(requests, console=console)
    file.flush()
    lines = raw.getvalue().decode(encoding).splitlines()
    assert max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in lines) <= width
    return [line.rstrip() for line in lines]


def row(lines: list[str], label: str) -> str:
    (line,) = (line for line in lines if line.split("│")[0].split("|")[0].strip() == label)
    return line


def test_one_request_has_a_row_for_each_phase() -> None:
    lines = shown(FIRST)
    assert lines[0] == "GET https://example.com/path"
    assert lines[1] == "200 HTTP/2  new connection 3  TLSv1.3  93.184.216.34:443  via http://proxy:3128"
    labels = [line.split("│")[0].strip() for line in lines[2:]]
    assert labels[:4] == ["dns", "connect", "2001:db8::1", "93.184.216.34"]
    assert labels[4:9] == ["ssl", "context", "send", "1 stall", "wait"]
    assert labels[9:-1] == ["receive", "unexplained"]
    assert lines[-1].split() == ["total", "1.00", "s"]
    assert row(lines, "dns").endswith("200 ms  2001:db8::1, 93.184.216.34")
    assert row(lines, "ssl").endswith("200 ms  TLS_AES_128_GCM_SHA256")
    assert row(lines, "send").endswith("100 ms  2.0 MB")
    assert row(lines, "wait").endswith("200 ms")
    assert row(lines, "receive").endswith("100 ms  500 bytes, not all of it")
    assert row(lines, "unexplained").endswith("0.00 ms")


@pytest.mark.parametrize("protocol", ["http2", "http3"])
def test_an_upload_that_waits_is_a_stall(protocol: str) -> None:
    events = [(time, event.replace("http2", protocol), info) for time, event, info in exchange(0.0)]
    labels = [line.split("│")[0].strip() for line in shown(record(events=events))]
    assert labels[labels.index("send") + 1] == "1 stall"


def test_the_bars_of_one_request_follow_each_other() -> None:
    lines = shown(FIRST, width=75)
    bars = [row(lines, name).split("│")[1] for name in ("dns", "connect", "ssl", "send", "wait", "receive")]
    columns = [[index for index, mark in enumerate(bar) if mark != " "] for bar in bars]
    for before, after in itertools.pairwise(columns):
        assert before[-1] <= after[0]
    assert columns[0][0] == 0
    assert columns[-1][-1] == len(bars[0]) - 1


def test_many_requests_are_below_their_connections() -> None:
    lines = shown([FIRST, REFUSED, SECOND, CANCELLED, RUNNING])
    assert lines[0].startswith("Connection 3  4 requests  https://example.com:443  HTTP/2  TLSv1.3  93.184.216.34:443")
    assert [line.split()[1] for line in lines[1:5]] == ["/path", "/b", "/path", "/path"]
    assert [line.split()[2] for line in lines[1:5]] == ["200", "503", "cancelled", "…"]
    assert lines[5] == "No connection  1 request  https://example.com"
    assert lines[6].split()[:3] == ["GET", "/path", "ConnectError"]
    assert lines[7].split() == ["0", "1.00", "s"]
    assert [mark for mark, _ in itertools.groupby(lines[1].split()[3])] == list("dctswr")
    assert lines[-1].strip().startswith("?") or "? unexplained" in lines[-1]
    legend = " ".join(" ".join(lines[8:]).split())
    assert legend.startswith("d dns 400 ms c connect 200 ms t ssl 200 ms s send")


def test_colours_take_the_place_of_letters() -> None:
    lines = shown([FIRST, SECOND], no_color=False, force_terminal=True, color_system="standard")
    assert "█" in lines[1]
    assert "\x1b[36m" in lines[1]
    assert "dddd" not in lines[1]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("requests", [FIRST, [FIRST, SECOND, REFUSED]], ids=["one", "many"])
def test_no_line_is_wider_than_the_terminal(requests: Any, width: int) -> None:
    """`shown()` checks it."""
    lines = shown(requests, width=width)
    assert len(lines) >= 7
    assert any("unexplained"[: width // 3] in line for line in lines)


def test_narrow_terminals_get_no_details() -> None:
    lines = shown(FIRST, width=60)
    assert row(lines, "dns").endswith("200 ms")


def test_terminals_without_unicode_get_ascii() -> None:
    url = "https://example.com/" + "x" * 200
    lines = shown([record(url=url, events=exchange(0.0)), FIRST], encoding="ascii")
    assert "~" in lines[1]
    lines = shown(FIRST, encoding="ascii")
    assert "####" in row(lines, "dns")


def test_what_a_server_chooses_does_not_control_the_terminal() -> None:
    evil = record(reason=b"\x1b[2J[red]", url="https://example.com/\x1b]0;title\x07", events=exchange(0.0))
    for requests in (evil, [evil, FIRST]):
        text = "\n".join(shown(requests))
        assert "\x1b" not in text
        assert "\x07" not in text
    assert "[red]" in "\n".join(shown(evil))


def test_an_error_is_shown() -> None:
    lines = shown(REFUSED)
    assert lines[0] == "GET https://example.com/path  ConnectError: refused"


def test_requests_of_a_recorder() -> None:
    recorder = Recorder()
    assert shown(recorder) == ["No requests were recorded."]
    for url in ("https://a.example/", "https://b.example/", "https://b.example/path?a=http://c/"):
        request = types.SimpleNamespace(method=b"GET", url=httpcore.URL(url), headers=[])
        recorder.observer()("http11.send_request_headers.started", {"request": request})
    lines = shown(recorder)
    assert lines[0] == "No connection  3 requests"
    assert lines[3].startswith(" GET https://b.example/path?a=")


def test_it_is_printed_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    print_waterfall(FIRST)
    Console(file=io.StringIO()).print(Waterfall([FIRST]))
    assert "unexplained" in capsys.readouterr().out


def test_sent_again_and_retries_are_told() -> None:
    events = [
        (0.0, "connection.retry.started", {}),
        (0.1, "connection.retry.complete", {}),
        (0.1, "retry", {"attempt": 2, "delay": 0.1}),
        (0.1, "resend", {"reason": "closed before a response"}),
        (0.1, "proxy.hop.started", {"proxy": "http://proxy"}),
        (0.2, "proxy.hop.complete", {"proxy": "http://proxy"}),
        *exchange(0.3),
    ]
    lines = shown(record(events=events), width=120)
    assert row(lines, "blocked").endswith("attempt 2 to connect")
    assert "again: closed before a response" in row(lines, "send")
    assert row(lines, "http://proxy")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.00 ms"),
        (0.00123, "1.23 ms"),
        (0.0123, "12.3 ms"),
        (0.999, "999 ms"),
        (0.9999, "1.00 s"),
        (99.96, "100 s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_999, "1.0 MB"),
        (5 * 10**12, "5000.0 GB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


def test_addresses() -> None:
    assert [address_text(address) for address in (("::1", 80), ("127.0.0.1", 80), "/run/app.sock", None)] == [
        "[::1]:80",
        "127.0.0.1:80",
        "/run/app.sock",
        "?",
    ]
