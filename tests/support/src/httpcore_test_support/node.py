"""Node's own servers on the loopback interface: HTTP/1.1 in clear, HTTP/2 in clear, and both over TLS.

Every path answers with the size of the request's body, once the whole body is there. /early answers before it reads the
body, /received says how large that body was in the end, /rejected answers with 413 before it reads the body, /echo
sends the body back while it reads it, and /count says how many other requests were answered since the last time. To a
request that expects a 100, /rejected sends none, and /unexpected answers with 417.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from .certificates import Certificates
from .processes import serving

__all__ = ["NodeServer", "find_node", "node_server"]

_SCRIPT = Path(__file__).with_name("node_server.js")
_OLDEST = 18


@dataclass(frozen=True)
class NodeServer:
    """A running Node."""

    http_url: str
    h2c_url: str
    https_url: str


@contextmanager
def node_server(
    certificates: Certificates,
    *,
    max_concurrent_streams: int | None = None,
    requests_per_session: int | None = None,
    refuse_every: int | None = None,
) -> Iterator[NodeServer]:
    """Run Node for the length of the `with` block.

    A session of HTTP/2 is closed in good order after `requests_per_session`, and of all streams those whose turn
    `refuse_every` says are refused.
    """
    program = find_node()
    if program is None:
        raise FileNotFoundError("node is not installed, or too old")
    with TemporaryDirectory(prefix="node-") as directory, ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=511)) for _ in range(3)]
        options = {
            "descriptors": [listener.fileno() for listener in listeners],
            "certificate": str(certificates.chain_pem),
            "key": str(certificates.key_pem),
            "maxConcurrentStreams": max_concurrent_streams,
            "requestsPerSession": requests_per_session,
            "refuseEvery": refuse_every,
        }
        urls = [
            f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
            for scheme, listener in zip(("http", "http", "https"), listeners, strict=True)
        ]
        with serving([program, _SCRIPT, json.dumps(options)], Path(directory), listeners):
            yield NodeServer(*urls)


@cache
def find_node() -> str | None:
    """Return the path of a Node that is recent enough."""
    program = shutil.which("node")
    if program is None:
        return None
    version = re.match(r"v(\d+)", subprocess.run([program, "--version"], capture_output=True, text=True).stdout)
    return program if version and int(version[1]) >= _OLDEST else None
