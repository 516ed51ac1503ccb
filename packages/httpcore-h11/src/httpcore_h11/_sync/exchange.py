# Generated from ../_async/exchange.py by tools/make_sync.py: edit that file, then run it.
"""One request and its response on a connection: sends the request, and receives the head of the response."""

import contextlib
import logging
from typing import Any

from httpcore_models import (
    ByteStream,
    Lease,
    NetworkStream,
    ReadError,
    RemoteProtocolError,
    Request,
    Response,
    ResponseStream,
    WriteError,
    WriteTimeout,
)
from httpcore_models.concurrency import Shield, forks
from httpcore_models.lowlevel import (
    RequestLimits,
    Retryable,
    Tracer,
    begin_limits,
    get_tracer,
    mark_retryable,
    received_response,
)

from .._bodies import PART_SIZE, InMemoryBody
from .._events import NEED_DATA, InformationalResponse, ResponseHead
from .lifecycle import Lifecycle
from .upload import Upload

_logger = logging.getLogger("httpcore.http11")

_NO_TIMEOUTS: dict[str, float | None] = {}


class Exchange(ResponseStream):
    """Sends one request, receives the head of its response, and ends the exchange if either fails.

    The response's body is the same object, to save an allocation: `HTTP11Body` continues this class.
    """

    # Defaults for all exchanges, since most of them keep these values.
    _closed = True  # until there is a response
    _tracer: Tracer | None = None
    _timeouts = _NO_TIMEOUTS
    _limits: RequestLimits | None = None  # if there is a limit for the whole request
    # What the observer is told about the response.
    _header_bytes = 0
    _body_bytes = 0
    _end_observed = False

    def __init__(self, connection: object, lifecycle: Lifecycle, request: Request) -> None:
        """`connection` is kept for programs that reach it through the body of the response; see `LegacyBody`."""
        self._connection = connection
        self._lifecycle = lifecycle
        self._engine = lifecycle.engine
        self._request = request
        # These are read once in each exchange. A default of the class would take longer to look up than to set.
        self.leading_data: bytes | None = None
        self.lease: Lease | None = None

    # Sending.

    def send_request(self) -> None:
        """Send the request, or as much of it as the server wants to have."""
        request, lifecycle = self._request, self._lifecycle
        if forks.count != lifecycle.forks:
            raise WriteError(f"The connection belongs to another process ({lifecycle.origin})")
        tracer = self._tracer = get_tracer(_logger, request)
        self._timeouts = request.extensions.get("timeout", _NO_TIMEOUTS)
        timeout = self._timeouts.get("write")
        if "total" in self._timeouts:
            limits = self._limits = begin_limits(self._timeouts)
            timeout = timeout if limits is None else limits.to_write(lifecycle.origin)
        if tracer is None and type(request.stream) is ByteStream:
            content = request.stream.content
            if len(content) <= PART_SIZE:
                data = self._engine.start_request(request.method, request.url.target, request.headers, content)
                try:
                    lifecycle.stream.write(data, timeout)
                except (WriteError, WriteTimeout) as exc:
                    upload = Upload(lifecycle.stream, self._engine, timeout, lifecycle.origin)
                    if not self._may_be_answered_after(exc, upload):
                        raise
                    return
                if not self._engine.awaits_continue:
                    return
        counts = tracer is not None and tracer.observer is not None
        upload = Upload(lifecycle.stream, self._engine, timeout, lifecycle.origin, self._limits, counts)
        try:
            if self._engine.awaits_continue:  # the head is sent
                upload.send_body(request)
            elif tracer is None:
                upload.send_head(request, isinstance(request.stream, InMemoryBody))
                upload.send_body(request)
            else:
                info = {"request": request}
                tracer.run("send_request_headers", info, upload.send_head, request)
                tracer.run("send_request_body", info, upload.send_body, request)
        except (ReadError, RemoteProtocolError, WriteError, WriteTimeout) as exc:
            is_own = exc is upload.failure  # and not raised by the body
            if not is_own or not self._may_be_answered_after(exc, upload):
                raise
        finally:
            upload.failure = None  # breaks a cycle: its traceback refers to the upload
        if tracer is not None:
            tracer.observe("request.sent", {"header_bytes": upload.head_size, "body_bytes": upload.body_size})

    def _may_be_answered_after(self, exc: Exception, upload: Upload) -> bool:
        """Record that sending the request failed with `exc`. Return whether there may be a response all the same."""
        if isinstance(exc, (ReadError, RemoteProtocolError)):
            if self._engine.at_end_of_stream:
                self._check_not_closed()
            self._mark_retryable(exc)
            return False
        if self._lifecycle.is_closed():  # a response would be to a part of the request
            origin = self._lifecycle.origin
            raise ReadError(f"The connection to {origin} was closed while a request was being sent.") from exc
        if isinstance(exc, WriteTimeout):
            refused = False
            with contextlib.suppress(ReadError, RemoteProtocolError):
                refused = upload.is_refused()
            if not refused:
                return False
        self._engine.send_failed()
        return True

    # Receiving.

    def receive_response(self) -> Response:
        """Return the response, whose body is this object.

        If it has ended HTTP on this connection, `leading_data` are the first bytes of the new protocol.
        """
        request, lifecycle, engine, tracer = self._request, self._lifecycle, self._engine, self._tracer
        # Made while the server is at work.
        extensions: dict[str, Any] = {
            "http_version": b"",
            "reason_phrase": b"",
            "network_stream": lifecycle.stream,
            "connection": lifecycle.connection_info,
        }
        timeout = self._timeout = self._timeouts.get("read")
        limits = self._limits
        if tracer is not None:
            tracer.report("receive_response_headers.started", {"request": request})
            if forks.count != lifecycle.forks:
                raise ReadError(f"The connection belongs to another process ({lifecycle.origin})")
        try:
            event = engine.next_event() if engine.response_begun else NEED_DATA
            while type(event) is not ResponseHead:
                if event is NEED_DATA:
                    if limits is not None:
                        timeout = limits.to_read(lifecycle.origin)
                    data = lifecycle.stream.read(lifecycle.read_size, timeout)
                    if not data:
                        self._check_not_closed()
                    engine.receive_data(data)
                elif tracer is not None and isinstance(event, InformationalResponse):
                    tracer.report("receive_informational_response.started", {"request": request})
                    tracer.report("receive_informational_response.complete", {"return_value": tuple(event)})
                event = engine.next_event()
        except BaseException as exc:
            if isinstance(exc, (ReadError, RemoteProtocolError)):
                self._mark_retryable(exc)
            if tracer is not None:
                tracer.report_failure("receive_response_headers", exc)
            raise
        if tracer is not None:
            tracer.report("receive_response_headers.complete", {"return_value": event.as_tuple()})
            self._header_bytes = event.size()
        extensions["http_version"] = event.http_version
        extensions["reason_phrase"] = event.reason
        if event.status == 101 or request.method == b"CONNECT":
            self.leading_data = engine.leading_data
            if self.leading_data is not None:
                self._observe_end(complete=True)
        # Not those of the response if they will hold a stream that holds this object, which would be a cycle.
        self._extensions = extensions if self.leading_data is None else {}
        self._closed = False
        return received_response(event.status, event.headers, self, extensions)

    def _observe_end(self, complete: bool) -> None:
        """Tell the observer, once, what was received: at the end of the response, or when the exchange ends."""
        if self._tracer is not None and not self._end_observed:
            self._end_observed = True
            self._tracer.observe(
                "response.received",
                {"header_bytes": self._header_bytes, "body_bytes": self._body_bytes, "complete": complete},
            )

    def _mark_retryable(self, exc: Exception) -> None:
        """Say on `exc` that the request may be sent again, if it may."""
        lifecycle = self._lifecycle
        if lifecycle.request_count > 1 and not self._engine.response_begun and lifecycle.is_active():
            # Most likely the server closed the idle connection just as it was used again.
            mark_retryable(exc, Retryable.IDEMPOTENT)

    def _check_not_closed(self) -> None:
        """At the end of stream: raise `ReadError` if it was this side that closed the connection."""
        if self._lifecycle.is_closed():
            origin = self._lifecycle.origin
            raise ReadError(f"The connection to {origin} was closed while a response was being received.")

    # Ending.

    def fail(self, reason: BaseException) -> None:
        """End the exchange of a request that failed or was interrupted with `reason`, by closing the connection."""
        lifecycle, tracer = self._lifecycle, self._tracer
        self._closed = True
        lifecycle.close_reason = "failed" if isinstance(reason, Exception) else "cancelled"
        try:
            with Shield():
                if tracer is None:
                    lifecycle.close()
                else:
                    tracer.run("response_closed", {}, lifecycle.close)
        finally:
            # The callback may have raised or taken too long, or a signal handler may have raised.
            if lifecycle.is_active():
                with Shield():
                    lifecycle.close()

    def give_stream_away(self) -> None:
        """After a switch of protocols: end the exchange, and with it the connection, but leave its stream open."""
        self._closed = True
        self._lifecycle.give_stream_away()

    def replace_stream(self, stream: NetworkStream) -> None:
        """After a switch of protocols: replace the connection's stream by `stream`, which wraps it."""
        self._lifecycle.stream = stream
