# Generated from ../_async/test_observing.py by tools/make_sync.py: edit that file, then run it.
"""The extension `observe`: the events of tracers, facts, and how backends reach the observer."""

import gc
import logging
import weakref
from typing import Any

import pytest
from httpcore_models import MockBackend, NetworkStream, Origin, Request
from httpcore_models.lowlevel import OBSERVER, ObservedPhase, Tracer, get_tracer, observer_of
from httpcore_models.network import DirectDialler

pytestmark = pytest.mark.anyio

LOGGER = logging.getLogger("httpcore.http11")
ORIGIN = Origin(b"http", b"example.org", 80)


class Recorder:
    """Records its calls. It is an observer."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append((event, info))


class Traced(Recorder):
    """Records its calls. It is a trace callback."""

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append((event, info))


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    """The debug log is off unless a test turns it on."""
    caplog.set_level(logging.INFO, "httpcore")


def double(number: int) -> int:
    return 2 * number


def request_with(observer: Any, trace: Any = None) -> Request:
    return Request("GET", "http://example.org/", extensions={"observe": observer, "trace": trace})


def test_an_observer_gets_the_events_of_a_trace() -> None:
    observer, trace = Recorder(), Traced()
    tracer = get_tracer(LOGGER, request_with(observer, trace))
    assert isinstance(tracer, Tracer)
    assert tracer.observer is observer
    tracer.run("double", {"number": 21}, double, 21)
    expected: list[Any] = [("http11.double.started", {"number": 21}), ("http11.double.complete", {"return_value": 42})]
    assert observer.events == trace.events == expected
    assert observer.events[0][1] is trace.events[0][1]


def test_an_observer_alone_is_enough_and_causes_no_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    observer = Recorder()
    tracer = get_tracer(LOGGER, request_with(observer))
    assert tracer is not None
    tracer.run("double", {"number": 21}, double, 21)
    assert len(observer.events) == 2
    assert caplog.messages == []
    assert get_tracer(LOGGER, request_with(None)) is None


def test_phases() -> None:
    observer = Recorder()
    info = {"host": "example.org"}
    with ObservedPhase(observer, "resolve", info) as result:
        result["addresses"] = ["::1"]
    with pytest.raises(ValueError, match=r"^no$") as caught, ObservedPhase(observer, "resolve", info):
        raise ValueError("no")
    assert observer.events == [
        ("resolve.started", info),
        ("resolve.complete", {**info, "addresses": ["::1"]}),
        ("resolve.started", info),
        ("resolve.failed", {**info, "exception": caught.value}),
    ]
    with ObservedPhase(None, "resolve", info) as result:
        result["addresses"] = []


class Backend(MockBackend):
    """Notes the observer that it sees while it connects, and fails if it has to."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__([])
        self.error = error
        self.seen: list[Any] = []

    def connect_tcp(self, *args: Any, **kwargs: Any) -> NetworkStream:
        seen = OBSERVER.get()
        self.seen.append(seen)
        if seen is not None:
            seen("connecting", {})
        if self.error is not None:
            raise self.error
        return super().connect_tcp(*args, **kwargs)


def test_backends_reach_the_observer_while_they_connect() -> None:
    backend, observer, outer = Backend(), Recorder(), Recorder()
    dialler = DirectDialler(backend)
    dialler.dial(ORIGIN, request_with(observer), None)
    assert OBSERVER.get() is None
    token = OBSERVER.set(outer)
    try:
        # A request that a resolver sends, say: it has no observer.
        dialler.dial(ORIGIN, Request("GET", "http://example.org/"), None)
        assert OBSERVER.get() is outer
    finally:
        OBSERVER.reset(token)
    backend.error = ValueError("no")
    with pytest.raises(ValueError, match=r"^no$"):
        dialler.dial(ORIGIN, request_with(observer), None)
    assert OBSERVER.get() is None
    assert [seen is not None for seen in backend.seen] == [True, False, True]
    assert [event for event, _ in observer.events].count("connecting") == 2
    assert observer_of(request_with(observer)) is observer


def test_what_outlives_the_opening_of_a_connection_reaches_no_observer() -> None:
    """Threads that a backend begins inherit the context, and asyncio keeps it while it reads a socket."""
    backend, observer = Backend(), Recorder()
    DirectDialler(backend).dial(ORIGIN, request_with(observer), None)
    [inherited] = backend.seen
    count = len(observer.events)
    inherited("connecting", {})
    assert len(observer.events) == count
    reference = weakref.ref(observer)
    del observer
    gc.collect()
    assert reference() is None
