# Generated from ../_async/opening.py by tools/make_sync.py: edit that file, then run it.
"""One attempt to open the stream of a connection: dialling and, for `https` and `wss`, the TLS handshake."""

from typing import Any

from httpcore_models import NetworkStream, Origin, Request
from httpcore_models.lowlevel import RequestLimits, close_unopened, ssl_context_of
from httpcore_models.network import Dialler, start_tls

from .._options import ConnectionOptions
from .._ssl import TLS_SCHEMES, alpn_protocols, requested_server_name, shared_ssl_context


def open_stream(
    dialler: Dialler,
    origin: Origin,
    request: Request,
    timeout: float | None,
    limits: RequestLimits | None,
    options: ConnectionOptions,
    tls: dict[str, Any],
) -> NetworkStream:
    """Open a stream to `origin` for `request`; put the arguments of the TLS handshake into `tls`.

    Each of the two steps may take `timeout` seconds, and both no longer than `limits` allow. On failure and
    interruption nothing stays open.
    """
    stream: NetworkStream | None = None
    try:
        stream = dialler.dial(origin, request, timeout if limits is None else limits.at_most(timeout))
        if origin.scheme not in TLS_SCHEMES:
            return stream
        context, offer = options.ssl_context, alpn_protocols(options.http1, options.http2)
        host = requested_server_name(request) if "sni_hostname" in request.extensions else None
        tls["ssl_context"] = shared_ssl_context(offer) if context is None else ssl_context_of(context)
        tls["server_hostname"] = host or origin.host.decode("ascii")
        tls["timeout"] = timeout if limits is None else limits.at_most(timeout)
        return start_tls(
            stream,
            request,
            dialler.logger,
            **tls,
            # The shared contexts already offer them.
            alpn_protocols=None if context is None else offer,
        )
    except BaseException:
        if stream is not None:
            close_unopened(stream)
        raise
