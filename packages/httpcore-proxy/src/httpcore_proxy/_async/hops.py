"""What observers are told about the way through a proxy."""

from collections.abc import Callable
from typing import Any, cast

from httpcore_models import AsyncNetworkStream, ConnectError, Origin, Request
from httpcore_models.concurrency import forks
from httpcore_models.lowlevel import ObservedPhase, async_close_unopened, observer_of


async def async_observed_hop(
    proxy: Origin,
    index: int,
    request: Request,
    open_tunnel: Callable[[Origin, Request, float | None], Any],
    origin: Origin,
    timeout: float | None,
) -> AsyncNetworkStream:
    """Return `open_tunnel(origin, request, timeout)`, which leads through `proxy`, as a phase of `request`.

    `index` counts the proxies before this one. On failure and cancellation nothing stays open.
    """
    stream: Any = None
    process = forks.count
    try:
        with ObservedPhase(observer_of(request), "proxy.hop", {"proxy": str(proxy), "index": index}):
            stream = await open_tunnel(origin, request, timeout)
        if forks.count != process:  # the observer has forked
            raise ConnectError(f"The connection belongs to another process ({origin})")
    except BaseException:
        # The observer may raise once there is a stream.
        if stream is not None:
            await async_close_unopened(stream)
        raise
    return cast(AsyncNetworkStream, stream)
