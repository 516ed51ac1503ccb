"""`httpcore-h11` needs only `httpcore-models` and h11: no pool and, for sync use, no anyio."""

import subprocess
import sys

from httpcore_test_support import steps
from httpcore_test_support.scripted import scripted_server

PROGRAM = """
import sys


class OnlyItsOwn:
    ALLOWED = {"h11", "httpcore_h11", "httpcore_models", *sys.stdlib_module_names}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self.ALLOWED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


# Before the finder is there: the list of names lacks what it imports in PyPy.
import ssl

sys.meta_path.insert(0, OnlyItsOwn())
for hidden in ("httpcore", "anyio", "trio"):
    assert hidden not in sys.modules
    try:
        __import__(hidden)
    except ModuleNotFoundError:
        pass
    else:
        raise AssertionError(f"{hidden} is there")

from httpcore_h11 import HTTP11Connection
from httpcore_models import URL, SyncBackend

url = URL(sys.argv[1])
stream = SyncBackend().connect_tcp("127.0.0.1", url.port, timeout=10.0)
with HTTP11Connection(url.origin, stream) as connection:
    for number in (1, 2):
        response = connection.request("POST", url, content=b"%d" % number)
        print(response.status, response.content.decode())
"""


def test_a_sync_request_needs_only_models_and_h11() -> None:
    answer = [steps.receive_request(), steps.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    with scripted_server([*answer, *answer]) as server:
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, server.url], capture_output=True, text=True, timeout=30, check=False
        )
    assert (result.stdout, result.stderr) == ("200 hello\n200 hello\n", "")
    assert len(server.connections) == 1
