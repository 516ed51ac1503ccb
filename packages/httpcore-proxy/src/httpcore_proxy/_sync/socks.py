# Generated from ../_async/socks.py by tools/make_sync.py: edit that file, then run it.
"""Connections through SOCKS proxies."""

import logging
from collections.abc import Iterable
from typing import Any, cast

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
from httpcore_models.lowlevel import close_unopened, get_tracer
from httpcore_models.network import Dialler, DirectDialler, resolve

from .._deadline import Deadline
from .._requests import without_zone
from .._socks import Negotiation, is_address, negotiate, require_socksio, resolves_here
from .deadline_stream import DeadlineStream

_logger = logging.getLogger("httpcore.socks")

# Longer than all replies of a negotiation.
_READ_SIZE = 4096

# What traces show in place of user name and password.
_HIDDEN = (b"[secure]", b"[secure]")


class SocksProxyDialler(DirectDialler):
    """Reaches a SOCKS proxy over the network, as any other server, but traced as a part of SOCKS."""

    def __init__(
        self,
        backend: NetworkBackend,
        *,
        local_address: str | None = None,
        uds: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> None:
        super().__init__(backend, local_address=local_address, uds=uds, socket_options=socket_options, logger=_logger)

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """The address that is connected to, and the time limit."""
        arguments = super().describe(origin, timeout)
        return {name: arguments[name] for name in ("path", "host", "port", "timeout") if name in arguments}


class SocksDialler(Dialler):
    """Has a SOCKS proxy connect to origins.

    `dialler` reaches the proxy at `proxy`. The scheme of its origin is the protocol: `socks5`, `socks5h`, `socks4` or
    `socks4a`. `auth` is a pair of user name and password, of which SOCKS4 only has the first. Both are for the dials to
    come. `rdns` says who resolves names, the proxy or this machine, where the protocol leaves that open; see `Proxy`.

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
        self._dialler = dialler
        self.proxy: Origin = proxy
        self.auth: tuple[bytes, bytes] | None = auth
        self._version = 4 if proxy.scheme in (b"socks4", b"socks4a") else 5
        self._resolves_here = resolves_here(proxy.scheme, rdns)

    def dial(self, origin: Origin, request: Request, timeout: float | None) -> NetworkStream:
        """Open a connection through the proxy, in `timeout` seconds all together; see `Dialler.dial()`.

        Where names are resolved here, their addresses are tried in turn. Raises `ProxyError` when the proxy refuses or
        does not speak SOCKS, and `ConnectError` for a name without an address.
        """
        where = f"SOCKS{self._version} to {origin} through the proxy {self.proxy}"
        deadline = Deadline(timeout, where)
        host = without_zone(origin.host).decode("ascii")
        hosts = [host]
        if self._resolves_here and not is_address(host):
            hosts = self._resolve(host, deadline)
            timeout = deadline.remaining()
        errors = []
        for target in hosts:
            try:
                negotiation = negotiate(self.proxy.scheme, target, origin.port, self.auth)
            except ProxyError as exc:
                raise ProxyError(f"{exc} ({where})") from exc
            stream = self._dialler.dial(self.proxy, request, timeout)
            try:
                return self._traced(stream, target, origin.port, negotiation, deadline, request)
            except ProxyError as exc:
                errors.append(str(exc))
                if not negotiation.asked or len(errors) == len(hosts):
                    raise ProxyError(f"{'; '.join(dict.fromkeys(errors))} ({where})") from exc
            timeout = deadline.remaining()
        raise AssertionError("unreachable")

    def _resolve(self, host: str, deadline: Deadline) -> list[str]:
        addresses = resolve(host, deadline.remaining())
        if not addresses:
            raise ConnectError(f"the name resolves to no address ({host})")
        if self._version == 4:
            addresses = [address for address in addresses if ":" not in address]
            if not addresses:
                raise ConnectError(f"no IPv4 address, which is all that SOCKS4 can connect to ({host})")
        return list(dict.fromkeys(without_zone(address.encode("ascii")).decode("ascii") for address in addresses))

    def _traced(
        self,
        stream: NetworkStream,
        host: str,
        port: int,
        negotiation: Negotiation,
        deadline: Deadline,
        request: Request,
    ) -> NetworkStream:
        try:
            tracer = get_tracer(_logger, request)
            arguments = (stream, negotiation, deadline, request.extensions.get("timeout", {}))
            if tracer is None:
                return self._negotiate(*arguments)
            info = {"stream": stream, "host": host, "port": port, "auth": None if self.auth is None else _HIDDEN}
            name = f"setup_socks{self._version}_connection"
            return cast(NetworkStream, tracer.run(name, info, self._negotiate, *arguments))
        except BaseException:
            close_unopened(stream)
            raise

    def _negotiate(
        self, stream: NetworkStream, negotiation: Negotiation, deadline: Deadline, timeouts: dict[str, Any]
    ) -> NetworkStream:
        handshake = DeadlineStream(stream, deadline)
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
        """What the dialler that reaches the proxy reports."""
        return self._dialler.describe(self.proxy, timeout)

    def cancel(self) -> None:
        """Interrupt the dialler that reaches the proxy."""
        self._dialler.cancel()
