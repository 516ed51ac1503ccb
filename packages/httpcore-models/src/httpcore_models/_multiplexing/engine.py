"""The part of an engine that is the same for HTTP/2 and HTTP/3: which requests are in progress, and how they end."""

from collections.abc import Iterable
from typing import Any

from .._exceptions import ConnectionNotAvailable, LocalProtocolError, ReadError
from .._retrying import Retryable
from .events import Failure
from .message_stream import MessageStream
from .states import TRANSITIONS, USABLE, Input, State

#: What ends a connection that this side closes.
CLOSED_HERE = Failure("The connection was closed", kind=ReadError)

# Looked up once: the attributes of an enumeration are slow.
_REQUEST = Input.REQUEST


class MessageEngine:
    """A connection without I/O that carries many requests at a time: its state, its requests, and how both end."""

    #: Reasons to take no further request that were to be expected.
    expected_reasons: tuple[str, ...] = ("", CLOSED_HERE.message)

    #: The GOAWAY that was received, if any was.
    goaway: Any

    def __init__(self) -> None:
        #: Where the connection is in its life, and why it takes no further request, for the text of an error.
        self.state: State = State.IDLE
        self.reason: str = ""
        #: What ended the connection for all streams, if anything did.
        self.failure: Failure | None = None
        #: Whether that was the server, by going away.
        self.disconnected: bool = False
        #: The requests in progress, whether they have a stream yet or wait for one, and how many there have been.
        self.requests: set[Any] = set()
        self.request_count: int = 0
        #: Whether anything was sent, and whether the server has been asked for a sign of life that has not come yet.
        self.started: bool = False
        self.ping_unanswered: bool = False
        # Whether a step is under way.
        self._busy: bool = False

    # What a subclass knows.

    @property
    def capacity(self) -> int:
        """How many requests the connection can carry, with those that it carries; `sys.maxsize` if that is unknown."""
        raise NotImplementedError

    def not_available(self) -> ConnectionNotAvailable:
        """Return the exception for a request that the connection cannot take."""
        raise NotImplementedError

    def has_opened(self, stream: Any) -> bool:
        """Whether the stream was opened, and is not finished yet."""
        raise NotImplementedError

    def disowns(self, stream: Any) -> bool:
        """Whether the server has said that it does not process the request, and takes no other on the connection."""
        raise NotImplementedError

    def finish(self, stream: Any) -> None:
        """Forget the stream, which is no longer needed; reset it unless it has ended."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the connection, and tell the server unless it has failed."""
        raise NotImplementedError

    def open_streams(self) -> Iterable[MessageStream]:
        """Return the streams that were opened and are not finished yet."""
        raise NotImplementedError

    def cut_off(self, stream: Any, failure: Failure) -> None:
        """End a stream with `failure`, unless its response is complete."""
        raise NotImplementedError

    def _end_request(self, stream: Any) -> None:
        raise NotImplementedError

    # The same for both.

    @property
    def usable(self) -> bool:
        """Whether the connection takes requests."""
        return self.state in USABLE

    @property
    def close_reason(self) -> str | None:
        """Why the connection takes no further request, in a few words; `None` if that was to be expected."""
        if self.goaway is not None or self.disconnected:
            return "server closed it"
        return None if self.reason in self.expected_reasons else "failed"

    def admit(self, stream: MessageStream) -> None:
        """Take a request, which `finish()` has to end from then on. Raises `ConnectionNotAvailable`."""
        if self.state not in USABLE:
            raise self.not_available()
        self.requests.add(stream)
        self.state = TRANSITIONS[self.state, _REQUEST]
        self.request_count += 1

    def end_request(self, stream: MessageStream) -> None:
        """End the body. Raises `LocalProtocolError` when the declared length is not reached."""
        if not stream.wants_body():
            return
        declared = stream.head.declared_length
        if declared is not None and stream.sent < declared:
            raise LocalProtocolError("Too little data for declared Content-Length")
        self._end_request(stream)

    def retire(self, reason: str) -> None:
        """Refuse further requests, whose error gives the `reason`; those in progress continue."""
        if self.state in USABLE:
            self.reason = reason
            self.state = TRANSITIONS[self.state, Input.RETIRE]

    def fail(self, failure: Failure, disconnected: bool = False) -> None:
        """End the connection and all streams whose response is not complete.

        `disconnected` says that the server went away, rather than that something was wrong.
        """
        self.retire(failure.message)
        if self.failure is None:
            self.disconnected = disconnected
        # Without the cause: its traceback refers to the frames of its callers, and they to responses.
        self.failure = self.failure or (failure if failure.cause is None else failure._replace(cause=None))
        for stream in self.open_streams():
            # The server may have closed the connection just as it was used again.
            stale = disconnected and stream.reused and not stream.response_begun
            retryable = failure.retryable or (Retryable.IDEMPOTENT if stale else None)
            self.cut_off(stream, failure._replace(retryable=retryable))

    def was_closed_midway(self, stream: MessageStream, written: bool = True) -> bool:
        """Whether the connection was closed here, and not for a failure, while the request was being sent.

        `written` says that the network has taken all that was handed over to be sent.
        """
        return self.failure is CLOSED_HERE and stream.is_half_sent(written)

    def _check_undisturbed(self) -> None:
        """Fail if a step was interrupted: since then, the two sides may disagree about the connection."""
        if self._busy:
            self._busy = False
            self.fail(Failure("An operation on this connection was interrupted", kind=ReadError))
