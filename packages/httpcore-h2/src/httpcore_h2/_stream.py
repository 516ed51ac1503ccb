"""One request and its response, as far as they can be looked at alone (RFC 9113 section 5.1).

             open_stream()                 END_STREAM of both sides
    (idle) ────────────────▶ open ───────────────────────────────────▶ closed
                              │            RST_STREAM of either side     ▲
                              └──────────────────────────────────────────┘

A stream is half-closed while only one of `local_end` and `remote_end` is true.
"""

from httpcore_models.multiplexing import MessageStream, RequestHead

from ._flow import FIRST_CREDIT, MAX_WINDOW, RUN_AHEAD, STREAM_WINDOW


class Stream(MessageStream):
    """One request and its response, with the windows of its stream."""

    __slots__ = ("consumed", "credit_due", "is_open", "receive_window", "send_window", "window")

    def __init__(self, head: RequestHead) -> None:
        super().__init__(head)
        #: Whether the stream counts against the server's limit. Only the stream table changes it.
        self.is_open: bool = False
        #: How many bytes may be sent and received now.
        self.send_window: int = 0
        self.receive_window: int = STREAM_WINDOW
        #: How many bytes may be received in all before anything is consumed, how many were consumed since credit was
        #: last returned, and how many of these make credit due.
        self.window: int = STREAM_WINDOW
        self.consumed: int = 0
        self.credit_due: int = FIRST_CREDIT

    def should_run_ahead(self) -> bool:
        """Whether the response is about to fill its window while the request is still being sent."""
        return (
            self.receive_window < FIRST_CREDIT
            and self.window < RUN_AHEAD
            and not (self.local_end or self.remote_end or self.was_reset or self.head.is_connect)
        )

    def missing_credit(self) -> int:
        """Return how many bytes the server cannot send yet of the rest of the body, if its length is known."""
        if self.expected_length is None:
            return MAX_WINDOW
        return max(0, self.expected_length - self.received - self.receive_window)
