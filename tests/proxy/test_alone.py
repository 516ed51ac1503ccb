"""`httpcore-proxy` needs only its siblings and h11. It needs socksio only for SOCKS, and anyio only for async use."""

import subprocess
import sys

from httpcore_test_support import steps
from httpcore_test_support.scripted import scripted_server

PROGRAM = """
import sys


class OnlyItsOwn:
    ALLOWED = {"h11", "httpcore_h11", "httpcore_models", "httpcore_proxy", *sys.stdlib_module_names}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self.ALLOWED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


# Before the finder is there: the list of names lacks what it imports in PyPy.
import ssl

sys.meta_path.insert(0, OnlyItsOwn())

from httpcore_h11 import HTTP11Connection
from httpcore_models import URL, Origin, Request, SyncBackend
from httpcore_models.network import DirectDialler
from httpcore_proxy import SocksDialler, TunnelDialler

proxy = URL(sys.argv[1]).origin
url = URL("http://example.com/")
request = Request("GET", url)
stream = TunnelDialler(DirectDialler(SyncBackend()), proxy).dial(url.origin, request, timeout=10.0)
with HTTP11Connection(url.origin, stream) as connection:
    response = connection.request("GET", url)
    print(response.status, response.content.decode())
try:
    SocksDialler(DirectDialler(SyncBackend()), Origin(b"socks5", b"localhost", 1080))
except RuntimeError as error:
    print(error)
"""


def test_a_sync_request_through_a_tunnel() -> None:
    script = [
        steps.receive_until(b"CONNECT example.com:80 HTTP/1.1\r\n"),
        steps.receive_until(b"\r\n\r\n"),
        steps.send(b"HTTP/1.1 200 OK\r\n\r\n"),
        steps.receive_request(),
        steps.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    ]
    with scripted_server(script) as server:
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, server.url], capture_output=True, text=True, timeout=30, check=False
        )
    hint = "Attempted to use SOCKS support, but the `socksio` package is not installed."
    assert result.stderr == ""
    assert result.stdout == f"200 hello\n{hint} Use 'pip install httpcore[socks]'.\n"
