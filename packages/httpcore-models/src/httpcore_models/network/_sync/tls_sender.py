# Generated from ../_async/tls_sender.py by tools/make_sync.py: edit that file, then run it.
"""Sending the records of a TLS connection over another stream, one sender at a time.

Records have to leave in the order in which TLS made them, but a reader makes some too, such as the answer to a
KeyUpdate. So readers and writers take turns at sending, and each turn sends all records, regardless of which thread made
them.
"""

import contextlib

from ..._exceptions import WriteError, WriteTimeout
from ...concurrency import Event
from ...deadline import Deadline
from .._tls.records import TLSRecords
from .interface import NetworkStream


class TLSSender:
    """Sends the records of `tls` over `stream`. A turn is identified by an object that its owner makes."""

    def __init__(self, stream: NetworkStream, tls: TLSRecords) -> None:
        self._stream = stream
        self._tls = tls
        self._turn: object | None = None
        self._turn_over: Event | None = None  # where a writer waits for its turn
        self._unsent = b""  # records that the stream below has not taken
        self._is_below_behind = False  # whether the stream below has taken records that it has not sent

    @property
    def has_unsent(self) -> bool:
        """Whether the stream below has not sent all of the records that it was given."""
        return bool(self._unsent) or self._is_below_behind

    # Turns.

    def take_turn(self, turn: object) -> bool:
        """Begin `turn` unless another one has begun; return whether it has."""
        with self._tls.lock:
            if self._turn is None:
                self._turn = turn
            return self._turn is turn

    def wait_for_turn(self, turn: object, deadline: Deadline) -> None:
        """Begin `turn` as soon as no other is in progress. Raises `WriteTimeout`."""
        while not self.take_turn(turn):
            with self._tls.lock:
                if self._turn is None:
                    continue
                turn_over = self._turn_over = self._turn_over or Event()
            if not turn_over.wait(deadline.remaining()):
                raise WriteTimeout from TimeoutError()

    def end_turn_if_all_is_sent(self, turn: object) -> bool:
        """End `turn` unless there are more records by now; return whether it has ended."""
        with self._tls.lock:
            if self._tls.outgoing.pending:
                return False
            self._pass_on(turn)
            return True

    def end_turn(self, turn: object) -> None:
        """End `turn` if it is in progress."""
        with self._tls.lock:
            self._pass_on(turn)

    def _pass_on(self, turn: object) -> None:
        if self._turn is turn:
            self._turn = None
            if self._turn_over is not None:
                self._turn_over.set()
                self._turn_over = None

    # Sending.

    def send(self, deadline: Deadline, *, until_readable: bool = False, flush: bool = False) -> bool:
        """Send all records; return whether the stream below has sent them. `flush` writes even if there are none."""
        flush = flush or self._is_below_behind
        while (records := self._take_records()) or flush:
            flush = self._is_below_behind = False
            # What can be sent at once is sent even if the deadline has passed.
            if not until_readable:
                self._stream.write(records, deadline.remaining())
                continue
            taken = self._stream.write_until_readable(records, deadline.remaining())  # type: ignore[attr-defined]
            if taken is not None:
                self._unsent, self._is_below_behind = records[taken:], True
                return False
        return True

    def _take_records(self) -> bytes:
        if not self._unsent and not self._tls.outgoing.pending:
            return b""
        with self._tls.lock:
            records = self._unsent + self._tls.outgoing.read()
            self._unsent = b""
            return records

    def send_for_reader(self, deadline: Deadline) -> None:
        """Send what TLS itself wants sent, before a reader waits for the network. A sender does that anyway."""
        if not (self.has_unsent or self._tls.outgoing.pending):
            return
        turn = object()
        try:
            if not self.take_turn(turn):
                return
            if self._stream.get_extra_info("keeps_unsent"):
                # What the peer does not take at once goes out later, ahead of all else: a read waits for no write.
                with contextlib.suppress(WriteTimeout):
                    self.send(Deadline(0.0))
            else:
                self.send(deadline, until_readable=hasattr(self._stream, "write_until_readable"))
        except WriteError:
            # The peer takes nothing any more, but there may still be something to read.
            pass
        finally:
            self.end_turn(turn)
