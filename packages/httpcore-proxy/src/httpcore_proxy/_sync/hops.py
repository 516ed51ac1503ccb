# Generated from ../_async/hops.py by tools/make_sync.py: edit that file, then run it.
"""What observers are told about the way through a proxy."""

from collections.abc import Callable
from typing import Any, cast

from httpcore_models import ConnectError, NetworkStream, Origin, Request
from httpcore_models.concurrency import forks
from httpcore_models.lowlevel import ObservedPhase, close_unopened, observer_of


def observed_hop(
    proxy: Origin,
    index: int,
    request: Request,
    open_tunnel: Callable[[Origin, Request, float | None], Any],
    origin: Origin,
    timeout: float | None,
) -> NetworkStream:
    """Return `open_tunnel(origin, request, timeout)`, which leads through `proxy`, as a phase of `request`.

    `index` counts the proxies before this one. On failure and interruption nothing stays open.
    """
    stream: Any = None
    process = forks.count
    try:
        with ObservedPhase(observer_of(request), "proxy.hop", {"proxy": str(proxy), "index": index}):
            stream = open_tunnel(origin, request, timeout)
        if forks.count != process:  # the observer has forked
            raise ConnectError(f"The connection belongs to another process ({origin})")
    except BaseException:
        # The observer may raise once there is a stream.
        if stream is not None:
            close_unopened(stream)
        raise
    return cast(NetworkStream, stream)
