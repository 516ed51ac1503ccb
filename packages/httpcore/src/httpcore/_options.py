"""The options of a connection to an origin."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from httpcore_models import SOCKET_OPTION, SSLContextTypes


@dataclass(frozen=True)
class ConnectionOptions:
    """What a pool makes its connections with; the fields are the arguments of `AsyncHTTPConnection`, explained there.

    `vars(options)` are these arguments by name.
    """

    ssl_context: SSLContextTypes | None = None
    keepalive_expiry: float | None = None
    http1: bool = True
    http2: bool = False
    retries: int = 0
    local_address: str | None = None
    uds: str | os.PathLike[str] | None = None
    network_backend: Any = None  # an async one or a sync one
    socket_options: Iterable[SOCKET_OPTION] | None = None
    http2_ping_interval: float | None = None
    http2_ping_timeout: float = 20.0
