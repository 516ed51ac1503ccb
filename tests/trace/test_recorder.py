"""The recorder itself, told of events by a script."""

import gc
import types
from typing import Any

import httpcore
import pytest
from httpcore_test_support.waiting import at_once
from httpcore_trace import Recorder, RequestRecord, _observation

INFO = httpcore.ConnectionInfo(
    7, "http://example.com:80", ("127.0.0.1", 1), ("127.0.0.1", 80), "HTTP/1.1", None, None, None, ()
)


def assigned(connection_id: int = 7, *, reused: bool = False) -> dict[str, Any]:
    return {"connection_id": connection_id, "reused": reused, "idle_for": None, "requests_before": 0}


def request(method: str = "GET", url: str = "http://example.com/", headers: Any = None) -> dict[str, Any]:
    return {"request": httpcore.Request(method, url, headers=headers)}


def play(observe: Any, *, status: int = 200, protocol: str = "http11", **kwargs: Any) -> None:
    """Report one complete exchange."""
    observe(f"{protocol}.send_request_headers.started", request(**kwargs))
    observe(f"{protocol}.send_request_headers.complete", {"return_value": None})
    observe("request.sent", {"header_bytes": 30, "body_bytes": 5})
    observe(f"{protocol}.receive_response_headers.started", request(**kwargs))
    head = (b"HTTP/1.0", status, b"OK", []) if protocol == "http11" else (status, [])
    observe(f"{protocol}.receive_response_headers.complete", {"return_value": head})
    observe("response.received", {"header_bytes": 40, "body_bytes": 60, "complete": True})
    observe(f"{protocol}.response_closed.started", {})
    observe(f"{protocol}.response_closed.complete", {"return_value": None})


@pytest.mark.parametrize("protocol", ["http11", "http2"])
def test_facts_become_fields(protocol: str) -> None:
    recorder = Recorder()
    observe = recorder.observer()
    assert recorder.requests == ()
    observe("pool.assigned", assigned())
    observe("connection.opened", {"connection": INFO})
    play(observe, protocol=protocol)
    (record,) = recorder.requests
    assert (record.method, record.url, record.status) == ("GET", "http://example.com/", 200)
    assert record.http_version == ("HTTP/1.0" if protocol == "http11" else "HTTP/2")
    assert (record.connection, record.connection_id, record.reused) == (INFO, 7, False)
    assert (record.sent_bytes, record.received_bytes) == (35, 100)
    assert record.ended == record.events[-1][0]
    assert repr(record).startswith("<RequestRecord [GET http://example.com/, 200, ")


def test_a_reused_connection_is_the_one_that_an_earlier_request_opened() -> None:
    recorder = Recorder()
    first, second, third = (recorder.observer() for _ in range(3))
    first("pool.assigned", {**assigned(), "connection": None})
    first("connection.opened", {"connection": INFO})
    second("pool.assigned", assigned(reused=True))
    third("pool.assigned", {**assigned(8, reused=True), "connection": INFO})
    assert [record.connection for record in recorder.requests] == [INFO, INFO, INFO]
    assert [record.reused for record in recorder.requests] == [False, True, True]


def test_a_connection_that_is_not_open_yet() -> None:
    recorder = Recorder()
    recorder.observer()("pool.assigned", {"connection_id": 1, "connection": None, "reused": False, "idle_for": None})
    (record,) = recorder.requests
    assert (record.connection, record.reused) == (None, False)


def test_events_hold_nothing_alive() -> None:
    class Thing:
        """Stands for a stream or a context."""

    recorder, error = Recorder(), httpcore.ConnectError("refused")
    error.__cause__ = TimeoutError("slow")
    observe = recorder.observer()
    observe("connection.connect_tcp.started", {"host": "example.com", "socket_options": [Thing()], "stream": Thing()})
    observe("connect.resolve.complete", {"host": "example.com", "port": 80, "addresses": ["::1"]})
    observe("connection.connect_tcp.failed", {"exception": error})
    observe("connection.start_tls.complete", {"return_value": Thing()})
    observe("http11.send_request_headers.started", request("PUT", "http://example.com/"))
    (record,) = recorder.requests
    assert [info for _, _, info in record.events] == [
        {"host": "example.com"},
        {"host": "example.com", "port": 80, "addresses": ["::1"]},
        {"exception": record.events[2][2]["exception"]},
        {},
        {"method": "PUT"},
    ]
    kept = record.events[2][2]["exception"]
    assert (kept.type, kept.message, str(kept)) == ("httpcore.ConnectError", "refused", "ConnectError: refused")
    assert kept.cause is not None
    assert (kept.cause.type, kept.cause.name) == ("TimeoutError", "TimeoutError")


def test_an_exception_without_a_text() -> None:
    class Error(Exception):
        def __str__(self) -> str:
            raise ValueError

    recorder = Recorder()
    recorder.observer()("request.failed", {"exception": Error()})
    error = recorder.requests[0].error
    assert error is not None
    assert (error.name, error.message) == ("Error", "")


def test_an_error_is_forgotten_when_the_request_goes_on() -> None:
    recorder = Recorder()
    observe = recorder.observer()
    observe("connection.connect_tcp.started", {})
    observe("connect.attempt.failed", {"address": "::1", "exception": OSError()})
    assert recorder.requests[0].error is None
    observe("connection.connect_tcp.failed", {"exception": httpcore.ConnectError()})
    assert recorder.requests[0].error is not None
    observe("connection.connect_tcp.started", {})
    assert recorder.requests[0].error is None
    play(observe)
    assert recorder.requests[0].error is None


def test_a_request_that_is_sent_again_ends_once() -> None:
    ended: list[RequestRecord] = []
    recorder = Recorder(on_end=ended.append)
    observe = recorder.observer()
    observe("http11.send_request_headers.started", request())
    observe("http11.receive_response_headers.started", request())
    observe("http11.receive_response_headers.failed", {"exception": httpcore.ReadError()})
    observe("http11.response_closed.started", {})
    observe("http11.response_closed.complete", {"return_value": None})
    assert ended == []
    observe("resend", {"reason": "closed before a response", "cause": httpcore.ReadError()})
    play(observe)
    assert ended == list(recorder.requests)
    assert ended[0].error is None


def test_a_refused_expectation_is_no_end() -> None:
    ended: list[RequestRecord] = []
    recorder = Recorder(on_end=ended.append)
    observe = recorder.observer()
    play(observe, status=417, method="PUT", headers={"Expect": "100-continue"})
    assert ended == []
    play(observe, method="PUT")
    (record,) = ended
    assert record.status == 200


def test_a_request_that_fails_for_good_ends() -> None:
    ended: list[RequestRecord] = []
    recorder = Recorder(on_end=ended.append)
    observe = recorder.observer()
    observe("connection_pool.wait_for_connection.started", request())
    observe("connection_pool.wait_for_connection.failed", {"exception": httpcore.PoolTimeout()})
    observe("request.failed", {"exception": httpcore.PoolTimeout()})
    (record,) = ended
    assert str(record.error) == "PoolTimeout"


@pytest.mark.parametrize(("error", "cancelled"), [(ValueError(), False), (KeyboardInterrupt(), True)])
def test_what_is_no_failure_is_a_cancellation(error: BaseException, cancelled: bool) -> None:
    recorder = Recorder()
    recorder.observer()("request.failed", {"exception": error})
    assert recorder.requests[0].cancelled is cancelled


def test_extensions_that_are_used_again_make_another_record() -> None:
    recorder = Recorder()
    observe = recorder.observer()
    for _ in range(2):
        observe("pool.assigned", assigned())
        play(observe)
    first, second = recorder.requests
    assert [event for _, event, _ in first.events] == [event for _, event, _ in second.events]


def test_the_requests_to_proxies_are_not_the_request() -> None:
    recorder = Recorder()
    observe = recorder.observer()
    observe("proxy.hop.started", {"proxy": "http://user:secret@proxy:80", "index": 0})
    observe("http11.send_request_headers.started", request("CONNECT", "http://example.com:443"))
    head = (b"HTTP/1.1", 200, b"OK", [])
    observe("http11.receive_response_headers.complete", {"return_value": head})
    observe("proxy.hop.complete", {"proxy": "http://proxy:80", "index": 0})
    (record,) = recorder.requests
    assert (record.method, record.status) == ("", None)
    assert record.events[0][2]["proxy"] == "http://REDACTED@proxy:80"
    assert record.events[1][2] == {"method": "CONNECT", "tunnel": True}
    play(observe)
    assert (record.method, record.status) == ("GET", 200)


def test_the_url_of_a_forwarded_request_is_its_target() -> None:
    recorder = Recorder()
    url = httpcore.URL(scheme="http", host="proxy", port=3128, target="http://example.com/")
    recorder.observer()("http11.send_request_headers.started", {"request": httpcore.Request("GET", url)})
    assert recorder.requests[0].url == "http://example.com/"


@pytest.mark.parametrize("url", ["http://[::1]:8080/", "https://example.com/", "http://example.com:443/a?b"])
def test_urls_are_as_people_write_them(url: str) -> None:
    recorder = Recorder()
    recorder.observer()("http11.send_request_headers.started", request(url=url))
    assert recorder.requests[0].url == url


@pytest.mark.parametrize(
    ("target", "url"), [("*", "http://h:8000"), ("?a", "http://h:8000?a"), ("@else/where", "http://h:8000/@else/where")]
)
def test_targets_that_are_no_paths(target: str, url: str) -> None:
    """The host stays the host."""
    recorder = Recorder()
    sent = httpcore.Request("OPTIONS", httpcore.URL(scheme="http", host="h", port=8000, target=target))
    recorder.observer()("http11.send_request_headers.started", {"request": sent})
    assert recorder.requests[0].url == url


def test_a_pool_is_recorded_once() -> None:
    recorder, other, pool = Recorder(), Recorder(), httpcore.ConnectionPool()
    recorded = recorder.pool(pool)
    assert recorder.pool(recorded) is recorded
    assert other.pool(recorded) is not recorded
    assert recorder.pool(pool) is not recorded
    asynchronous = recorder.pool(httpcore.AsyncConnectionPool())
    assert recorder.pool(asynchronous) is asynchronous


def test_only_the_last_requests_are_kept() -> None:
    recorder = Recorder(max_requests=2)
    for method in ("GET", "HEAD", "PUT"):
        play(recorder.observer(), method=method)
    assert [record.method for record in recorder.requests] == ["HEAD", "PUT"]
    recorder.clear()
    assert recorder.requests == ()
    with pytest.raises(ValueError, match="max_requests"):
        Recorder(max_requests=0)


def test_events_that_a_server_can_repeat_are_limited() -> None:
    recorder = Recorder()
    observe = recorder.observer()
    observe("http2.send_request_body.started", request())
    for _ in range(_observation.MOST_EVENTS):
        observe("http2.window_wait.started", {"stream_id": 1})
        observe("http2.receive_remote_settings.started", {})
    play(observe, protocol="http2")
    (record,) = recorder.requests
    assert len(record.events) == _observation.MOST_EVENTS + 8
    assert record.ended is not None


@pytest.mark.parametrize("protocol", ["http2", "http3"])
def test_the_failure_of_a_wait_of_an_upload_is_reported_by_the_upload(protocol: str) -> None:
    recorder = Recorder()
    observe = recorder.observer()
    observe(f"{protocol}.send_request_headers.started", request())
    observe(f"{protocol}.window_wait.started", {"stream_id": 1})
    observe(f"{protocol}.window_wait.failed", {"stream_id": 1, "exception": httpcore.WriteTimeout("late")})
    (record,) = recorder.requests
    assert record.error is None
    observe(f"{protocol}.send_request_body.failed", {"exception": httpcore.WriteTimeout("late")})
    assert str(record.error) == "WriteTimeout: late"


def test_connections_that_are_remembered_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore_trace._lifecycle._MOST_CONNECTIONS", 2)
    recorder = Recorder()
    for number in (1, 2, 3):
        info = httpcore.ConnectionInfo(number, "http://a:80", None, None, "HTTP/1.1", None, None, None, ())
        recorder.observer()("connection.opened", {"connection": info})
    for number in (1, 2, 3):
        recorder.observer()("pool.assigned", assigned(number, reused=True))
    assert [record.connection is None for record in recorder.requests[3:]] == [True, False, False]


def test_callbacks_are_called_once() -> None:
    calls: list[tuple[str, RequestRecord]] = []
    recorder = Recorder(
        on_start=lambda record: calls.append(("start", record)), on_end=lambda record: calls.append(("end", record))
    )
    observe = recorder.observer()
    assert calls == []
    play(observe)
    del observe
    gc.collect()
    (record,) = recorder.requests
    assert calls == [("start", record), ("end", record)]


def test_a_request_that_was_dropped_ends_with_the_next_use_of_the_recorder() -> None:
    ended: list[RequestRecord] = []
    recorder = Recorder(on_end=ended.append)
    observe = recorder.observer()
    observe("connection.connect_tcp.started", {})
    observe("connection.connect_tcp.failed", {"exception": httpcore.ConnectError("refused")})
    del observe
    gc.collect()
    assert ended == []
    (record,) = recorder.requests
    assert ended == [record]
    assert record.ended == record.events[-1][0]
    assert str(record.error) == "ConnectError: refused"


def test_threads_may_share_a_recorder() -> None:
    ended: list[RequestRecord] = []
    recorder = Recorder(on_end=ended.append)
    at_once(*[lambda: [play(recorder.observer()) for _ in range(20)]] * 8)
    assert len(ended) == len(recorder.requests) == 160
    assert {len(record.events) for record in ended} == {8}


def test_a_recorder_replaces_its_own_observer_and_keeps_others() -> None:
    """A redirect of httpx has the extensions of the request before."""
    outer, recorder = Recorder(), Recorder()
    sent = types.SimpleNamespace(method="GET", url="http://a/", headers=types.SimpleNamespace(raw=[]), extensions={})
    for hooked in (outer, recorder, recorder):
        hooked.httpx_request_hook(sent)
    play(sent.extensions["observe"])
    assert len(recorder.requests) == len(outer.requests) == 1
    assert recorder.requests[0].url == "http://a/"


def test_names_are_loaded_when_they_are_used() -> None:
    import httpcore_trace

    assert set(httpcore_trace.__all__) <= set(dir(httpcore_trace))
    assert httpcore_trace.Waterfall.__name__ == "Waterfall"
    with pytest.raises(AttributeError, match="nothing"):
        _ = httpcore_trace.nothing
