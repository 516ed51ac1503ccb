"""A resolver that remembers: for how long, how much, and what those share who ask at the same time."""

import socket
from collections.abc import Sequence

import pytest
from httpcore_models import AsyncCachingResolver, AutoBackend, ConnectError
from httpcore_models.concurrency import AsyncEvent
from httpcore_test_support.resolving import async_resolve_to
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold
from httpcore_test_support.waiting import async_at_once, async_wait_until

pytestmark = pytest.mark.anyio


class AsyncUpstream:
    """Counts questions. Answers are numbered, and wait for `open` if there is one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.questions: list[str] = []
        self.error = error
        self.open: AsyncEvent | None = None

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.questions.append(host)
        answer = f"127.0.0.{len(self.questions)}"
        if self.open is not None:
            await self.open.wait()
        if self.error is not None:
            raise self.error
        return [answer]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set by the test."""
    now = [1000.0]
    monkeypatch.setattr("httpcore_models.network._async.caching_resolver.Deadline", lambda ttl: _Deadline(now, ttl))
    monkeypatch.setattr("httpcore_models.network._sync.caching_resolver.Deadline", lambda ttl: _Deadline(now, ttl))
    return now


class _Deadline:
    def __init__(self, now: list[float], ttl: float) -> None:
        self._now, self._end = now, now[0] + ttl

    @property
    def has_passed(self) -> bool:
        return self._end <= self._now[0]


async def test_answers_are_kept_for_a_while(clock: list[float]) -> None:
    upstream = AsyncUpstream()
    resolver = AsyncCachingResolver(upstream, ttl=30.0)
    for time_, expected in ((0.0, "127.0.0.1"), (29.9, "127.0.0.1"), (30.0, "127.0.0.2"), (59.9, "127.0.0.2")):
        clock[0] = 1000.0 + time_
        assert list(await resolver("example.org", 80)) == [expected]
        assert resolver.remembered("example.org", 80) == (expected,)
    assert list(await resolver("example.org", 443)) == ["127.0.0.3"]
    resolver.clear()
    assert resolver.remembered("example.org", 80) is None
    assert list(await resolver("example.org", 80)) == ["127.0.0.4"]


async def test_failures_and_empty_answers_are_not_kept() -> None:
    upstream = AsyncUpstream(socket.gaierror(socket.EAI_AGAIN, "try again"))
    resolver = AsyncCachingResolver(upstream)
    for _ in range(2):
        with pytest.raises(socket.gaierror, match="try again"):
            await resolver("example.org", 80)
    assert len(upstream.questions) == 2
    answers: list[list[str]] = [[], ["127.0.0.1"]]
    resolver = AsyncCachingResolver(lambda host, port: answers.pop(0))
    assert [list(await resolver("example.org", 80)), list(await resolver("example.org", 80))] == [[], ["127.0.0.1"]]


async def test_the_oldest_answer_goes_first() -> None:
    upstream = AsyncUpstream()
    resolver = AsyncCachingResolver(upstream, max_entries=2)
    for host in ("a", "b", "a", "c", "b", "c", "a"):
        await resolver(host, 80)
    assert upstream.questions == ["a", "b", "c", "a"]


async def test_those_who_ask_at_the_same_time_share_the_answer() -> None:
    upstream = AsyncUpstream()
    upstream.open = AsyncEvent()
    resolver = AsyncCachingResolver(upstream, ttl=0.0)
    begun: list[int] = []

    async def ask() -> Sequence[str]:
        begun.append(1)
        return await resolver("example.org", 80)

    async def answer() -> None:
        await async_wait_until(lambda: len(begun) == 20 and upstream.questions)
        assert upstream.open is not None
        upstream.open.set()

    *answers, _ = await async_at_once(*[ask] * 20, answer)
    # One may have been about to ask when the answer came. With a limit of 0 it is not good for that one.
    assert len(upstream.questions) <= 3
    assert {answer[0] for answer in answers} <= {"127.0.0.1", "127.0.0.2", "127.0.0.3"}


class OddError(OSError):
    """Cannot be made again from its arguments."""

    def __init__(self) -> None:
        super().__init__(socket.EAI_NONAME, "not known")


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_NONAME, "not known"), OddError()])
async def test_those_who_ask_at_the_same_time_share_the_failure(error: OSError) -> None:
    upstream = AsyncUpstream(error)
    upstream.open = AsyncEvent()
    resolver = AsyncCachingResolver(upstream)
    errors: list[Exception] = []
    begun: list[int] = []

    async def ask() -> None:
        begun.append(1)
        try:
            await resolver("example.org", 80)
        except OSError as exc:
            errors.append(exc)

    async def answer() -> None:
        await async_wait_until(lambda: len(begun) == 5 and upstream.questions)
        assert upstream.open is not None
        upstream.open.set()

    await async_at_once(*[ask] * 5, answer)
    assert [str(error) for error in errors] == [str(upstream.error)] * 5
    assert len({id(error) for error in errors}) == 5


async def test_a_foreign_exception_is_for_the_one_who_asked() -> None:
    upstream = AsyncUpstream(LookupError("a mistake"))
    upstream.open = AsyncEvent()
    resolver = AsyncCachingResolver(upstream)

    async def ask() -> None:
        with pytest.raises(LookupError):
            await resolver("example.org", 80)

    async def answer() -> None:
        await async_wait_until(lambda: upstream.questions)
        assert upstream.open is not None
        upstream.open.set()

    await async_at_once(ask, ask, answer)
    assert len(upstream.questions) == 2


async def test_the_system_is_asked_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(hold()) as server:
        backend = AutoBackend(resolver=AsyncCachingResolver())
        with monkeypatch.context() as patch:
            async_resolve_to(patch, (socket.AF_INET, ("127.0.0.1", server.port)))
            stream = await backend.connect_tcp("example.org", server.port, 10.0)
            await stream.aclose()
        async_resolve_to(monkeypatch, OSError("asked again"))
        stream = await backend.connect_tcp("example.org", server.port, 10.0)
        await stream.aclose()
        with pytest.raises(ConnectError, match="asked again"):
            await backend.connect_tcp("example.net", server.port, 10.0)


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(ValueError, match=r"^ttl must be a number of seconds, at least 0, but got nan\.$"):
        AsyncCachingResolver(ttl=float("nan"))
    with pytest.raises(ValueError, match=r"^max_entries must be at least 1, but got 0\.$"):
        AsyncCachingResolver(max_entries=0)
