# Generated from ../_async/shared_stream.py by tools/make_sync.py: edit that file, then run it.
"""How the requests on a connection share its network stream: who reads, who waits.

Nobody is in charge. Whoever needs something from the server and finds that nobody reads becomes the reader: it reads
once, hands what came to the engine, wakes those whose streams have something new, and looks again. When it has what
it needed, or gives up, it passes the role on to one of those that wait. So a request reads with its own timeout, and
its interruption is nobody else's business.

Nobody waits while there is something to be sent that nobody sends: the server may be waiting for that.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from httpcore_models import NetworkStream, PoolTimeout, ReadError, ReadTimeout, WriteError, WriteTimeout
from httpcore_models.concurrency import Event
from httpcore_models.lowlevel import optional_method

from .._engine import Engine
from .._events import Failure, RemoteSettingsChanged
from .._streams import Stream
from .writing import PATIENCE, Writer, is_resumable

if TYPE_CHECKING:
    from .exchange import Exchange

# How often a catch-up reads at the most: a server that sends without end must not keep it from ending.
_CATCH_UP_READS = 16

# How many changes of settings are remembered until somebody can be told.
_MAX_UNREPORTED = 64

# How often, in seconds, whoever reads looks whether somebody else who writes has given up.
_LOOK_AGAIN = 1.0


class SharedStream(Writer):
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
        super().__init__(stream, engine, lock, peer)
        self._receive_nowait: Callable[[int], bytes | None] | None = optional_method(
            stream, "receive_nowait", instead_of="read"
        )
        self._read_size = read_size
        self._ping_interval = ping_interval
        self._ping_timeout = ping_timeout
        # When something arrived, or a PING was sent, for the last time.
        self._silent_since = 0.0
        # A token of whoever reads, which is like no other; and for which request that is.
        self._reader: object | None = None
        self._reads_for: Exchange | None = None
        # Who waits: for a part of a response, by stream; for credit, by stream; for a stream, by exchange.
        self._receivers: dict[Stream, Event] = {}
        self._senders: dict[Stream, Event] = {}
        self._newcomers: dict[Exchange, Event] = {}
        self._unreported: deque[RemoteSettingsChanged] = deque(maxlen=_MAX_UNREPORTED)

    # Waiting.

    def wait_for_event(self, exchange: "Exchange", stream: Stream) -> None:
        """Wait for a part of a response. Raises `ReadTimeout`."""
        engine, timeout = self._engine, exchange.read_timeout
        if not self._wait(exchange, self._receivers, stream, lambda: engine.has_event(stream), timeout):
            self.report()
            raise ReadTimeout(
                f"The read operation timed out after {timeout:g} seconds ({self._peer})"
            ) from TimeoutError()

    def wait_for_credit(self, exchange: "Exchange", stream: Stream) -> None:
        """Wait until more of the body may be sent, or need not be. Raises `WriteTimeout`."""
        engine, timeout = self._engine, exchange.write_timeout

        def ready() -> bool:
            return engine.send_credit(stream) > 0 or not engine.wants_body(stream)

        if not self._wait(exchange, self._senders, stream, ready, timeout):
            self.report()
            text = f"The write operation timed out after {timeout:g} seconds: no flow control credit from {self._peer}"
            raise WriteTimeout(text) from TimeoutError()

    def wait_for_settings(self, exchange: "Exchange", ready: Callable[[], bool], timeout: float | None) -> None:
        """Wait for what depends on the settings of the server or on other requests. Raises `PoolTimeout`.

        Only reads while no stream is open: a stream that is closed by its user is told to those who wait, and could
        not be told to one that reads.
        """
        self.catch_up()
        if not self._wait(exchange, self._newcomers, exchange, ready, timeout):
            raise PoolTimeout(
                f"Pool timed out after {timeout:g} seconds: no stream to {self._peer} became available "
                f"({self._engine.open_streams} in use)"
            ) from TimeoutError()

    def _wait(
        self,
        exchange: "Exchange",
        waiting: dict[Any, Event],
        key: object,
        ready: Callable[[], bool],
        timeout: float | None,
    ) -> bool:
        """Return true once `ready` says so, and false after `timeout` seconds."""
        since = time.monotonic()
        deadline = None if timeout is None else since + timeout
        remaining = timeout
        arrivals = self._arrivals
        token = object()
        in_time = can_send = True
        try:
            while True:
                event = None
                pending = self._outgoing or self._unsent or self._interrupted
                sending = pending and can_send and self._writer is None
                with self._lock:
                    if ready() or not in_time:
                        waiting.pop(key, None)
                        if self._receivers or self._senders or self._newcomers:
                            self._pass_on()
                        if in_time or ready():
                            return True
                        # A tunnel may well be silent, and to wait for a stream is to wait for other requests.
                        if waiting is not self._newcomers and not exchange.is_tunnel:
                            self._judge(arrivals)
                        return False
                    if sending:
                        pass
                    elif self._reader is None and (waiting is not self._newcomers or not self._engine.open_streams):
                        self._reader = token
                        self._reads_for = exchange
                    else:
                        event = waiting[key] = Event()
                if sending:
                    can_send = self._send_while_waiting(exchange, ready, remaining)
                elif event is None:
                    in_time = self._read(exchange, remaining, since)
                    can_send = True
                elif waiting is self._newcomers:
                    in_time = self._wait_for_room(event, remaining)
                else:
                    in_time = event.wait(remaining)
                if deadline is not None:
                    remaining = deadline - time.monotonic()
                    in_time = in_time and remaining > 0
                    if not in_time:
                        self._look_once_more()
        except BaseException as exc:
            with self._lock:
                if self._reader is token:
                    self._reader = None
                    if not is_resumable(exc):
                        self._lost(ReadError(f"A read on this connection was interrupted ({self._peer})"), exc)
                waiting.pop(key, None)
                if isinstance(exc, ReadTimeout) and waiting is not self._newcomers and not exchange.is_tunnel:
                    self._judge(arrivals)
                self._pass_on()
            raise

    def _send_while_waiting(self, exchange: "Exchange", ready: Callable[[], bool], timeout: float | None) -> bool:
        """Send what is to be sent, and receive meanwhile; return whether that can go on until something arrives."""
        if self._write_until_readable is None:
            self.flush_unless_writing(exchange.write_timeout)
            return False
        with contextlib.suppress(WriteError, WriteTimeout):
            self.flush(timeout, enough=ready)
        return True

    def _wait_for_room(self, event: Event, timeout: float | None) -> bool:
        """Wait for the end of another request; return false if `timeout` is over."""
        limit = _LOOK_AGAIN if timeout is None else min(timeout, _LOOK_AGAIN)
        in_time = event.wait(limit) or limit != timeout
        # What was dropped while somebody held the lock has woken nobody.
        self.end_dropped()
        return in_time

    def _look_once_more(self) -> None:
        """Before giving up: a program that was busy or stopped finds that its time is over while all has arrived."""
        # Whoever reads may be due in the same turn of the event loop.
        self.catch_up()

    def _pass_on(self) -> None:
        """Let one of those who wait become the reader, if there is none. The lock is held."""
        if self._reader is not None:
            return
        newcomers = {} if self._engine.open_streams else self._newcomers
        everyone: tuple[dict[Any, Event], ...] = (self._receivers, self._senders, newcomers)
        for waiting in everyone:
            if waiting:
                _set(waiting, next(iter(waiting)))
                return

    def _wake(self, streams: Iterable[Stream]) -> None:
        if self._receivers or self._senders:
            for stream in streams:
                self.wake(stream)

    def wake(self, stream: Stream) -> None:
        """Let those who wait for the stream look again. The lock is held."""
        for waiting in (self._receivers, self._senders):
            if stream in waiting:
                _set(waiting, stream)

    def wake_newcomers(self) -> None:
        """Let those who wait for a stream look again. The lock is held."""
        while self._newcomers:
            _set(self._newcomers, next(iter(self._newcomers)))

    # Reading.

    def _read(self, exchange: "Exchange", timeout: float | None, since: float) -> bool:
        """Read once, as the reader that the caller has become; return false if there was nothing in time.

        The caller waits `since` then, on the monotonic clock.
        """
        limit = timeout
        if self._writer is not None or self._outgoing or self._unsent or self._interrupted:
            # If whoever writes gives up, the rest is ours to send.
            limit = _LOOK_AGAIN if timeout is None else min(timeout, _LOOK_AGAIN)
        try:
            data = self._receive(limit, since)
        except ReadTimeout:
            with self._lock:
                self._reader = None
            if limit is None:
                # The stream has a limit of its own.
                raise
            return limit != timeout
        except ReadError as exc:
            with self._lock:
                self._lost(exc, exc)
                self._reader = None
            self.report()
            return True
        with self._lock:
            # In one step: what is read next must not overtake this.
            self._received(data)
            settings = list(self._unreported)
            self._unreported.clear()
            self._reader = None
            answering = self._outgoing or self._unsent or self._interrupted
            if answering:
                # Writing may take long, and others should not have to wait for it.
                self._pass_on()
        if settings or not self._engine.usable:
            self.report()
        if exchange.tracer is not None:
            for change in settings:
                exchange.tracer.report("receive_remote_settings.started", {})
                exchange.tracer.report("receive_remote_settings.complete", {"return_value": change})
        if answering:
            self.flush_unless_writing(exchange.write_timeout)
        return True

    def _receive(self, timeout: float | None, since: float) -> bytes:
        if self._ping_interval is None:
            return self._stream.read(self._read_size, timeout)
        now = time.monotonic()
        deadline = None if timeout is None else now + timeout
        while True:
            # Counted over all reads of a wait, which may be short ones.
            patience = self._ping_timeout if self._engine.ping_unanswered else self._ping_interval
            patience = max(0.0, max(self._silent_since, since) + patience - now)
            remaining = None if deadline is None else max(0.0, deadline - now)
            if remaining is not None and remaining <= patience:
                return self._stream.read(self._read_size, remaining)
            try:
                return self._stream.read(self._read_size, patience)
            except ReadTimeout as exc:
                if self._engine.ping_unanswered:
                    text = f"No answer to a PING within {self._ping_timeout:g} seconds ({self._peer})"
                    raise ReadError(text) from exc
            with self._lock:
                self._engine.ping()
                self._silent_since = now = time.monotonic()
            self.flush_unless_writing(self._ping_timeout)

    def _received(self, data: bytes) -> None:
        engine, before = self._engine, self._engine.open_streams
        self._arrivals += 1
        self._silent_since = now = time.monotonic()
        streams, settings = engine.receive_data(data, now)
        self._unreported += settings
        self._wake(streams)
        if not engine.usable and engine.failed:
            self.wake_all()
        elif settings or not engine.usable:
            self.on_change()
        if self._newcomers and (settings or engine.open_streams < before or not engine.usable):
            self.wake_newcomers()
        if self._writers or self._has_read is not None:
            self._wake_writers()

    def _lost(self, error: ReadError, cause: BaseException) -> None:
        self._engine.fail(Failure(str(error), kind=type(error), cause=cause), disconnected=True)
        self.wake_all()

    def is_read_for(self, exchange: "Exchange") -> bool:
        """Whether it is for this request that somebody waits for the network."""
        return self._reader is not None and self._reads_for is exchange

    def wake_all(self) -> None:
        """Let all who wait look again. The lock is held."""
        self.on_change()
        self._wake([*self._receivers, *self._senders])
        self.wake_newcomers()
        self._wake_writers()

    def catch_up(self) -> None:
        """Take note of what came while nobody was reading, without waiting: the end of the connection, above all."""
        with self._lock:
            # Before the preface there is nothing to note: an answer to it would be sent first.
            if self._receive_nowait is None or self._reader is not None or not self._engine.started:
                return
            if self._stream.get_extra_info("is_readable"):
                self._take_in(self._receive_nowait)

    def _receive_meanwhile(self, arrivals: int) -> None:
        """Take in what has come while somebody writes, or let whoever reads do so."""
        with self._lock:
            if self._arrivals != arrivals:
                return
            if self._reader is None and self._receive_nowait is not None:
                self._take_in(self._receive_nowait)
                return
            self._has_read = event = Event()
        # What there was may have been a message of TLS, which is no news.
        event.wait(PATIENCE)

    def _take_in(self, receive: Callable[[int], bytes | None]) -> None:
        token = object()
        try:
            self._reader = token
            for _ in range(_CATCH_UP_READS):
                data = receive(self._read_size)
                if data is not None:
                    self._received(data)
                if not data:
                    break
            self._reader = None
        except ReadError as exc:
            self._lost(exc, exc)
            self._reader = None
        except BaseException as exc:
            if self._reader is token:
                self._reader = None
                self._lost(ReadError(f"A read on this connection was interrupted ({self._peer})"), exc)
            raise


def _set(waiting: dict[Any, Event], key: object) -> None:
    """Wake who waits, and forget them only then: an exception in between must not make them wait for ever.

    Responses are dropped in any thread: wherever the garbage collector runs.
    """
    waiting[key].wake()
    del waiting[key]
