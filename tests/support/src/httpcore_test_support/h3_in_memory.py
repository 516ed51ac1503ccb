"""An HTTP/3 server that answers in memory, for tests that count instructions or steps."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from httpcore_models import ReadTimeout
from httpcore_models.network import DatagramStream

from .certificates import Certificates
from .h3_dialogue import OK, ScriptedServer, data, head

__all__ = ["InMemoryPeer"]

_TIMEOUT = 5.0


class InMemoryPeer(DatagramStream):
    """Answers every request as soon as it is complete."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self._server: ScriptedServer | None = None
        self._answered: set[int] = set()
        self._out: list[bytes] = []

    def send(self, datagrams: Sequence[bytes], timeout: float | None = None) -> None:
        """Take datagrams of the client."""
        now = time.monotonic()
        if self._server is None:
            self._server = ScriptedServer(self._certificates, list(datagrams), now)
            self._server.open_streams()
            return
        self._server.receive(list(datagrams), now)
        for stream_id, request in self._server.requests.items():
            if stream_id % 4 == 0 and request.ended and request.reset is None and stream_id not in self._answered:
                self._answered.add(stream_id)
                with contextlib.suppress(ValueError):  # the client has asked for nothing more
                    self._server.send(stream_id, head(OK) + data(b"hel"))
                    self._server.send(stream_id, data(b"lo"), True)

    def receive(self, timeout: float | None = None) -> tuple[bytes, int]:
        """Return a datagram of the server."""
        end = time.monotonic() + min(_TIMEOUT if timeout is None else timeout, _TIMEOUT)
        while True:
            received = self.receive_nowait()
            if received is not None:
                return received
            if time.monotonic() >= end:
                raise ReadTimeout("nothing came")

    def receive_nowait(self) -> tuple[bytes, int] | None:
        """Return a datagram of the server, if there is one."""
        if self._server is None:
            return None
        quic, now = self._server.quic, time.monotonic()
        timer = quic.get_timer()
        if timer is not None and timer <= now:
            quic.handle_timer(now)
        self._out += [datagram for datagram, _ in quic.datagrams_to_send(now)]
        if not self._out:
            return None
        datagram = self._out.pop(0)
        return datagram, len(datagram)

    def close(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""

    def get_extra_info(self, info: str) -> Any:
        """Return nothing."""
        return None
