"""Backends that connect to addresses which someone else has found: a resolver, or a guard that has checked them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..._exceptions import ConnectError, ConnectTimeout
from ..._final import final, is_final
from ...deadline import Deadline
from .._backend_kinds import async_connecting
from .._error_texts import peer_name, timeout_text
from .._resolving.finding import async_find_addresses
from .._resolving.types import AsyncResolver
from .._socket_options import SOCKET_OPTION
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
        deadline = Deadline(timeout)
        found = await async_find_addresses(self.resolver, host, port, deadline)
        addresses = [str(address) for address in found]
        try:
            return await self.connect_tcp_to(addresses, host, port, deadline.remaining(), local_address, socket_options)
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
    if isinstance(backend, AsyncResolvingBackend) and _connects_to_addresses(backend):
        return await backend.connect_tcp_to(addresses, host, port, timeout, local_address, options)

    connect_tcp = async_connecting(backend.connect_tcp)

    async def connect(address: str, limit: float | None) -> AsyncNetworkStream:
        stream: AsyncNetworkStream = await connect_tcp(
            host=address, port=port, timeout=limit, local_address=local_address, socket_options=options
        )
        return stream

    return await async_connect_in_turn(connect, addresses, timeout)


def _connects_to_addresses(backend: AsyncResolvingBackend) -> bool:
    """Whether `connect_tcp_to()` does what `connect_tcp()` does. Programs replace the latter, in subclasses or not."""
    if "connect_tcp" in vars(backend):
        return False
    kind = type(backend)
    return _place_of(kind.connect_tcp) == _place_of(kind.connect_tcp_to)


def _place_of(method: Any) -> tuple[Any, str]:
    """Return the module and the class of a method. `functools.wraps()` copies only the latter."""
    module = getattr(method, "__globals__", {}).get("__name__")
    return module, getattr(method, "__qualname__", "").rpartition(".")[0]


async def async_connect_in_turn(
    connect: Callable[[str, float | None], Any],
    addresses: Sequence[str],
    timeout: float | None,
) -> AsyncNetworkStream:
    """Return the stream to the first of `addresses` that answers, trying one after the other.

    `connect` gets an address and a limit in seconds. Each address has an equal share of the time that is left.
    """
    deadline = Deadline(timeout)
    errors: list[ConnectError | ConnectTimeout] = []
    for number, address in enumerate(addresses):
        remaining = deadline.remaining()
        limit = None if remaining is None else remaining / (len(addresses) - number)
        try:
            stream: AsyncNetworkStream = await connect(address, limit)
            return stream
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
