# Generated from ../_async/test_tracing.py by tools/make_sync.py: edit that file, then run it.
"""Tracers: the phases of a request, as reported to the trace callback and to the debug log."""

import logging
from typing import Any

import pytest
from httpcore_models import Request
from httpcore_models.lowlevel import Tracer, get_tracer

pytestmark = pytest.mark.anyio

LOGGER = logging.getLogger("httpcore.http11")
HEADERS = [(b"Set-Cookie", b"secret"), (b"Server", b"public")]


class Callback:
    """Records its calls."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append((event, info))


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    """The debug log is off unless a test turns it on."""
    caplog.set_level(logging.INFO, "httpcore")


def double(number: int) -> int:
    return 2 * number


def fail(error: BaseException) -> None:
    raise error


def request_with(callback: Any) -> Request:
    return Request("GET", "http://example.org/", extensions={"trace": callback})


def test_phases_are_reported_with_their_results() -> None:
    callback = Callback()
    tracer = get_tracer(LOGGER, request_with(callback))
    assert isinstance(tracer, Tracer)
    info = {"number": 21}
    assert tracer.run("double", info, double, 21) == 42
    assert callback.events == [("http11.double.started", info), ("http11.double.complete", {"return_value": 42})]
    assert callback.events[0][1] is info


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_failures_are_reported_and_raised(error: BaseException) -> None:
    callback = Callback()
    tracer = Tracer(LOGGER, callback)
    with pytest.raises(type(error)) as caught:
        tracer.run("fail", {}, fail, error)
    assert caught.value is error
    assert callback.events == [("http11.fail.started", {}), ("http11.fail.failed", {"exception": error})]


def test_single_events_are_reported() -> None:
    callback = Callback()
    Tracer(logging.getLogger("name"), callback).report("retry", {"exception": None})
    assert callback.events == [("name.retry", {"exception": None})]


def test_without_callback_and_debug_log_there_is_no_tracer() -> None:
    assert get_tracer(LOGGER, None) is None
    assert get_tracer(LOGGER, Request("GET", "http://example.org/")) is None


def test_debug_log_needs_no_callback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "httpcore"):
        for request in (None, Request("GET", "http://example.org/")):
            tracer = get_tracer(LOGGER, request)
            assert tracer is not None
            tracer.run("double", {"number": 21}, double, 21)
    lines = [("httpcore.http11", "double.started number=21"), ("httpcore.http11", "double.complete return_value=42")]
    assert [(record.name, record.message) for record in caplog.records] == lines * 2
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}


def test_failures_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "httpcore"), pytest.raises(ValueError, match=r"^no$"):
        Tracer(LOGGER, None).run("fail", {}, fail, ValueError("no"))
    assert caplog.messages == ["fail.started", "fail.failed exception=ValueError('no')"]


def test_callback_alone_causes_no_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    Tracer(LOGGER, Callback()).run("double", {}, double, 1)
    assert caplog.messages == []


@pytest.mark.field(87)
def test_secrets_are_hidden_in_the_log_but_not_from_callbacks(caplog: pytest.LogCaptureFixture) -> None:
    callback = Callback()
    result = (b"HTTP/1.1", 200, b"OK", HEADERS)

    def receive() -> Any:
        return result

    with caplog.at_level(logging.DEBUG, "httpcore"):
        Tracer(LOGGER, callback).run("receive", {"headers": HEADERS}, receive)
    assert callback.events[0][1] == {"headers": [(b"Set-Cookie", b"secret"), (b"Server", b"public")]}
    assert callback.events[1][1] == {"return_value": result}
    assert "secret" not in caplog.text
    assert caplog.messages == [
        "receive.started headers=[(b'Set-Cookie', b'[secure]'), (b'Server', b'public')]",
        "receive.complete return_value=(b'HTTP/1.1', 200, b'OK', "
        "[(b'Set-Cookie', b'[secure]'), (b'Server', b'public')])",
    ]
