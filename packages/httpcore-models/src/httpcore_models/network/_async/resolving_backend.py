"""Backends that connect to addresses which someone else has found: a resolver, or a guard that has checked them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from ..._exceptions import ConnectError, ConnectTimeout
from ..._final import final, is_final
from ...deadline import Deadline
from .._backend_kinds import async_connecting, place_of, udp_method
from .._error_texts import peer_name, timeout_text
from .._resolving.finding import async_find_addresses
from .._resolving.types import AsyncResolver
from .._socket_options import SOCKET_OPTION
from .datagrams import AsyncDatagramStream
from .interface import AsyncNetworkBackend, AsyncNetworkStream


class AsyncResolvingBackend(AsyncNetworkBackend):
    """A backend with a resolver."""

    #: What finds the addresses of hosts. `None` is the system's resolver.
    resolver: AsyncResolver | None = None

    async def connect_tcp_to(
        self,
        addresses: Sequence[str],
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of `addresses` that answers. They are IP addresses, one at least, of `host`.

        `host` stands in error texts, and is not resolved. All else is as in `connect_tcp()`.
        """
        raise NotImplementedError

    async def _connect_resolved(
        self,
        host: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[SOCKET_OPTION] | None,
    ) -> AsyncNetworkStream:
        """Find the addresses of `host` with the resolver, and connect to them, all within `timeout` seconds."""
        return cast(
            AsyncNetworkStream,
            await self._resolved(self.connect_tcp_to, host, port, timeout, local_address, socket_options),
        )

    async def connect_udp_to(
        self,
        addresses: Sequence[str],
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncDatagramStream:
        """Open datagrams to the first of `addresses` that the system has a way to, as `connect_tcp_to()` does."""
        raise NotImplementedError

    async def _connect_udp_resolved(
        self,
        host: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[SOCKET_OPTION] | None,
    ) -> AsyncDatagramStream:
        """Find the addresses of `host` with the resolver, and open datagrams to one of them."""
        return cast(
            AsyncDatagramStream,
            await self._resolved(self.connect_udp_to, host, port, timeout, local_address, socket_options),
        )

    async def _resolved(
        self,
        connect_to: Callable[..., Any],
        host: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[SOCKET_OPTION] | None,
    ) -> Any:
        deadline = Deadline(timeout)
        found = await async_find_addresses(self.resolver, host, port, deadline)
        addresses = [str(address) for address in found]
        try:
            return await connect_to(addresses, host, port, deadline.remaining(), local_address, socket_options)
        except ConnectTimeout as exc:
            if timeout is None:
                raise
            # It names the limit that was left after resolving.
            raise ConnectTimeout(timeout_text("Connect", peer_name(host, port), timeout)) from exc


async def async_connect_to(
    backend: AsyncNetworkBackend,
    addresses: Sequence[str],
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
) -> AsyncNetworkStream:
    """Have any backend connect to the first of `addresses`, those of `host`, that answers.

    A backend that is not of this package gets one address after the other.
    """
    options = None if socket_options is None else list(socket_options)
    if isinstance(backend, AsyncResolvingBackend) and _connects_to_addresses(backend, "tcp"):
        return await backend.connect_tcp_to(addresses, host, port, timeout, local_address, options)

    connect_tcp = async_connecting(backend.connect_tcp)

    async def connect(address: str, limit: float | None) -> AsyncNetworkStream:
        stream: AsyncNetworkStream = await connect_tcp(
            host=address, port=port, timeout=limit, local_address=local_address, socket_options=options
        )
        return stream

    return cast(AsyncNetworkStream, await async_connect_in_turn(connect, addresses, timeout))


def _connects_to_addresses(backend: AsyncResolvingBackend, protocol: str) -> bool:
    """Whether `connect_tcp_to()` does what `connect_tcp()` does, or both `connect_udp` methods do what that does.

    Programs replace the methods without `_to`, in subclasses or not.
    """
    kind: Any = type(backend)
    own = {name: place_of(getattr(kind, name, None)) for name in ("connect_tcp", f"connect_{protocol}")}
    own_to = place_of(getattr(kind, f"connect_{protocol}_to"))
    return not own.keys() & vars(backend).keys() and all(place == own_to for place in own.values())


async def async_connect_udp(
    backend: AsyncNetworkBackend,
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
) -> AsyncDatagramStream:
    """Have any backend open datagrams. Raises `ConnectError` if it cannot; see `AsyncNetworkBackend`."""
    connect = udp_method(backend)
    if connect is None:
        kind = type(backend).__name__
        raise ConnectError(f"{kind} has no connect_udp() that may be used ({peer_name(host, port)})")
    return cast(
        AsyncDatagramStream,
        await async_connecting(connect)(
            host=host, port=port, timeout=timeout, local_address=local_address, socket_options=socket_options
        ),
    )


async def async_connect_udp_to(
    backend: AsyncNetworkBackend,
    addresses: Sequence[str],
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
) -> AsyncDatagramStream:
    """Have any backend open datagrams to the first of `addresses`, those of `host`, that it has a way to.

    A backend that is not of this package gets one address after the other.
    """
    options = None if socket_options is None else list(socket_options)
    if isinstance(backend, AsyncResolvingBackend) and _connects_to_addresses(backend, "udp"):
        return await backend.connect_udp_to(addresses, host, port, timeout, local_address, options)

    async def connect(address: str, limit: float | None) -> AsyncDatagramStream:
        return await async_connect_udp(backend, address, port, limit, local_address, options)

    return cast(AsyncDatagramStream, await async_connect_in_turn(connect, addresses, timeout))


async def async_connect_in_turn(
    connect: Callable[[str, float | None], Any],
    addresses: Sequence[str],
    timeout: float | None,
) -> Any:
    """Return the stream to the first of `addresses` that answers, trying one after the other.

    `connect` gets an address and a limit in seconds. Each address has an equal share of the time that is left.
    """
    deadline = Deadline(timeout)
    errors: list[ConnectError | ConnectTimeout] = []
    for number, address in enumerate(addresses):
        remaining = deadline.remaining()
        limit = None if remaining is None else remaining / (len(addresses) - number)
        try:
            return await connect(address, limit)
        except (ConnectError, ConnectTimeout) as exc:
            errors.append(exc)
    try:
        if len(errors) == 1:
            raise errors[0]
        raise _one_for(errors) from errors[0]
    finally:
        errors.clear()  # their tracebacks refer to this frame


def _one_for(errors: Sequence[ConnectError | ConnectTimeout]) -> ConnectError | ConnectTimeout:
    kind = ConnectTimeout if all(isinstance(error, ConnectTimeout) for error in errors) else ConnectError
    error = kind("; ".join(dict.fromkeys(str(error) for error in errors)))
    return final(error) if all(map(is_final, errors)) else error
