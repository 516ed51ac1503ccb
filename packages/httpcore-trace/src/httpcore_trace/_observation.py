"""What is called for each event of a request, and keeps its record up to date."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from ._compact import compact, recorded_error, response_head, text, url_text
from ._lifecycle import Lifecycle
from ._record import RequestRecord
from ._redaction import redacted_headers, redacted_url

Observe = Callable[[str, dict[str, Any]], None]
Headers = Iterable[tuple[bytes, bytes]]

# A record keeps this many events, and then only those that matter for its phases: a server or an upload can cause any
# number of the others, whose names these are, without the protocol.
MOST_EVENTS = 1000
_REPEATED = ("window_wait.", "receive_remote_settings.", "receive_informational_response.")
# What comes first when another request begins, in case its extensions are those of an earlier one.
_FIRST = (
    "pool.assigned",
    "connection_pool.wait_for_connection.started",
    "connection.connect_tcp.started",
    "connection.connect_unix_socket.started",
)
# Failures of these are part of something else, whose outcome is reported too.
_FACTS = ("connect.", "tls.", "proxy.hop.", "connection.wait.", "http2.window_wait.", "http3.window_wait.")
_VERSIONS = {"http2": "HTTP/2", "http3": "HTTP/3"}


class Observation:
    """The `observe` extension of one request. If the same one is given to a later request, that gets its own record."""

    def __init__(self, recorder: Lifecycle, forward: Observe | None = None) -> None:
        self.recorder = recorder
        self.forward = forward  # the program's own
        self._record: RequestRecord | None = None
        self._known: tuple[str, str, Headers] = ("", "", ())
        self._hops = 0  # within which the requests to proxies are
        self._is_tunnel = False
        self._has_response = False
        self._is_left = False

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        """Record one event. Raises what the program's own `observe` extension raises."""
        now = time.perf_counter()
        name = event.partition(".")[2]  # without the protocol
        record = self._record
        if record is None or (record.ended is not None and (event in _FIRST or name == "send_request_headers.started")):
            record = self.begin(*self._known, now)
        kept = compact(name, info)
        self._note(record, event, name, info)
        if self._is_tunnel and name == "send_request_headers.started":
            kept["tunnel"] = True
        if len(record.events) < MOST_EVENTS or not name.startswith(_REPEATED):
            record.events.append((now, event, kept))
        if event == "request.failed" or (name == "response_closed.complete" and self._is_last(record)):
            self.recorder.ended(record, now)
        if self.forward is not None:
            self.forward(event, info)

    def prepare(self, method: str, url: str, headers: Headers) -> None:
        """Keep what is known about the request, until the first event begins its record."""
        self._known = (method, url, headers)

    def begin(self, method: str, url: str, headers: Headers = (), now: float | None = None) -> RequestRecord:
        """Begin the record of a request. What is not known yet is taken from its events."""
        record = RequestRecord(method, redacted_url(url), request_headers=redacted_headers(headers))
        record.started = time.perf_counter() if now is None else now
        self._record = record
        self._hops = 0
        self._is_tunnel = self._has_response = self._is_left = False
        self.recorder.started(record)
        return record

    def leave(self, cancellation: BaseException | None = None) -> None:
        """Record that the program leaves the response without having used all of it, which will be closed next."""
        self._is_left = True
        if cancellation is None or isinstance(cancellation, GeneratorExit):  # a generator of the program was closed
            return
        if self._record is not None and self._record.ended is None:
            _set_error(self._record, cancellation)

    def fail(self, exception: BaseException) -> None:
        """Record that the request failed, and for good."""
        record = self._record
        if record is not None and record.ended is None:
            if not self._is_left:
                _set_error(record, exception)
            self.recorder.ended(record, time.perf_counter())

    def answered(self, response: Any) -> None:
        """Take what no event has told from the response: other implementations of connections may report none."""
        record = self._record
        if record is None:
            return
        connection = response.extensions.get("connection")
        if record.connection is None and isinstance(connection, httpcore.ConnectionInfo):
            self._note_connection(record, connection)
        if record.status is None:
            version = response.extensions.get("http_version")
            record.http_version = None if version is None else text(version)
            record.status = response.status
            record.response_headers = redacted_headers(response.headers)

    def finish(self) -> None:
        """Record that the request is over, in case that no event has told so."""
        record = self._record
        if record is not None:
            self.recorder.ended(record, time.perf_counter())

    def __del__(self) -> None:
        record = self._record
        if record is not None and record.ended is None:
            self.recorder.dropped(record, record.started + record.duration)

    def _note(self, record: RequestRecord, event: str, name: str, info: dict[str, Any]) -> None:
        """Take what belongs into the fields of the record."""
        if name == "send_request_headers.started":
            self._note_request(record, info["request"])
        elif name == "receive_response_headers.complete":
            self._note_response(record, event.partition(".")[0], info["return_value"])
        elif event == "pool.assigned":
            record.reused = info["reused"]
            record.connection_id = info["connection_id"]
            record.connection = info.get("connection") or self.recorder.connections.get(record.connection_id)
        elif event == "connection.opened":
            self._note_connection(record, info["connection"])
        elif event == "request.sent":
            record.sent_bytes = info["header_bytes"] + info["body_bytes"]
        elif event == "response.received":
            record.received_bytes = info["header_bytes"] + info["body_bytes"]
        elif event.startswith("proxy.hop."):
            self._hops += 1 if name == "hop.started" else -1
        if "exception" in info and not event.startswith(_FACTS):
            # Who leaves a loop over the body closes the iterator.
            if name != "receive_response_body.failed" or not isinstance(info["exception"], GeneratorExit):
                _set_error(record, info["exception"])
        elif record.error is not None and name.endswith("started") and name != "response_closed.started":
            record.error, record.cancelled = None, False  # it goes on

    def _note_connection(self, record: RequestRecord, connection: httpcore.ConnectionInfo) -> None:
        record.connection = connection
        record.connection_id = connection.id
        self.recorder.remember(connection)

    def _note_request(self, record: RequestRecord, request: Any) -> None:
        method = text(request.method)
        self._is_tunnel = self._hops > 0 or (method == "CONNECT" and record.method not in ("", "CONNECT"))
        if not self._is_tunnel:
            record.method = method
            record.request_headers = redacted_headers(request.headers)
            self._has_response = False
            if not record.url:
                record.url = redacted_url(url_text(request.url))

    def _note_response(self, record: RequestRecord, protocol: str, value: Any) -> None:
        if not self._is_tunnel:
            record.status, record.reason, headers = response_head(value)
            record.http_version = text(value[0]) if len(value) == 4 else _VERSIONS.get(protocol)
            record.response_headers = redacted_headers(headers)
            self._has_response = True

    def _is_last(self, record: RequestRecord) -> bool:
        """Whether the response that was closed is the one that the program got: the request is not sent again."""
        expects = record.status == 417 and any(name.lower() == b"expect" for name, _ in record.request_headers)
        return self._has_response and not expects


def _set_error(record: RequestRecord, exception: BaseException) -> None:
    record.error = recorded_error(exception)
    record.cancelled = not isinstance(exception, Exception)
