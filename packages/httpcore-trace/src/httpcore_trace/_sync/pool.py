# Generated from ../_async/pool.py by tools/make_sync.py: edit that file, then run it.
"""A pool whose requests are recorded."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

import httpcore

from .._compact import text, url_text
from .._observation import Observation, Observe

_Self = TypeVar("_Self", bound="RecordedPool")


class RecordedPool:
    """Sends requests through a pool and records them. Whatever else is asked of it, the pool itself answers.

    `Recorder.pool()` makes it. Requests that are sent through the pool itself are not recorded. `close()`, and the end
    of its block, close the pool.
    """

    def __init__(self, pool: Any, observation: Callable[[Observe | None], Observation]) -> None:
        self._pool = pool
        self._observation = observation

    def request(
        self,
        method: bytes | str,
        url: httpcore.URL | bytes | str,
        *,
        headers: Any = None,
        content: Any = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> httpcore.Response:
        """Do what `ConnectionPool.request()` does, and record it."""
        observation, extensions = self._begin(method, url, extensions)
        try:
            response: httpcore.Response = self._pool.request(
                method, url, headers=headers, content=content, extensions=extensions
            )
        except BaseException as exc:
            observation.fail(exc)
            raise
        observation.answered(response)
        observation.finish()
        return response

    @contextmanager
    def stream(
        self,
        method: bytes | str,
        url: httpcore.URL | bytes | str,
        *,
        headers: Any = None,
        content: Any = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> Iterator[httpcore.Response]:
        """Do what `ConnectionPool.stream()` does, and record it."""
        observation, extensions = self._begin(method, url, extensions)
        arguments = {"headers": headers, "content": content, "extensions": extensions}
        try:
            with self._pool.stream(method, url, **arguments) as response:
                observation.answered(response)
                try:
                    yield response
                except Exception:
                    # The program's own affair. What fails in reading the body is reported.
                    observation.leave()
                    raise
                except BaseException as exc:
                    observation.leave(exc)
                    raise
        except BaseException as exc:
            observation.fail(exc)
            raise
        observation.finish()

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Do what `ConnectionPool.handle_request()` does, and record it."""
        observation, extensions = self._begin(request.method, request.url, request.extensions)
        observed = copy.copy(request)
        observed.extensions = extensions
        try:
            response: httpcore.Response = self._pool.handle_request(observed)
        except BaseException as exc:
            observation.fail(exc)
            raise
        observation.answered(response)
        return response

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()

    def __enter__(self: _Self) -> _Self:
        self._pool.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._pool.__exit__(exc_type, exc_value, traceback)

    def __getattr__(self, name: str) -> Any:
        # What copies or pickles an object asks it for special methods, even one that has no attributes yet.
        if name == "_pool" or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._pool, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._pool!r}>"

    def _begin(
        self, method: bytes | str, url: httpcore.URL | bytes | str, extensions: Mapping[str, Any] | None
    ) -> tuple[Observation, Any]:
        given = {} if extensions is None else extensions
        observation = self._observation(given.get("observe"))
        observation.begin(text(method), url_text(url))
        return observation, {**given, "observe": observation}
