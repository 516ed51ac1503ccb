"""What a client sends so that its server can go on with the handshake (RFC 9002 section 6.2.2.1)."""

import math
from collections.abc import Sequence

# After how many seconds a silent server gets the first probe. Each interval is twice as long as the one before.
_FIRST_INTERVAL = 0.1

# A datagram with an Initial packet of a client has as many bytes at least (RFC 9000 section 14.1).
_LEAST_INITIAL = 1200


class HandshakeProbe:
    """The datagram that is sent again while the server is silent, and when.

    Until it knows that its client is where it claims to be, a server sends at most three times as many bytes as it has
    received. If those are lost, it waits for the client. That would wait, too, once the server has acknowledged all it
    has sent: qh3 2.1 repeats only what was not acknowledged. What arrives twice is of no other use to the server, but
    its bytes count (RFC 9000 section 8.1).
    """

    def __init__(self) -> None:
        self._datagram: bytes | None = None
        self._sent_at = 0.0
        self._interval = _FIRST_INTERVAL
        self._is_answered = False

    def note_sent(self, datagrams: Sequence[bytes], now: float) -> None:
        """Note what is sent at the time `now`, in seconds."""
        for datagram in datagrams:
            self._sent_at = now
            # A Retry, or another version, makes an earlier one useless.
            if len(datagram) >= _LEAST_INITIAL:
                self._datagram = datagram

    def note_received(self) -> None:
        """Note that something has arrived. Until then, qh3 repeats what it has sent."""
        self._is_answered = True

    @property
    def due(self) -> float:
        """When to call `take()`; `math.inf` if there is no need."""
        return self._sent_at + self._interval if self._is_answered and self._datagram else math.inf

    def take(self, now: float) -> list[bytes]:
        """Return what is to be sent at the time `now`, in seconds."""
        if self._datagram is None or self.due > now:
            return []
        self._sent_at = now
        self._interval *= 2
        return [self._datagram]
