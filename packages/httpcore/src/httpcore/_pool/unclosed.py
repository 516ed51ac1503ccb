"""Naming the responses that occupy a pool, for the text of a `PoolTimeout`."""

import itertools
from collections.abc import Collection

from httpcore_models.lowlevel import url_without_secrets

from .slots import C, PoolRequest

# How many of them are named.
_MOST_NAMED = 3

# How many requests are looked at. A pool may carry thousands of them, while thousands of others time out.
_MOST_SEEN = 100


def oldest(requests: Collection[PoolRequest[C]]) -> list[PoolRequest[C]]:
    """Return those of `requests`, the oldest first, that `unclosed_text()` is about."""
    return list(itertools.islice(requests, _MOST_SEEN))


def unclosed_text(requests: Collection[PoolRequest[C]], now: float) -> str:
    """Return a sentence about those of `requests` that have a response, or nothing if none has. `now` is the time.

    `requests` come from `oldest()`.
    """
    unclosed = [request for request in requests if request.answered]
    if not unclosed:
        return ""
    names = [_name(request, now) for request in sorted(unclosed, key=lambda request: request.came_at)[:_MOST_NAMED]]
    if len(unclosed) > _MOST_NAMED:
        names.append(f"and {len(unclosed) - _MOST_NAMED} more")
    what = "1 response is" if len(unclosed) == 1 else f"{len(unclosed)} responses are"
    return f". {'At least ' if len(requests) >= _MOST_SEEN else ''}{what} not closed: {', '.join(names)}"


def _name(request: PoolRequest[C], now: float) -> str:
    method = request.request.method.decode(errors="replace")
    return f"{method} {url_without_secrets(request.request.url)} ({now - request.came_at:.1f} seconds ago)"
