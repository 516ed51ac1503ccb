# Generated from ../_async/network.py by tools/make_sync.py: edit that file, then run it.
"""How the requests on a connection share its network stream: who reads, who writes, who waits.

Nobody is in charge. Whoever needs something from the server and finds that nobody reads becomes the reader: it reads
once, hands what came to the engine, wakes those whose streams have something new, and looks again. When it has what
it needed, or gives up, it passes the role on to one of those that wait. So a request reads with its own timeout, and
its cancellation is nobody else's business.

Whoever has made the engine produce bytes writes all there are. The bytes are taken under the lock for writing, so they
leave in the order in which the engine made them.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from httpcore_models import NetworkStream, ReadError, ReadTimeout, WriteError, WriteTimeout
from httpcore_models.concurrency import Event

from .._engine import Engine
from .._events import Failure, RemoteSettingsChanged
from .._streams import Stream

if TYPE_CHECKING:
    from .exchange import Exchange

# How often a catch-up reads at the most: a server that sends without end must not keep it from ending.
_CATCH_UP_READS = 16


class SharedStream:
    """The network stream of a connection, for all of its requests."""

    def __init__(
        self,
        stream: NetworkStream,
        engine: Engine,
        lock: threading.Lock,
        read_size: int,
        peer: str,
        ping_interval: float | None,
        ping_timeout: float,
    ) -> None:
        """`lock` guards `engine`; `ping_interval` and `ping_timeout` are in seconds."""
        self._stream = stream
        self._engine = engine
        self._lock = lock
        self._read_size = read_size
        self._peer = peer
        self._ping_interval = ping_interval
        self._ping_timeout = ping_timeout
        self._writing = False
        # Whether the stream keeps something that an interrupted write has left.
        self._interrupted = False
        self._writers: dict[Event, None] = {}
        # A token of whoever reads.
        self._reader: object | None = None
        # Who waits: for a part of a response, by stream; for credit, by stream; for a stream, by exchange.
        self._receivers: dict[Stream, Event] = {}
        self._senders: dict[Stream, Event] = {}
        self._newcomers: dict[Exchange, Event] = {}
        self._unreported: list[RemoteSettingsChanged] = []

    # Writing.

    def flush(self, timeout: float | None) -> None:
        """Write what the engine has to send. Raises `WriteError`, or `WriteTimeout`, for waiting behind others too.

        Whoever writes goes on until there is nothing left, so that those who wait meanwhile need not.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (data := self._begin_writing()) is None:
            self._wait_for_writer(timeout, deadline)
        try:
            while data or self._interrupted:
                self._write(data, timeout)
                data = self._continue_writing()
        except BaseException:
            with self._lock:
                self._end_writing()
            raise

    def _begin_writing(self) -> bytes | None:
        """Become the writer and return what to write first, if anything; `None` if somebody else writes."""
        with self._lock:
            if self._writing:
                return None
            data = self._engine.bytes_to_send()
            self._writing = bool(data) or self._interrupted
            return data

    def _continue_writing(self) -> bytes:
        """Return what to write next; if there is nothing, the caller is the writer no more."""
        with self._lock:
            data = self._engine.bytes_to_send()
            if not data and not self._interrupted:
                self._end_writing()
            return data

    def _end_writing(self) -> None:
        self._writing = False
        while self._writers:
            self._writers.popitem()[0].set()

    def _wait_for_writer(self, timeout: float | None, deadline: float | None) -> None:
        with self._lock:
            if not self._writing:
                return
            done = Event()
            self._writers[done] = None
        remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            if not done.wait(remaining):
                raise WriteTimeout(f"Write timed out after {timeout:g} seconds ({self._peer})")
        finally:
            with self._lock:
                self._writers.pop(done, None)

    def _write(self, data: bytes, timeout: float | None) -> None:
        self._interrupted = False
        try:
            self._stream.write(data, timeout)
        except WriteError:
            with self._lock:
                self._engine.stop()
            raise
        except BaseException as exc:
            if self._stream.get_extra_info("keeps_unsent"):
                self._interrupted = True
            else:
                # A part of a frame may be on its way: nothing can follow it.
                with self._lock:
                    self._engine.fail(Failure("A write on this connection was interrupted", kind=WriteError, cause=exc))
                    self.wake_all()
            raise

    def flush_unless_writing(self, timeout: float | None) -> None:
        """Write on behalf of the connection if nobody else does, who would write this too.

        To wait for them could be for ever: a server may not read before somebody reads what it sends. A failure shows
        when something is read, or written for a request.
        """
        if not self._writing:
            with contextlib.suppress(WriteError, WriteTimeout):
                self.flush(timeout)

    # Waiting.

    def wait_for_event(self, exchange: "Exchange", stream: Stream) -> None:
        """Wait for a part of a response. Raises `ReadTimeout`."""
        self._wait(exchange, self._receivers, stream, lambda: self._engine.has_event(stream), exchange.read_timeout)

    def wait_for_credit(self, exchange: "Exchange", stream: Stream) -> None:
        """Wait until more of the body may be sent, or need not be. Raises `WriteTimeout`."""
        engine, timeout = self._engine, exchange.write_timeout
        try:
            self._wait(
                exchange,
                self._senders,
                stream,
                lambda: engine.send_credit(stream) > 0 or not engine.wants_body(stream),
                timeout,
            )
        except ReadTimeout as exc:
            raise WriteTimeout(
                f"Write timed out after {timeout:g} seconds: no flow control credit from {self._peer}"
            ) from exc

    def wait_for_settings(self, exchange: "Exchange", ready: Callable[[], bool], timeout: float | None) -> None:
        """Wait for what depends on the settings of the server or on other requests. Raises `ReadTimeout`.

        Only reads while no stream is open: a stream that is closed by its user is told to those who wait, and could
        not be told to one that reads.
        """
        self.catch_up()
        self._wait(exchange, self._newcomers, exchange, ready, timeout)

    def _wait(
        self,
        exchange: "Exchange",
        waiting: dict[Any, Event],
        key: object,
        ready: Callable[[], bool],
        timeout: float | None,
    ) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        remaining = timeout
        token = object()
        if self._engine.output_pending or self._interrupted:
            # Such as the answers to what a catch-up noted: the server may wait for them.
            self.flush_unless_writing(exchange.write_timeout)
        try:
            while True:
                event = None
                with self._lock:
                    if ready():
                        self._pass_on()
                        return
                    if self._reader is None and (waiting is not self._newcomers or not self._engine.open_streams):
                        self._reader = token
                    else:
                        event = waiting[key] = Event()
                if event is None:
                    self._read(exchange, remaining)
                elif not event.wait(remaining):
                    raise ReadTimeout(f"Read timed out after {timeout:g} seconds ({self._peer})")
                if deadline is not None:
                    remaining = max(0.0, deadline - time.monotonic())
        except BaseException:
            with self._lock:
                if self._reader is token:
                    self._reader = None
                waiting.pop(key, None)
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Let one of those who wait become the reader, if there is none. The lock is held."""
        if self._reader is not None:
            return
        newcomers = {} if self._engine.open_streams else self._newcomers
        everyone: tuple[dict[Any, Event], ...] = (self._receivers, self._senders, newcomers)
        for waiting in everyone:
            if waiting:
                waiting.pop(next(iter(waiting))).set()
                return

    def _wake(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            for waiting in (self._receivers, self._senders):
                event = waiting.pop(stream, None)
                if event is not None:
                    event.set()

    def wake(self, stream: Stream) -> None:
        """Let those who wait for the stream look again. The lock is held."""
        self._wake([stream])

    def wake_newcomers(self) -> None:
        """Let those who wait for a stream look again. The lock is held."""
        while self._newcomers:
            self._newcomers.popitem()[1].set()

    # Reading.

    def _read(self, exchange: "Exchange", timeout: float | None) -> None:
        """Read once, as the reader that the caller has become."""
        try:
            data = self._receive(exchange, timeout)
        except ReadError as exc:
            with self._lock:
                self._reader = None
                self._lost(exc)
            return
        with self._lock:
            # In one step: what is read next must not overtake this.
            self._reader = None
            self._received(data)
            answering = self._engine.output_pending or self._interrupted
            if answering:
                # Writing may take long, and others should not have to wait for it.
                self._pass_on()
        tracer, settings = exchange.tracer, self._unreported
        self._unreported = []
        if tracer is not None:
            for change in settings:
                tracer.report("receive_remote_settings.started", {})
                tracer.report("receive_remote_settings.complete", {"return_value": change})
        if answering:
            self.flush_unless_writing(exchange.write_timeout)

    def _receive(self, exchange: "Exchange", timeout: float | None) -> bytes:
        if self._ping_interval is None:
            return self._stream.read(self._read_size, timeout)
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            patience = self._ping_timeout if self._engine.ping_unanswered else self._ping_interval
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            if remaining is not None and remaining <= patience:
                return self._stream.read(self._read_size, remaining)
            try:
                return self._stream.read(self._read_size, patience)
            except ReadTimeout as exc:
                if self._engine.ping_unanswered:
                    raise ReadError(f"No answer to a PING within {patience:g} seconds ({self._peer})") from exc
            with self._lock:
                self._engine.ping()
            self.flush_unless_writing(self._ping_timeout)

    def _received(self, data: bytes) -> None:
        engine, before = self._engine, self._engine.open_streams
        streams, settings = engine.receive_data(data, time.monotonic())
        self._unreported += settings
        self._wake(streams)
        if settings or engine.open_streams < before or not engine.usable:
            self.wake_newcomers()

    def _lost(self, exc: ReadError) -> None:
        self._engine.fail(Failure(str(exc), kind=type(exc), cause=exc), disconnected=True)
        self.wake_all()

    def wake_all(self) -> None:
        """Let all who wait look again. The lock is held."""
        self._wake([*self._receivers, *self._senders])
        self.wake_newcomers()

    def catch_up(self) -> None:
        """Take note of what came while nobody was reading, without waiting: the end of the connection, above all."""
        receive: Callable[[int], bytes | None] | None = getattr(self._stream, "receive_nowait", None)
        if receive is None:
            return
        with self._lock:
            # Before the preface there is nothing to note: an answer to it would be sent first.
            if self._reader is not None or not self._engine.started:
                return
            if not self._stream.get_extra_info("is_readable"):
                return
            try:
                for _ in range(_CATCH_UP_READS):
                    data = receive(self._read_size)
                    if data is None:
                        return
                    self._received(data)
                    if not data:
                        return
            except ReadError as exc:
                self._lost(exc)
