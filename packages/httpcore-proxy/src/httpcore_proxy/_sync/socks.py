# Generated from ../_async/socks.py by tools/make_sync.py: edit that file, then run it.
"""Connections through SOCKS proxies."""

import logging
import os
from collections.abc import Iterable
from typing import Any, Literal, cast

from httpcore_h11 import UpgradeStream
from httpcore_models import (
    SOCKET_OPTION,
    ConnectError,
    NetworkBackend,
    NetworkStream,
    Origin,
    ProxyError,
    ReadError,
    Request,
    WriteError,
)
from httpcore_models.deadline import Deadline
from httpcore_models.lowlevel import ObservedPhase, close_unopened, get_tracer, observer_of, without_zone
from httpcore_models.network import Dialler, DirectDialler, resolve

from .._requests import HIDDEN
from .._socks import Negotiation, is_address, negotiate, require_socksio, resolves_here, version
from .._timeouts import limits_single_waits, remaining_time
from .deadline_stream import DeadlineStream
from .hops import observed_hop

_logger = logging.getLogger("httpcore.socks")

# More than all replies of a negotiation together.
_READ_SIZE = 4096


class SocksProxyDialler(DirectDialler):
    """Reaches a SOCKS proxy over the network, and traces that as a part of SOCKS."""

    def __init__(
        self,
        backend: NetworkBackend,
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


class SocksDialler(Dialler):
    """Has a SOCKS proxy connect to origins.

    `dialler` reaches the proxy at `proxy`. The scheme of that origin is the protocol: `socks5`, `socks5h`, `socks4` or
    `socks4a`. `auth` is a pair of user name and password; SOCKS4 uses only the first. `proxy` and `auth` may be changed
    between dials. `rdns` says whether the proxy resolves names, where the protocol leaves that open; see `Proxy`.

    Raises `RuntimeError` when socksio is not installed.
    """

    logger: logging.Logger = _logger

    def __init__(
        self,
        dialler: Dialler,
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

    def dial(self, origin: Origin, request: Request, timeout: float | None) -> NetworkStream:
        """Open a connection through the proxy within `timeout` seconds; see `Dialler.dial()`.

        When this machine resolves the name, its addresses are tried in turn. Raises `ProxyError` when the proxy refuses
        or does not speak SOCKS, and `ConnectError` for a name without an address.
        """
        return observed_hop(self.proxy, self.hops - 1, request, self._open, origin, timeout)

    def _open(self, origin: Origin, request: Request, timeout: float | None) -> NetworkStream:
        def operation() -> str:
            return f"SOCKS{self._version} to {origin} through the proxy {self.proxy}"

        deadline = Deadline(timeout)
        host = without_zone(origin.host).decode("ascii")
        hosts = [host]
        if self._resolves_here and not is_address(host):
            with ObservedPhase(observer_of(request), "connect.resolve", {"host": host, "port": origin.port}) as result:
                result["addresses"] = hosts = self._resolve(host, timeout)
            timeout = remaining_time(deadline, operation)
        errors = []
        for target in hosts:
            try:
                negotiation = negotiate(self.proxy.scheme, target, origin.port, self.auth)
            except ProxyError as exc:
                raise ProxyError(f"{exc} ({operation()})") from exc
            stream = self._dialler.dial(self.proxy, request, timeout)
            try:
                handshake = DeadlineStream(stream, deadline, operation, limits_single_waits(request))
                return self._negotiate(stream, handshake, target, origin.port, negotiation, request)
            except ProxyError as exc:
                errors.append(str(exc))
                if not negotiation.asked or len(errors) == len(hosts):
                    raise ProxyError(f"{'; '.join(dict.fromkeys(errors))} ({operation()})") from exc
            timeout = remaining_time(deadline, operation)
        raise AssertionError("unreachable")

    def _resolve(self, host: str, timeout: float | None) -> list[str]:
        addresses = resolve(host, timeout)
        if not addresses:
            raise ConnectError(f"The name resolves to no address ({host})")
        if self._version == 4:
            addresses = [address for address in addresses if ":" not in address]
            if not addresses:
                raise ConnectError(f"SOCKS4 connects to IPv4 addresses only, and the name has none ({host})")
        return list(dict.fromkeys(without_zone(address.encode("ascii")).decode("ascii") for address in addresses))

    def _negotiate(
        self,
        stream: NetworkStream,
        handshake: DeadlineStream,
        host: str,
        port: int,
        negotiation: Negotiation,
        request: Request,
    ) -> NetworkStream:
        try:
            tracer = get_tracer(_logger, request)
            arguments = (stream, handshake, negotiation, request.extensions.get("timeout", {}))
            if tracer is None:
                return self._exchange_messages(*arguments)
            auth = None if self.auth is None else (HIDDEN, HIDDEN)
            info = {"stream": stream, "host": host, "port": port, "auth": auth}
            name = f"setup_socks{self._version}_connection"
            return cast(NetworkStream, tracer.run(name, info, self._exchange_messages, *arguments))
        except BaseException:
            close_unopened(stream)
            raise

    def _exchange_messages(
        self,
        stream: NetworkStream,
        handshake: DeadlineStream,
        negotiation: Negotiation,
        timeouts: dict[str, Any],
    ) -> NetworkStream:
        try:
            while not negotiation.complete:
                data = negotiation.data_to_send()
                if data:
                    handshake.write(data, timeouts.get("write"))
                negotiation.receive_data(handshake.read(_READ_SIZE, timeouts.get("read")))
        except (ReadError, WriteError) as exc:
            raise ProxyError(str(exc)) from exc
        leading_data = negotiation.trailing_data
        return UpgradeStream(stream, leading_data) if leading_data else stream

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """Return what the dialler that reaches the proxy reports."""
        return self._dialler.describe(self.proxy, timeout)

    def cancel(self) -> None:
        """Interrupt the dialler that reaches the proxy."""
        self._dialler.cancel()
