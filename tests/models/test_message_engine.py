"""What the engines of HTTP/2 and HTTP/3 have in common: which requests are in progress, and how they end."""

from collections.abc import Iterable

import pytest
from httpcore_models import ConnectionNotAvailable, LocalProtocolError, ReadError, Request, WriteError
from httpcore_models.lowlevel import Retryable
from httpcore_models.multiplexing import CLOSED_HERE, Failure, MessageEngine, MessageStream, RequestTranslator
from httpcore_models.multiplexing import State as S

HEADERS = [("Host", "localhost"), ("Content-Length", "2")]


class Engine(MessageEngine):
    """Keeps its streams in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.goaway: int | None = None
        self.streams: list[MessageStream] = []
        self.ended: list[MessageStream] = []

    def not_available(self) -> ConnectionNotAvailable:
        return ConnectionNotAvailable(self.reason)

    def open_streams(self) -> Iterable[MessageStream]:
        return self.streams

    def cut_off(self, stream: MessageStream, failure: Failure) -> None:
        stream.failure = failure

    def _end_request(self, stream: MessageStream) -> None:
        self.ended.append(stream)
        stream.local_end = True

    def step(self) -> None:
        """Note that a step begins, which nothing ends."""
        self._busy = True

    def next_step(self) -> None:
        self._check_undisturbed()


def opened(engine: Engine, *, response_begun: bool = False, reused: bool = False) -> MessageStream:
    request = Request("POST", "https://localhost/", headers=HEADERS, content=b"hi")
    stream = MessageStream(RequestTranslator().request_head(request))
    engine.admit(stream)
    engine.streams.append(stream)
    stream.response_begun, stream.reused = response_begun, reused
    return stream


def test_requests_are_counted_until_the_connection_is_retired() -> None:
    engine = Engine()
    assert engine.usable
    first, second = opened(engine), opened(engine)
    assert engine.requests == {first, second}
    assert (engine.state, engine.request_count) == (S.ACTIVE, 2)
    engine.retire("no more")
    engine.retire("again")
    assert (engine.state, engine.usable, engine.reason) == (S.RETIRED, False, "no more")
    with pytest.raises(ConnectionNotAvailable, match=r"^no more$"):
        opened(engine)
    assert engine.request_count == 2


def test_a_body_is_ended_once_and_not_too_early() -> None:
    engine = Engine()
    stream = opened(engine)
    with pytest.raises(LocalProtocolError, match="Too little data"):
        engine.end_request(stream)
    stream.sent = 2
    engine.end_request(stream)
    engine.end_request(stream)
    assert engine.ended == [stream]


def test_a_failure_is_that_of_all_streams_and_lets_go_of_its_cause() -> None:
    engine = Engine()
    fresh, reused, answered = opened(engine), opened(engine, reused=True), opened(engine, response_begun=True)
    cause = OSError("broken")
    engine.fail(Failure("gone", kind=WriteError, cause=cause), disconnected=True)
    assert engine.failure == Failure("gone", kind=WriteError)
    assert [stream.failure and stream.failure.cause for stream in engine.streams] == [cause] * 3
    # Only one that the server has closed just as it was used again, as far as is known.
    retryable = [stream.failure and stream.failure.retryable for stream in (fresh, reused, answered)]
    assert retryable == [None, Retryable.IDEMPOTENT, None]
    engine.fail(Failure("later"))
    assert engine.failure == Failure("gone", kind=WriteError)
    assert (engine.disconnected, engine.reason) == (True, "gone")


def test_a_failure_may_say_itself_what_may_be_sent_again() -> None:
    engine = Engine()
    stream = opened(engine, reused=True)
    engine.fail(Failure("refused", Retryable.ANY))
    assert stream.failure is not None
    assert stream.failure.retryable is Retryable.ANY


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda engine: None, None),
        (lambda engine: engine.fail(CLOSED_HERE), None),
        (lambda engine: engine.fail(Failure("wrong")), "failed"),
        (lambda engine: engine.fail(Failure("wrong"), disconnected=True), "server closed it"),
        (lambda engine: setattr(engine, "goaway", 0), "server closed it"),
        (lambda engine: engine.retire("silent"), "failed"),
    ],
)
def test_why_a_connection_takes_no_further_request(end: object, reason: str | None) -> None:
    engine = Engine()
    assert callable(end)
    end(engine)
    assert engine.close_reason == reason


def test_a_request_that_was_cut_off_by_closing() -> None:
    engine = Engine()
    stream = opened(engine)
    assert not engine.was_closed_midway(stream)
    engine.fail(CLOSED_HERE)
    assert engine.was_closed_midway(stream)
    stream.sent, stream.local_end = 2, True
    assert not engine.was_closed_midway(stream)
    assert engine.was_closed_midway(stream, written=False)


def test_the_step_after_an_interrupted_one_fails_the_connection() -> None:
    engine = Engine()
    stream = opened(engine)
    engine.next_step()
    assert engine.failure is None
    engine.step()
    engine.next_step()
    engine.next_step()
    assert engine.failure == Failure("An operation on this connection was interrupted", kind=ReadError)
    assert stream.failure == engine.failure
