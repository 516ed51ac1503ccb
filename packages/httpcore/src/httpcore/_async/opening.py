"""One attempt to open the stream of a connection: dialling and, for `https` and `wss`, the TLS handshake."""

import functools
import ssl
from typing import Any

from httpcore_models import AsyncNetworkStream, ConnectError, Origin, Request
from httpcore_models.concurrency import forks
from httpcore_models.lowlevel import RequestLimits, async_close_unopened, observed_ssl_context
from httpcore_models.network import AsyncDialler, async_start_tls

from .._options import ConnectionOptions
from .._ssl import TLS_SCHEMES, alpn_protocols, requested_server_name, shared_ssl_context


async def async_open_stream(
    dialler: AsyncDialler,
    origin: Origin,
    request: Request,
    timeout: float | None,
    limits: RequestLimits | None,
    options: ConnectionOptions,
    tls: dict[str, Any],
) -> AsyncNetworkStream:
    """Open a stream to `origin` for `request`; put the arguments of the TLS handshake into `tls`.

    Each of the two steps may take `timeout` seconds, and both no longer than `limits` allow. On failure and
    cancellation nothing stays open.
    """
    given, offer = options.ssl_context, alpn_protocols(options.http1, options.http2)
    context: ssl.SSLContext | None = None
    if origin.scheme in TLS_SCHEMES:
        # Before connecting: making a context takes a while, and may fail.
        make = functools.partial(shared_ssl_context, offer)
        context = observed_ssl_context(make if given is None else given, request)
    stream: AsyncNetworkStream | None = None
    process = forks.count
    try:
        stream = await dialler.dial(origin, request, timeout if limits is None else limits.at_most(timeout))
        if forks.count != process:  # a trace callback has forked
            raise ConnectError(f"The connection belongs to another process ({origin})")
        if context is None:
            return stream
        host = requested_server_name(request) if "sni_hostname" in request.extensions else None
        tls["ssl_context"] = context
        tls["server_hostname"] = host or origin.host.decode("ascii")
        tls["timeout"] = timeout if limits is None else limits.at_most(timeout)
        return await async_start_tls(
            stream,
            request,
            dialler.logger,
            **tls,
            # The shared contexts already offer them.
            alpn_protocols=None if given is None else offer,
        )
    except BaseException:
        if stream is not None:
            await async_close_unopened(stream)
        raise
