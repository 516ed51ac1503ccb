"""OpenTelemetry metrics of requests and pools (extra `httpcore-trace[otel]`).

Names, units, buckets and attributes are those of the semantic conventions for HTTP clients:
https://opentelemetry.io/docs/specs/semconv/http/http-metrics/

`http.client.request.duration` is stable there. The other names that begin with `http.client` are in development, and
may change with the conventions. What begins with `httpcore.pool` has no convention.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias, overload
from urllib.parse import urlsplit

from httpcore import AsyncConnectionPool, ConnectionEvent, ConnectionPool
from httpcore_models.concurrency import ForkLock

from . import __version__
from ._async.pool import AsyncRecordedPool
from ._record import RequestRecord
from ._recorder import Recorder
from ._sync.pool import RecordedPool

try:
    from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation, get_meter
except ImportError as _error:
    raise ImportError("httpcore_trace.otel needs opentelemetry-api: pip install 'httpcore-trace[otel]'") from _error

__all__ = ["ClientMetrics"]

# Seconds; both lists are part of the conventions.
_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_CONNECTION_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)

# RFC 9110, RFC 5789 (PATCH) and QUERY. Methods that anyone may make up would be attributes without number.
_METHODS = "CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,QUERY,TRACE"
_METHODS_VARIABLE = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

# Guards which pools are watched, and what they have said last. A program may fork while a thread collects metrics.
_LOCK = ForkLock()

Attributes: TypeAlias = dict[str, str | int]
_Pool: TypeAlias = ConnectionPool | AsyncConnectionPool
_Sums: TypeAlias = dict[tuple[tuple[str, str | int], ...], int]  # by attributes


class ClientMetrics:
    """Metrics of HTTP requests and of connection pools, for an OpenTelemetry meter provider.

    ```python
    metrics = ClientMetrics()
    pool = metrics.pool(httpcore.ConnectionPool(on_connection=metrics.on_connection))
    ```

    Each part also works alone: `pool()` measures a pool and its requests, `watch()` only the pool, `on_connection()`
    the durations of its connections, and `recorder` requests, with its `observer()` or its hooks for httpx.
    """

    recorder: Recorder
    """Tells these metrics about requests. It keeps the last one only."""

    def __init__(self, meter_provider: MeterProvider | None = None) -> None:
        """Create the instruments, with the global meter provider by default.

        The environment variable `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS` replaces the list of known methods; all
        others are reported as `_OTHER`.
        """
        meter = get_meter("httpcore_trace", __version__, meter_provider)
        self._methods = frozenset((os.environ.get(_METHODS_VARIABLE) or _METHODS).split(","))
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_REQUEST_BUCKETS,
        )
        self._sent = meter.create_histogram(
            "http.client.request.body.size", "By", "Size of HTTP client request bodies."
        )
        self._received = meter.create_histogram(
            "http.client.response.body.size", "By", "Size of HTTP client response bodies."
        )
        self._connection_duration = meter.create_histogram(
            "http.client.connection.duration",
            "s",
            "The duration of the successfully established outbound HTTP connections.",
            explicit_bucket_boundaries_advisory=_CONNECTION_BUCKETS,
        )
        self._pools = _Pools(meter)
        self.recorder = Recorder(max_requests=1, on_end=self.on_request)

    @overload
    def pool(self, pool: ConnectionPool) -> RecordedPool: ...

    @overload
    def pool(self, pool: AsyncConnectionPool) -> AsyncRecordedPool: ...

    def pool(self, pool: ConnectionPool | AsyncConnectionPool) -> RecordedPool | AsyncRecordedPool:
        """Measure a pool and the requests that are sent with what this returns: `recorder.pool(pool)`."""
        self.watch(pool)
        return self.recorder.pool(pool)

    def watch(self, pool: ConnectionPool | AsyncConnectionPool) -> None:
        """Measure what the pool itself knows: its `stats()`. It is measured for as long as it exists."""
        self._pools.add(pool)

    def on_request(self, record: RequestRecord) -> None:
        """Measure a request that is over. For recorders of your own: `Recorder(on_end=metrics.on_request)`."""
        if record.ended is None:
            return
        attributes = self._attributes(record)
        self._duration.record(max(record.ended - record.started, 0.0), attributes)
        for event, histogram in (("request.sent", self._sent), ("response.received", self._received)):
            if (size := _body_size(record, event)) is not None:
                histogram.record(size, attributes)

    def on_connection(self, event: ConnectionEvent) -> None:
        """Measure a connection that is over: for the argument `on_connection` of a pool."""
        if event.kind != "closed":
            return
        attributes = _address(event.connection.origin)
        attributes |= _version(event.connection.http_version)
        self._connection_duration.record(max(event.age, 0.0), attributes)

    def _attributes(self, record: RequestRecord) -> Attributes:
        attributes = _address(record.url)
        attributes["http.request.method"] = record.method if record.method in self._methods else "_OTHER"
        attributes |= _version(record.http_version)
        if record.status is not None:
            attributes["http.response.status_code"] = record.status
        if (error := _error_type(record)) is not None:
            attributes["error.type"] = error
        return attributes


def _address(url: str) -> Attributes:
    """The attributes of an origin. The URL is that of a request that a pool has accepted, or of a pool's origin."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return {}
    address: Attributes = {"url.scheme": parts.scheme, "server.address": parts.hostname or ""}
    if port is None:
        port = _DEFAULT_PORTS.get(parts.scheme)
    if port is not None:
        address["server.port"] = port
    return address


def _version(http_version: str | None) -> Attributes:
    return {"network.protocol.version": http_version.rpartition("/")[2]} if http_version else {}


def _error_type(record: RequestRecord) -> str | None:
    """The class of the exception, or a status of 400 and above, as the conventions want it of clients."""
    if record.error is not None:
        return record.error.type
    if record.cancelled:
        return "cancelled"
    if record.status is not None and record.status >= 400:
        return str(record.status)
    return None


def _body_size(record: RequestRecord, event: str) -> int | None:
    for _, name, info in reversed(record.events):
        if name == event:
            return int(info["body_bytes"])
    return None


class _Pools:
    """The pools that are watched, and the instruments that ask them when metrics are collected."""

    def __init__(self, meter: Meter) -> None:
        self._watched: list[weakref.ref[_Pool]] = []
        for gauge in _GAUGES:
            meter.create_observable_up_down_counter(gauge.name, [self._asking(gauge)], gauge.unit, gauge.description)
        for total in _TOTALS:
            meter.create_observable_counter(total.name, [self._totalling(total)], total.unit, total.description)

    def add(self, pool: _Pool) -> None:
        with _LOCK.lock:
            watched = [reference for reference in self._watched if reference() not in (None, pool)]
            self._watched = [*watched, weakref.ref(pool)]

    def _asking(self, what: _Instrument) -> Callable[[CallbackOptions], Iterator[Observation]]:
        """A callback. Pools that measure the same, such as two with connections to one origin, are added up."""

        def ask(_: CallbackOptions) -> Iterator[Observation]:
            sums: _Sums = {}
            for reference in self._watched:
                if (pool := reference()) is not None:
                    _add(sums, _values(what, pool))
            yield from _observations(sums)

        return ask

    def _totalling(self, what: _Instrument) -> Callable[[CallbackOptions], Iterator[Observation]]:
        """A callback for what must never shrink: what pools have said last is counted when they are gone, too."""
        last: dict[weakref.ref[_Pool], _Sums] = {}
        gone: _Sums = {}

        def ask(_: CallbackOptions) -> Iterator[Observation]:
            with _LOCK.lock:
                for reference in self._watched:
                    if (pool := reference()) is not None:
                        last[reference] = _values(what, pool)
                for reference in [reference for reference in last if reference() is None]:
                    _add(gone, last.pop(reference))
                sums = dict(gone)
                for values in last.values():
                    _add(sums, values)
            yield from _observations(sums)

        return ask


def _values(what: _Instrument, pool: _Pool) -> _Sums:
    values: _Sums = {}
    for value, attributes in what.ask(pool):
        _add(values, {tuple(sorted(attributes.items())): value})
    return values


def _add(sums: _Sums, values: _Sums) -> None:
    for key, value in values.items():
        sums[key] = sums.get(key, 0) + value


def _observations(sums: _Sums) -> Iterator[Observation]:
    for key, value in sums.items():
        yield Observation(value, dict(key))


class _Instrument(NamedTuple):
    name: str
    unit: str
    description: str
    ask: Callable[[_Pool], Iterable[tuple[int, Attributes]]]


def _open_connections(pool: _Pool) -> Iterator[tuple[int, Attributes]]:
    for origin, stats in pool.stats(by_origin=True).items():
        address = _address(origin)
        yield stats.connections_active, {**address, "http.connection.state": "active"}
        yield stats.connections_idle, {**address, "http.connection.state": "idle"}


def _active_requests(pool: _Pool) -> Iterator[tuple[int, Attributes]]:
    for origin, stats in pool.stats(by_origin=True).items():
        yield stats.requests_active + stats.requests_queued, _address(origin)


def _queued_requests(pool: _Pool) -> Iterator[tuple[int, Attributes]]:
    for origin, stats in pool.stats(by_origin=True).items():
        yield stats.requests_queued, _address(origin)


def _opened(pool: _Pool) -> Iterator[tuple[int, Attributes]]:
    yield pool.stats().opened, {}


def _reused(pool: _Pool) -> Iterator[tuple[int, Attributes]]:
    yield pool.stats().reused, {}


def _closed(pool: _Pool) -> Iterator[tuple[int, Attributes]]:
    for reason, count in pool.stats().closed.items():
        yield count, {"httpcore.close.reason": reason}


_GAUGES = (
    _Instrument(
        "http.client.open_connections",
        "{connection}",
        "Number of outbound HTTP connections that are currently active or idle on the client.",
        _open_connections,
    ),
    _Instrument("http.client.active_requests", "{request}", "Number of active HTTP requests.", _active_requests),
    _Instrument("httpcore.pool.queued_requests", "{request}", "Requests that wait for a connection.", _queued_requests),
)
_TOTALS = (
    _Instrument("httpcore.pool.opened_connections", "{connection}", "Connections that were opened.", _opened),
    _Instrument("httpcore.pool.reused_connections", "{request}", "Requests that found a connection.", _reused),
    _Instrument("httpcore.pool.closed_connections", "{connection}", "Connections that left the pool.", _closed),
)
