"""Libraries of extras are loaded on first use. Errors name the extra when they are missing."""

import subprocess
import sys
from types import ModuleType

import certifi
import httpcore
import httpcore_h2
import pytest
from httpcore_test_support import steps
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import scripted_server

# Stands in for an environment without the libraries below HTTP/2, which `httpcore` does not bring by itself.
WITHOUT_H2 = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("h2", "hpack", "hyperframe"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())

def error_of(function):
    try:
        function()
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}"
"""
CLASSES = ["HTTP2Connection", "AsyncHTTP2Connection"]
# Programs get the URL of a server, and the file with its authority.
REQUESTS = """
import asyncio, ssl, sys
import httpcore

url, authority, http1 = sys.argv[1], sys.argv[2], sys.argv[3] == "http1"
options = {"ssl_context": ssl.create_default_context(cafile=authority), "http1": http1, "http2": True}

def with_a_pool():
    with httpcore.ConnectionPool(**options) as pool:
        try:
            print(pool.request("GET", url).status)
        finally:
            assert len(pool.connections) <= 1

def with_a_connection():
    with httpcore.HTTPConnection(httpcore.URL(url).origin, **options) as connection:
        print(connection.request("GET", url).status)

async def with_an_async_pool():
    async with httpcore.AsyncConnectionPool(**options) as pool:
        print((await pool.request("GET", url)).status)

async def side_by_side():
    async with httpcore.AsyncConnectionPool(**options) as pool:
        results = await asyncio.gather(*[pool.request("GET", url) for _ in range(3)], return_exceptions=True)
    assert len({str(result) for result in results}) == 1, results
    if isinstance(results[0], Exception):
        raise results[0]
    print(results[0].status)

for function in (
    with_a_pool,
    with_a_connection,
    lambda: asyncio.run(with_an_async_pool()),
    lambda: asyncio.run(side_by_side()),
):
    if error := error_of(function):
        print(error)
"""
NO_H2 = "ModuleNotFoundError: No module named 'h2'. Use 'pip install httpcore[http2]'."
OK = [steps.receive_request(), steps.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")] * 3


def run(program: str, *arguments: str) -> list[str]:
    """Return what a program prints. A warning fails the test."""
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_importing_does_not_load_extras() -> None:
    run(
        "import sys, httpcore\n"
        "httpcore.ConnectionPool()\n"
        "names = {'asyncio', 'anyio', 'trio', 'h2', 'hpack', 'httpcore_h2', 'socksio', 'certifi'}\n"
        "assert not names & set(sys.modules), names & set(sys.modules)"
    )


def test_with_the_context_comes_what_connecting_imports_next() -> None:
    """A fork that waits for another thread's context would else come as that thread holds the lock of a module."""
    run(
        "import sys\n"
        "from httpcore._ssl import shared_ssl_context\n"
        "shared_ssl_context(('http/1.1',))\n"
        "assert 'encodings.idna' in sys.modules"
    )


def test_nothing_of_http_3_is_loaded_without_its_option() -> None:
    run(
        "import sys, httpcore\n"
        "httpcore.ConnectionPool(http2=True), httpcore.AsyncConnectionPool()\n"
        "parts = ('httpcore_h3', 'qh3', 'http3_connection', '_http3', 'datagram_socket', '_datagrams')\n"
        "loaded = [name for name in sys.modules for part in parts if name.split('.')[-1].endswith(part)]\n"
        "assert not loaded, loaded"
    )


@pytest.mark.parametrize(
    "make",
    [
        "httpcore.ConnectionPool(http2=True)",
        "httpcore.AsyncConnectionPool(http2=True)",
        "httpcore.HTTPConnection(httpcore.Origin(b'https', b'example.org', 443), http2=True)",
        "httpcore.AsyncHTTPConnection(httpcore.Origin(b'https', b'example.org', 443), http2=True)",
    ],
)
def test_http_2_is_loaded_before_the_first_request(make: str) -> None:
    run(
        "import sys, httpcore\n"
        f"{make}\n"
        "names = {'asyncio', 'anyio', 'trio', 'socksio', 'certifi'}\n"
        "assert not names & set(sys.modules), names & set(sys.modules)\n"
        "assert {'h2.connection', 'httpcore_h2._sync.connection', 'httpcore_h2._async.connection'} < set(sys.modules)\n"
        "before = set(sys.modules)\n"
        "from httpcore_h2 import AsyncHTTP2Connection, HTTP2Connection, require_h2\n"
        "require_h2()\n"
        "assert set(sys.modules) == before"
    )


@pytest.mark.parametrize("name", CLASSES)
def test_the_classes_of_http_2_are_loaded_on_access(name: str) -> None:
    run(f"import httpcore, sys\nassert httpcore.{name}.__module__ == 'httpcore'\nassert 'httpcore_h2' in sys.modules")


@pytest.mark.upgrade("1.1")
@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("module", ["httpcore", "httpcore_h2"])
def test_without_h2_its_classes_cannot_be_instantiated(module: str, name: str) -> None:
    program = f"from {module} import {name}, {name} as same\nprint(error_of({name}))\nassert same is {name}"
    assert run(WITHOUT_H2 + program) == [
        "RuntimeError: Attempted to use http2 support, but the `h2` package is not installed. "
        "Use 'pip install httpcore[http2]'."
    ]


@pytest.mark.upgrade("1.1")
def test_without_h2_modules_that_need_it_cannot_be_imported() -> None:
    program = """
import importlib
import httpcore_h2
from httpcore_h2 import *
for name in ("httpcore._async.http2", "httpcore._sync.http2"):
    print(error_of(lambda: importlib.import_module(name)))
print(error_of(httpcore_h2.require_h2))
assert ChangedSetting and TunnelStream
"""
    assert run(WITHOUT_H2 + program) == [NO_H2] * 3


@pytest.mark.upgrade("1.1")
def test_without_h2_everything_else_works() -> None:
    with scripted_server(OK) as server:
        assert run(WITHOUT_H2 + REQUESTS, server.url, certifi.where(), "http1") == ["200"] * 4


@pytest.mark.upgrade("1.1")
def test_with_an_h2_that_does_not_work_http_1_works() -> None:
    """It was made for another Python, say, and raises something else than `ImportError`."""
    program = WITHOUT_H2.replace('ModuleNotFoundError(f"No module named {name!r}", name=name)', "RuntimeError(name)")
    assert "RuntimeError(name)" in program
    run(
        f"""{program}
import httpcore
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"
with httpcore.ConnectionPool(http2=True, network_backend=httpcore.MockBackend([answer])) as pool:
    assert pool.request("GET", "http://example.com/").content == b"ok"
"""
    )


def test_without_h2_http_1_works_over_tls(certificates: Certificates) -> None:
    with scripted_server(OK, tls=certificates.server_context(alpn=["http/1.1"])) as server:
        assert run(WITHOUT_H2 + REQUESTS, server.url, str(certificates.authority_pem), "http1") == ["200"] * 4


@pytest.mark.upgrade("1.1")
@pytest.mark.parametrize("http1", ["http1", "no http1"])
def test_without_h2_a_server_that_chooses_http_2_is_an_error(certificates: Certificates, http1: str) -> None:
    with scripted_server([steps.hold()], tls=certificates.server_context(alpn=["h2", "http/1.1"])) as server:
        assert run(WITHOUT_H2 + REQUESTS, server.url, str(certificates.authority_pem), http1) == [NO_H2] * 4
        assert server.wait_closed()
        assert {connection.received for connection in server.connections} == {b""}


@pytest.mark.upgrade("1.1")
def test_without_h2_there_is_no_http_2_by_prior_knowledge() -> None:
    with scripted_server([steps.hold()]) as server:
        assert run(WITHOUT_H2 + REQUESTS, server.url, certifi.where(), "no http1") == [NO_H2] * 4
        assert server.wait_closed()
        assert {connection.received for connection in server.connections} == {b""}


def test_the_error_names_a_missing_dependency_of_h2() -> None:
    program = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name == "hyperframe":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
import httpcore_h2
try:
    httpcore_h2.require_h2()
except ModuleNotFoundError as exc:
    print(exc.name)
"""
    assert run(program) == ["hyperframe"]


def test_h2_may_be_installed_later() -> None:
    program = """
import httpcore_h2
missing = httpcore_h2.HTTP2Connection
del sys.meta_path[0]
httpcore_h2.require_h2()
assert httpcore_h2.HTTP2Connection is not missing
assert httpcore_h2.HTTP2Connection.__module__ == "httpcore_h2._sync.connection"
"""
    run(WITHOUT_H2 + program)


@pytest.mark.parametrize("module", [httpcore, httpcore_h2])
def test_other_names_do_not_exist(module: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'HTTP3Connection'"):
        module.HTTP3Connection  # noqa: B018


@pytest.mark.parametrize("module", [httpcore, httpcore_h2])
def test_dir_lists_names_that_are_not_loaded(module: ModuleType) -> None:
    assert {"HTTP2Connection", "AsyncHTTP2Connection"} <= set(dir(module)) & set(module.__all__)
