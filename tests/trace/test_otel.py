"""OpenTelemetry metrics: names, units, buckets and attributes of the conventions, from records and from pools."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Any, NamedTuple

import httpcore
import pytest
from httpcore_models import ConnectionInfo
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_trace import RecordedError, RequestRecord
from httpcore_trace.otel import ClientMetrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader


class Measured:
    """Metrics, and what a reader of them finds."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader], shutdown_on_exit=False)
        self.metrics = ClientMetrics(self.provider)

    def read(self) -> dict[str, Any]:
        """The metrics by name."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: metric for resource in data.resource_metrics for metric in resource.scope_metrics[0].metrics
        }

    def points(self, name: str) -> list[Any]:
        """The data points of a metric."""
        metric = self.read().get(name)
        return [] if metric is None else list(metric.data.data_points)

    def point(self, name: str) -> Any:
        """The only data point of a metric."""
        (point,) = self.points(name)
        return point


@pytest.fixture
def measured() -> Any:
    measured = Measured()
    yield measured
    measured.provider.shutdown()


def recorded(**fields: Any) -> RequestRecord:
    defaults: dict[str, Any] = {"method": "GET", "url": "https://www.example.com/secret", "started": 1.0, "ended": 1.25}
    return RequestRecord(**{**defaults, **fields})


def test_the_duration_of_a_request(measured: Measured) -> None:
    measured.metrics.on_request(recorded(status=200, http_version="HTTP/1.1"))
    metric = measured.read()["http.client.request.duration"]
    assert metric.unit == "s"
    (point,) = metric.data.data_points
    assert (point.count, point.sum) == (1, 0.25)
    assert point.explicit_bounds == (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
    assert dict(point.attributes) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "server.address": "www.example.com",
        "server.port": 443,
        "url.scheme": "https",
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"http_version": "HTTP/2", "status": 204},
            {"network.protocol.version": "2", "http.response.status_code": 204},
        ),
        ({"status": 404}, {"error.type": "404", "http.response.status_code": 404}),
        ({"status": 302}, {"http.response.status_code": 302}),
        ({"method": "MKCOL"}, {"http.request.method": "_OTHER"}),
        ({"method": "get"}, {"http.request.method": "_OTHER"}),
        ({"method": "QUERY"}, {"http.request.method": "QUERY"}),
        ({"url": "http://[::1]:8080/"}, {"server.address": "::1", "server.port": 8080, "url.scheme": "http"}),
        ({"url": "http://localhost/"}, {"server.address": "localhost", "server.port": 80, "url.scheme": "http"}),
        ({"error": RecordedError("httpcore.ConnectTimeout", "")}, {"error.type": "httpcore.ConnectTimeout"}),
        (
            {"error": RecordedError("asyncio.exceptions.CancelledError", ""), "cancelled": True, "status": 200},
            {"error.type": "asyncio.exceptions.CancelledError", "http.response.status_code": 200},
        ),
        ({"cancelled": True}, {"error.type": "cancelled"}),
    ],
)
def test_attributes_of_a_request(measured: Measured, fields: dict[str, Any], expected: dict[str, Any]) -> None:
    measured.metrics.on_request(recorded(**fields))
    usual = {
        "http.request.method": "GET",
        "server.address": "www.example.com",
        "server.port": 443,
        "url.scheme": "https",
    }
    assert dict(measured.point("http.client.request.duration").attributes) == {**usual, **expected}


def test_other_methods_may_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "GET,MKCOL")
    measured = Measured()
    for method in ("MKCOL", "POST"):
        measured.metrics.on_request(recorded(method=method))
    methods = {point.attributes["http.request.method"] for point in measured.points("http.client.request.duration")}
    assert methods == {"MKCOL", "_OTHER"}
    measured.provider.shutdown()


def test_sizes_of_bodies(measured: Measured) -> None:
    events = [
        (1.0, "request.sent", {"header_bytes": 50, "body_bytes": 7}),
        (1.1, "response.received", {"header_bytes": 90, "body_bytes": 1000, "complete": True}),
    ]
    measured.metrics.on_request(recorded(events=events, status=200))
    for name, size in (("http.client.request.body.size", 7), ("http.client.response.body.size", 1000)):
        metric = measured.read()[name]
        assert metric.unit == "By"
        (point,) = metric.data.data_points
        assert (point.count, point.sum) == (1, size)
        assert point.attributes["http.response.status_code"] == 200


def test_sizes_that_are_not_known(measured: Measured) -> None:
    measured.metrics.on_request(recorded())
    assert "http.client.request.body.size" not in measured.read()


def test_without_opentelemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)
    monkeypatch.delitem(sys.modules, "httpcore_trace.otel")
    with pytest.raises(ImportError, match=r"pip install 'httpcore-trace\[otel\]'"):
        importlib.import_module("httpcore_trace.otel")


def test_requests_in_progress_are_not_measured(measured: Measured) -> None:
    measured.metrics.on_request(recorded(ended=None))
    assert "http.client.request.duration" not in measured.read()


def test_a_url_that_is_none(measured: Measured) -> None:
    measured.metrics.on_request(recorded(url="http://[::1/"))
    assert dict(measured.point("http.client.request.duration").attributes) == {"http.request.method": "GET"}


def connection(origin: str = "https://www.example.com:443", http_version: str = "HTTP/2") -> ConnectionInfo:
    return ConnectionInfo(1, origin, None, ("192.0.2.7", 443), http_version, "TLSv1.3", None, "h2", ())


def test_the_duration_of_a_connection(measured: Measured) -> None:
    for kind in ("opened", "closed"):
        reason = None if kind == "opened" else "expired"
        event = httpcore.ConnectionEvent(kind, connection(), reason, 12.5, 3)
        measured.metrics.on_connection(event)
    metric = measured.read()["http.client.connection.duration"]
    assert metric.unit == "s"
    (point,) = metric.data.data_points
    assert (point.count, point.sum) == (1, 12.5)
    assert point.explicit_bounds == (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
    assert dict(point.attributes) == {
        "network.protocol.version": "2",
        "server.address": "www.example.com",
        "server.port": 443,
        "url.scheme": "https",
    }


class Stats(NamedTuple):
    """As `httpcore.PoolStats`."""

    connections_active: int = 0
    connections_idle: int = 0
    requests_active: int = 0
    requests_queued: int = 0
    opened: int = 0
    reused: int = 0
    closed: dict[str, int] = {}  # noqa: RUF012


class Pool:
    """A pool with given statistics."""

    def __init__(self, total: Stats, **origins: Stats) -> None:
        self._total = total
        self._origins = {f"https://{name}.example.com:443": stats for name, stats in origins.items()}

    def stats(self, by_origin: bool = False) -> Any:
        return self._origins if by_origin else self._total


def values(measured: Measured, name: str, *keys: str) -> dict[Any, int]:
    """The values of a metric by some of its attributes."""
    return {tuple(point.attributes[key] for key in keys): point.value for point in measured.points(name)}


def test_the_figures_of_pools_are_added_up(measured: Measured) -> None:
    total = Stats(opened=5, reused=7, closed={"expired": 2, "ended": 1})
    first = Pool(total, www=Stats(1, 2, 3, 4), api=Stats(5, 0, 5, 0))
    second = Pool(total, www=Stats(10, 0, 10, 0))
    for pool in (first, second, first):
        measured.metrics.watch(pool)  # type: ignore[arg-type]
    assert values(measured, "http.client.open_connections", "server.address", "http.connection.state") == {
        ("www.example.com", "active"): 11,
        ("www.example.com", "idle"): 2,
        ("api.example.com", "active"): 5,
        ("api.example.com", "idle"): 0,
    }
    assert values(measured, "http.client.active_requests", "server.address", "server.port", "url.scheme") == {
        ("www.example.com", 443, "https"): 17,
        ("api.example.com", 443, "https"): 5,
    }
    assert values(measured, "httpcore.pool.queued_requests", "server.address") == {
        ("www.example.com",): 4,
        ("api.example.com",): 0,
    }
    assert measured.point("httpcore.pool.opened_connections").value == 10
    assert measured.point("httpcore.pool.reused_connections").value == 14
    assert values(measured, "httpcore.pool.closed_connections", "httpcore.close.reason") == {
        ("expired",): 4,
        ("ended",): 2,
    }


def test_gauges_go_up_and_down_and_totals_only_up(measured: Measured) -> None:
    pool = Pool(Stats(opened=1, closed={"ended": 1}), www=Stats())
    measured.metrics.watch(pool)  # type: ignore[arg-type]
    monotonic = {name: metric.data.is_monotonic for name, metric in measured.read().items()}
    assert monotonic == {
        "http.client.open_connections": False,
        "http.client.active_requests": False,
        "httpcore.pool.queued_requests": False,
        "httpcore.pool.opened_connections": True,
        "httpcore.pool.reused_connections": True,
        "httpcore.pool.closed_connections": True,
    }


def test_a_watched_pool_may_be_collected(measured: Measured) -> None:
    measured.metrics.watch(Pool(Stats(), www=Stats(connections_idle=1)))  # type: ignore[arg-type]
    gc.collect()
    assert measured.points("http.client.open_connections") == []


def test_a_real_pool(measured: Measured, caddy: CaddyServer, certificates: Certificates) -> None:
    metrics = measured.metrics
    with httpcore.ConnectionPool(
        certificates.client_context(), http2=True, on_connection=metrics.on_connection
    ) as pool:
        recorded_pool = metrics.pool(pool)
        for _ in range(2):
            recorded_pool.request("GET", f"{caddy.https_url}/small.txt")
        with recorded_pool.stream("POST", f"{caddy.http_url}/echo", content=b"four") as response:
            active = values(measured, "http.client.active_requests", "url.scheme")
            response.read()
        states = values(measured, "http.client.open_connections", "url.scheme", "http.connection.state")
    assert active == {("https",): 0, ("http",): 1}
    assert states == {
        ("https", "active"): 0,
        ("https", "idle"): 1,
        ("http", "active"): 0,
        ("http", "idle"): 1,
    }
    by_method = {
        point.attributes["http.request.method"]: point for point in measured.points("http.client.request.duration")
    }
    assert by_method["GET"].count == 2
    assert by_method["GET"].attributes["network.protocol.version"] == "2"
    assert by_method["POST"].attributes["server.port"] == caddy.http_port
    sizes = {point.attributes["url.scheme"]: point.sum for point in measured.points("http.client.response.body.size")}
    assert sizes == {"https": 2_000, "http": 4}
    durations = measured.points("http.client.connection.duration")
    assert sorted(point.attributes["network.protocol.version"] for point in durations) == ["1.1", "2"]


@pytest.mark.anyio
async def test_a_real_async_pool(measured: Measured, caddy: CaddyServer) -> None:
    async with httpcore.AsyncConnectionPool() as pool:
        await measured.metrics.pool(pool).request("GET", f"{caddy.http_url}/small.txt")
        assert values(measured, "http.client.open_connections", "http.connection.state") == {
            ("active",): 0,
            ("idle",): 1,
        }
    assert measured.point("http.client.request.duration").count == 1


def test_totals_do_not_shrink_when_a_pool_is_gone(measured: Measured, caddy: CaddyServer) -> None:
    """A counter that shrinks is taken for one that began again."""
    opened = []
    for _ in range(3):
        pool = measured.metrics.pool(httpcore.ConnectionPool())
        with pool:
            pool.request("GET", f"{caddy.http_url}/small.txt")
        opened.append(measured.point("httpcore.pool.opened_connections").value)
        del pool
        gc.collect()
    assert opened == [1, 2, 3]
    points = measured.points("httpcore.pool.closed_connections")
    assert sum(point.value for point in points) == 3
