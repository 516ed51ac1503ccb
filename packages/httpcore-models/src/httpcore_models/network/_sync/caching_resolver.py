# Generated from ../_async/caching_resolver.py by tools/make_sync.py: edit that file, then run it.
"""A resolver that remembers answers for a while, and asks once for all who want to know at the same time.

There is no lock: steps on the tables are single operations of a dictionary. So nothing is left locked by a fork or by
an exception from a signal handler.
"""

import contextlib
import os
import weakref
from collections.abc import Sequence
from typing import Any

from ...concurrency import Event
from ...deadline import Deadline
from .._resolving.finding import ask
from .._resolving.types import Memory, Resolver


class CachingResolver(Memory):
    """A resolver that remembers the answers of another one, for use as `resolver` of a network backend.

    `resolver` is asked; the default is the system's. An answer is good for `ttl` seconds, since the system does not
    tell for how long it may be kept. Failures and empty answers are not kept. At most `max_entries` answers are kept;
    the oldest goes first. Several threads that ask for the same host and port at the same time share one question, and
    its failure. If the one that asks is interrupted, the next one asks.

    One object may be used by any number of threads, event loops and backends, and after a fork. Raises what `resolver`
    raises.
    """

    def __init__(self, resolver: Resolver | None = None, *, ttl: float = 60.0, max_entries: int = 1024) -> None:
        if not ttl >= 0:
            raise ValueError(f"ttl must be a number of seconds, at least 0, but got {ttl}.")
        if max_entries < 1:
            raise ValueError(f"max_entries must be at least 1, but got {max_entries}.")
        self._resolver = resolver
        self._ttl = ttl
        self._max_entries = max_entries
        self._answers: dict[tuple[str, int], tuple[Deadline, Sequence[str]]] = {}
        # The questions in progress. Those of another process say nothing to this one.
        self._questions: dict[Any, _Question] = {}

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of `host`, from memory or by asking."""
        key = (host, port)
        place = (os.getpid(), None, key)
        while True:
            answer = self.remembered(*key)
            if answer is not None:
                return answer
            asker = _Asker()
            question = _Question(asker)
            try:
                asked = self._questions.setdefault(place, question)
                if asked is question:
                    return self._ask(question, key)
            finally:
                # In this order: who is woken and has got no answer asks anew.
                self._end(place, question)
                question.ended.set()
            if asked.ended.is_set():
                # An exception from a signal handler has kept the one that asked from removing it.
                self._end(place, asked)
                continue
            asked.ended.wait()
            if asked.error is not None:
                raise _copied(asked.error) from asked.error
            if asked.answer is not None:
                return asked.answer

    def clear(self) -> None:
        """Forget all answers."""
        self._answers.clear()

    def remembered(self, host: str, port: int) -> Sequence[str] | None:
        """Return the addresses of `host` if they are in memory, otherwise `None`."""
        remembered = self._answers.get((host, port))
        return None if remembered is None or remembered[0].has_passed else remembered[1]

    def _ask(self, question: "_Question", key: tuple[str, int]) -> Sequence[str]:
        # Another one may have asked between the look at the answers and the one at the questions.
        answer = self.remembered(*key)
        if answer is None:
            try:
                answer = ask(self._resolver, *key)
            except OSError as exc:
                # Not the error itself: its traceback leads to the frame of the one who asks, and would keep it alive.
                question.error = _copied(exc)
                raise
            self._remember(key, answer)
        question.answer = answer
        return answer

    def _end(self, place: Any, question: "_Question") -> None:
        if self._questions.get(place) is question:
            self._questions.pop(place, None)

    def _remember(self, key: tuple[str, int], answer: Sequence[str]) -> None:
        if not answer or isinstance(answer, (str, bytes)):
            return  # the latter is a mistake, and the caller says so
        self._answers.pop(key, None)
        while len(self._answers) >= self._max_entries:
            # Another thread may change the table at the same time.
            with contextlib.suppress(RuntimeError, StopIteration):
                self._answers.pop(next(iter(self._answers)), None)
        self._answers[key] = (Deadline(self._ttl), tuple(answer))


class _Asker:
    """What only the frame of the one who asks refers to."""


class _Question:
    """A question to the resolver. It ends with an answer, an error, or neither if it was interrupted."""

    def __init__(self, asker: _Asker) -> None:
        self.ended = ended = Event()
        self.answer: Sequence[str] | None = None
        self.error: OSError | None = None
        # The others go on even if a signal handler raises just before the question would have been ended.
        self._asker = weakref.ref(asker, lambda _: ended.wake())


def _copied(error: OSError) -> OSError:
    """Return an equal error: raising one object in several places would mix up its tracebacks."""
    try:
        return type(error)(*error.args)
    except Exception:
        return OSError(*error.args)
