"""Connections through SOCKS proxies."""

import logging
import os
from collections.abc import Iterable
from typing import Any, Literal, cast

from httpcore_h11 import AsyncUpgradeStream
from httpcore_models import (
    SOCKET_OPTION,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    Origin,
    ProxyError,
    ReadError,
    Request,
    WriteError,
)
from httpcore_models.deadline import Deadline
from httpcore_models.lowlevel import ObservedPhase, async_close_unopened, async_get_tracer, observer_of, without_zone
from httpcore_models.network import AsyncDialler, AsyncDirectDialler, async_resolve

from .._requests import HIDDEN
from .._socks import Negotiation, is_address, negotiate, require_socksio, resolves_here, version
from .._timeouts import limits_single_waits, remaining_time
from .deadline_stream import AsyncDeadlineStream
from .hops import async_observed_hop

_logger = logging.getLogger("httpcore.socks")

# More than all replies of a negotiation together.
_READ_SIZE = 4096


class AsyncSocksProxyDialler(AsyncDirectDialler):
    """Reaches a SOCKS proxy over the network, and traces that as a part of SOCKS."""

    def __init__(
        self,
        backend: AsyncNetworkBackend,
        *,
        local_address: str | None = None,
        uds: str | os.PathLike[str] | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> None:
        super().__init__(backend, local_address=local_address, uds=uds, socket_options=socket_options, logger=_logger)
        self.purpose: Literal["origin", "proxy"] = "proxy"

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """Return the address and the time limit."""
        arguments = super().describe(origin, timeout)
        return {name: arguments[name] for name in ("path", "host", "port", "timeout") if name in arguments}


class AsyncSocksDialler(AsyncDialler):
    """Has a SOCKS proxy connect to origins.

    `dialler` reaches the proxy at `proxy`. The scheme of that origin is the protocol: `socks5`, `socks5h`, `socks4` or
    `socks4a`. `auth` is a pair of user name and password; SOCKS4 uses only the first. `proxy` and `auth` may be changed
    between dials. `rdns` says whether the proxy resolves names, where the protocol leaves that open; see `Proxy`.

    Raises `RuntimeError` when socksio is not installed.
    """

    logger: logging.Logger = _logger

    def __init__(
        self,
        dialler: AsyncDialler,
        proxy: Origin,
        auth: tuple[bytes, bytes] | None = None,
        rdns: bool | None = None,
    ) -> None:
        require_socksio()
        self.hops: int = dialler.hops + 1
        self._dialler = dialler
        self.proxy: Origin = proxy
        self.auth: tuple[bytes, bytes] | None = auth
        self._version = version(proxy.scheme)
        self._resolves_here = resolves_here(proxy.scheme, rdns)

    async def dial(self, origin: Origin, request: Request, timeout: float | None) -> AsyncNetworkStream:
        """Open a connection through the proxy within `timeout` seconds; see `AsyncDialler.dial()`.

        When this machine resolves the name, its addresses are tried in turn. Raises `ProxyError` when the proxy refuses
        or does not speak SOCKS, and `ConnectError` for a name without an address.
        """
        return await async_observed_hop(self.proxy, self.hops - 1, request, self._open, origin, timeout)

    async def _open(self, origin: Origin, request: Request, timeout: float | None) -> AsyncNetworkStream:
        def operation() -> str:
            return f"SOCKS{self._version} to {origin} through the proxy {self.proxy}"

        deadline = Deadline(timeout)
        host = without_zone(origin.host).decode("ascii")
        hosts = [host]
        if self._resolves_here and not is_address(host):
            with ObservedPhase(observer_of(request), "connect.resolve", {"host": host, "port": origin.port}) as result:
                result["addresses"] = hosts = await self._resolve(host, timeout)
            timeout = remaining_time(deadline, operation)
        errors = []
        for target in hosts:
            try:
                negotiation = negotiate(self.proxy.scheme, target, origin.port, self.auth)
            except ProxyError as exc:
                raise ProxyError(f"{exc} ({operation()})") from exc
            stream = await self._dialler.dial(self.proxy, request, timeout)
            try:
                handshake = AsyncDeadlineStream(stream, deadline, operation, limits_single_waits(request))
                return await self._negotiate(stream, handshake, target, origin.port, negotiation, request)
            except ProxyError as exc:
                errors.append(str(exc))
                if not negotiation.asked or len(errors) == len(hosts):
                    raise ProxyError(f"{'; '.join(dict.fromkeys(errors))} ({operation()})") from exc
            timeout = remaining_time(deadline, operation)
        raise AssertionError("unreachable")

    async def _resolve(self, host: str, timeout: float | None) -> list[str]:
        addresses = await async_resolve(host, timeout)
        if not addresses:
            raise ConnectError(f"The name resolves to no address ({host})")
        if self._version == 4:
            addresses = [address for address in addresses if ":" not in address]
            if not addresses:
                raise ConnectError(f"SOCKS4 connects to IPv4 addresses only, and the name has none ({host})")
        return list(dict.fromkeys(without_zone(address.encode("ascii")).decode("ascii") for address in addresses))

    async def _negotiate(
        self,
        stream: AsyncNetworkStream,
        handshake: AsyncDeadlineStream,
        host: str,
        port: int,
        negotiation: Negotiation,
        request: Request,
    ) -> AsyncNetworkStream:
        try:
            tracer = async_get_tracer(_logger, request)
            arguments = (stream, handshake, negotiation, request.extensions.get("timeout", {}))
            if tracer is None:
                return await self._exchange_messages(*arguments)
            auth = None if self.auth is None else (HIDDEN, HIDDEN)
            info = {"stream": stream, "host": host, "port": port, "auth": auth}
            name = f"setup_socks{self._version}_connection"
            return cast(AsyncNetworkStream, await tracer.run(name, info, self._exchange_messages, *arguments))
        except BaseException:
            await async_close_unopened(stream)
            raise

    async def _exchange_messages(
        self,
        stream: AsyncNetworkStream,
        handshake: AsyncDeadlineStream,
        negotiation: Negotiation,
        timeouts: dict[str, Any],
    ) -> AsyncNetworkStream:
        try:
            while not negotiation.complete:
                data = negotiation.data_to_send()
                if data:
                    await handshake.write(data, timeouts.get("write"))
                negotiation.receive_data(await handshake.read(_READ_SIZE, timeouts.get("read")))
        except (ReadError, WriteError) as exc:
            raise ProxyError(str(exc)) from exc
        leading_data = negotiation.trailing_data
        return AsyncUpgradeStream(stream, leading_data) if leading_data else stream

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """Return what the dialler that reaches the proxy reports."""
        return self._dialler.describe(self.proxy, timeout)

    def cancel(self) -> None:
        """Cancel the dialler that reaches the proxy."""
        self._dialler.cancel()
