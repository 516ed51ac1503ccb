# Generated from ../_async/reading.py by tools/make_sync.py: edit that file, then run it.
"""Taking in what the server sends, without waiting for it."""

import threading
import time
from collections import deque
from collections.abc import Callable

from httpcore_models import NetworkStream, ReadError
from httpcore_models.concurrency import Event
from httpcore_models.lowlevel import optional_method

from .._engine import Engine
from .._events import Failure, RemoteSettingsChanged
from .._resumable import is_resumable
from .._stream import Stream
from .waiters import Waiters

# How often a catch-up reads at most: a server that sends without end must not keep it from ending.
_CATCH_UP_READS = 16

# How many changes of settings are remembered until they can be reported.
_MAX_UNREPORTED = 64

# How long, in seconds, a write waits for another thread to receive what blocks it.
_RECEIPT_TIMEOUT = 0.01


class Reader:
    """The receiving side of a network stream that exchanges share."""

    def __init__(
        self,
        stream: NetworkStream,
        engine: Engine,
        lock: threading.Lock,
        waiters: Waiters,
        read_size: int,
        peer: str,
        ping_interval: float | None,
        ping_timeout: float,
    ) -> None:
        """`lock` guards `engine`, `waiters` and everything here. The interval and the timeout are in seconds."""
        self._stream = stream
        self._engine = engine
        self._lock = lock
        self._waiters = waiters
        self._read_size = read_size
        self._peer = peer
        self._receive_nowait: Callable[[int], bytes | None] | None = optional_method(
            stream, "receive_nowait", instead_of="read"
        )
        #: A unique token of the thread that reads, and the stream on whose behalf it does.
        self.holder: object | None = None
        self.reads_for: Stream | None = None
        #: For how many seconds the server may be silent until it gets a PING, if there is a limit.
        self.ping_interval: float | None = ping_interval
        self._ping_timeout = ping_timeout
        #: How often something has arrived, and the time of the last arrival or PING on the monotonic clock.
        self.arrivals: int = 0
        self.silent_since: float = 0.0
        #: Changes of settings that were not traced yet.
        self.unreported: deque[RemoteSettingsChanged] = deque(maxlen=_MAX_UNREPORTED)

    @property
    def can_receive_nowait(self) -> bool:
        """Whether the network stream can be read without waiting."""
        return self._receive_nowait is not None

    def is_held_for(self, stream: Stream) -> bool:
        """Whether a thread waits for the network on behalf of this stream."""
        return self.holder is not None and self.reads_for is stream

    def patience(self, interval: float, since: float) -> float:
        """Return for how many seconds more a thread waits before `ask()`, if it has waited since the time `since`."""
        limit = self._ping_timeout if self._engine.ping_unanswered else interval
        return max(0.0, max(self.silent_since, since) + limit - time.monotonic())

    def ask(self) -> None:
        """Have a PING sent to a server that was silent for too long. Raises `ReadError` if it has not answered one."""
        with self._lock:
            if self._engine.ping_unanswered:
                raise ReadError(f"No answer to a PING within {self._ping_timeout:g} seconds ({self._peer})")
            self.ping()

    def ping(self) -> None:
        """Have a PING sent. The server's time for the answer begins now. The lock is held."""
        self._engine.ping()
        self.silent_since = time.monotonic()

    def received(self, data: bytes) -> None:
        """Hand bytes to the engine, and wake the threads that they concern. The lock is held."""
        engine, waiters = self._engine, self._waiters
        before = engine.streams.open_count if waiters.openers else 0
        self.arrivals += 1
        self.silent_since = now = time.monotonic()
        streams, settings = engine.receive_data(data, now)
        if settings:
            self.unreported += settings
        if waiters.receivers or waiters.senders:
            waiters.wake(streams)
        if engine.failure is not None:
            waiters.wake_all()
        elif waiters.openers and (settings or engine.streams.open_count < before or not engine.usable):
            waiters.wake_openers()
        if waiters.writers or waiters.on_receipt is not None:
            waiters.wake_writers()

    def lost(self, error: ReadError, cause: BaseException) -> None:
        """Fail the connection with `error`, because of `cause`. The lock is held."""
        self._engine.fail(Failure(str(error), kind=type(error), cause=cause), disconnected=True)
        self._waiters.wake_all()

    def stop(self, token: object, exc: BaseException) -> None:
        """Let another thread read, if the one of this `token`, which has failed with `exc`, did. The lock is held."""
        if self.holder is token:
            self.holder = None
            if not is_resumable(exc):
                self.interrupted(exc)

    def interrupted(self, cause: BaseException) -> None:
        """Fail the connection after a read that may have lost something. The lock is held."""
        self.lost(ReadError(f"A read on this connection was interrupted ({self._peer})"), cause)

    def catch_up(self) -> None:
        """Take in, without waiting, what came while no thread was reading, such as the end of the connection."""
        with self._lock:
            # Not before the preface: an answer to what came must not be sent first.
            if self._receive_nowait is None or self.holder is not None or not self._engine.started:
                return
            if self._stream.get_extra_info("is_readable"):
                self._take_in(self._receive_nowait)

    def receive_meanwhile(self, arrivals: int) -> None:
        """Take in what came during a write, or wait until the thread that reads has done so.

        Does nothing if something has arrived after the first `arrivals`, which were counted before that write.
        """
        with self._lock:
            if self.arrivals != arrivals:
                return
            if self.holder is None and self._receive_nowait is not None:
                self._take_in(self._receive_nowait)
                return
            self._waiters.on_receipt = event = Event()
        # What made the stream readable may have been a TLS message that carries no data.
        event.wait(_RECEIPT_TIMEOUT)

    def _take_in(self, receive: Callable[[int], bytes | None]) -> None:
        token = object()
        try:
            self.holder = token
            for _ in range(_CATCH_UP_READS):
                data = receive(self._read_size)
                if data is not None:
                    self.received(data)
                if not data:
                    break
            self.holder = None
        except ReadError as exc:
            self.lost(exc, exc)
            self.holder = None
        except BaseException as exc:
            if self.holder is token:
                self.holder = None
                self.interrupted(exc)
            raise
