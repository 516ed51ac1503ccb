"""The distributions as users get them: built, installed into fresh environments with and without extras, and used.

Not a part of a plain test run, since it takes a minute and needs a package index: `hatch run packaging`.
"""

import concurrent.futures
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.environments import Environment
from httpcore_test_support.proxies import ProxyServer, pproxy_server

NAMES = (
    "httpcore-models",
    "httpcore-h11",
    "httpcore-h2",
    "httpcore-h3",
    "httpcore-proxy",
    "httpcore",
    "httpcore-httpx",
    "httpcore-trace",
)

MODELS = {"httpcore-models"}
H11 = MODELS | {"httpcore-h11", "h11"}
H2 = MODELS | {"httpcore-h2"}
H3 = MODELS | {"httpcore-h3", "qh3"}
H2_LIBRARIES = {"h2", "hpack", "hyperframe"}
PROXY = H11 | {"httpcore-proxy"}
HTTPCORE = PROXY | H2 | {"httpcore", "certifi"}
ANYIO = {"anyio", "idna", "typing-extensions"}
TRIO = {"trio", "attrs", "sortedcontainers", "idna", "outcome", "sniffio"}
HTTPX = HTTPCORE | ANYIO | {"httpcore-httpx", "httpx"}
HTTPX2 = HTTPCORE | ANYIO | {"httpcore-httpx", "httpx2", "httpcore2", "truststore"}
TRACE = HTTPCORE | {"httpcore-trace", "rich", "markdown-it-py", "mdurl", "pygments"}
# What the dependencies only need on old versions of Python.
MAYBE = {"exceptiongroup", "typing-extensions", "sniffio"}

# Programs get the URLs of a server, clear and over TLS, the file with its authority, and the port of a proxy.
GET = """
import ssl, sys
import httpcore
clear, tls, authority, _ = sys.argv[1:]
with httpcore.ConnectionPool(ssl_context=ssl.create_default_context(cafile=authority)) as pool:
    for url in (clear, tls):
        assert pool.request("GET", url + "/").content == b"Hello, world!\\n"
"""
ASYNCIO = """
import asyncio, ssl, sys
import httpcore
clear, tls, authority, _ = sys.argv[1:]

async def main():
    async with httpcore.AsyncConnectionPool(ssl_context=ssl.create_default_context(cafile=authority)) as pool:
        for url in (clear, tls):
            assert (await pool.request("GET", url + "/")).content == b"Hello, world!\\n"

asyncio.run(main())
"""
TRIO_PROGRAM = ASYNCIO.replace("asyncio, ssl, sys", "ssl, sys, trio").replace("asyncio.run(main())", "trio.run(main)")
HTTP2 = """
import ssl, sys
import httpcore
clear, tls, authority, _ = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
with httpcore.ConnectionPool(ssl_context=context, http1=False, http2=True) as pool:
    for url in (clear, tls):
        assert pool.request("GET", url + "/").extensions["http_version"] == b"HTTP/2"
"""
SOCKS = """
import sys
import httpcore
with httpcore.ConnectionPool(proxy=httpcore.Proxy("socks5://127.0.0.1:" + sys.argv[4])) as pool:
    assert pool.request("GET", sys.argv[1] + "/").content == b"Hello, world!\\n"
"""
ALONE = """
import sys
from httpcore_models import URL, SyncBackend
from {module} import {name}
url = URL(sys.argv[1] + "/")
stream = SyncBackend().connect_tcp(url.host.decode(), url.port, timeout=5.0)
with {name}(url.origin, stream) as connection:
    assert connection.request("GET", url).content == b"Hello, world!\\n"
"""
PROXY_ALONE = """
import sys
from httpcore_h11 import HTTP11Connection
from httpcore_models import URL, Request, SyncBackend
from httpcore_models.network import DirectDialler
from httpcore_proxy import TunnelDialler
url = URL(sys.argv[1] + "/")
dialler = TunnelDialler(DirectDialler(SyncBackend()), URL("http://127.0.0.1:" + sys.argv[4]).origin)
stream = dialler.dial(url.origin, Request("GET", url), timeout=5.0)
with HTTP11Connection(url.origin, stream) as connection:
    assert connection.request("GET", url).content == b"Hello, world!\\n"
"""
SOCKS_ALONE = PROXY_ALONE.replace("TunnelDialler", "SocksDialler").replace("http://127", "socks5://127")
MODELS_ALONE = """
import sys
from httpcore_models import URL, SyncBackend
url = URL(sys.argv[1])
stream = SyncBackend().connect_tcp("127.0.0.1", url.port, timeout=5.0)
stream.write(b"GET / HTTP/1.0\\r\\n\\r\\n", timeout=5.0)
assert stream.read(1024, timeout=5.0).startswith(b"HTTP/1.")
stream.close()
"""

TRANSPORT = """
import sys
import {library}
from {module} import AsyncHTTPTransport, HTTPTransport
with {library}.Client(transport=HTTPTransport()) as client:
    assert client.get(sys.argv[1]).text == "Hello, world!\\n"
"""

RECORDED = """
import sys
import httpcore
from httpcore_trace import Recorder
recorder = Recorder()
with recorder.pool(httpcore.ConnectionPool()) as pool:
    pool.request("GET", sys.argv[1] + "/")
assert recorder.requests[0].status == 200
assert "rich" not in sys.modules
"""

CASES = [
    ("httpcore", HTTPCORE, [GET]),
    ("httpcore[asyncio]", HTTPCORE | ANYIO, [GET, ASYNCIO]),
    ("httpcore[trio]", HTTPCORE | TRIO, [GET, TRIO_PROGRAM]),
    ("httpcore[http2]", HTTPCORE | H2_LIBRARIES, [GET, HTTP2]),
    ("httpcore[socks]", HTTPCORE | {"socksio"}, [GET, SOCKS]),
    ("httpcore[asyncio,http2,socks]", HTTPCORE | H2_LIBRARIES | ANYIO | {"socksio"}, [GET, ASYNCIO, HTTP2, SOCKS]),
    ("httpcore-h11", H11, [ALONE.format(module="httpcore_h11", name="HTTP11Connection")]),
    ("httpcore-h2", H2, ["import httpcore_h2"]),
    ("httpcore-h2[h2]", H2 | H2_LIBRARIES, [ALONE.format(module="httpcore_h2", name="HTTP2Connection")]),
    ("httpcore-h3", H3, ["import httpcore_h3"]),
    ("httpcore-proxy", PROXY, [PROXY_ALONE]),
    ("httpcore-proxy[socks]", PROXY | {"socksio"}, [PROXY_ALONE, SOCKS_ALONE]),
    ("httpcore-models", MODELS, [MODELS_ALONE]),
    ("httpcore-httpx", HTTPCORE | {"httpcore-httpx"}, ["import httpcore_httpx"]),
    ("httpcore-trace", TRACE, [RECORDED]),
    ("httpcore-httpx[httpx]", HTTPX, [TRANSPORT.format(library="httpx", module="httpcore_httpx")]),
]
if sys.version_info >= (3, 11):
    program = TRANSPORT.format(library="httpx2", module="httpcore_httpx.httpx2")
    CASES.append(("httpcore-httpx[httpx2]", HTTPX2, [program]))
REQUIREMENTS = [case[0] for case in CASES]


@pytest.fixture(scope="module")
def environment(prepare: Callable[..., "concurrent.futures.Future[Environment]"]) -> Callable[[str], Environment]:
    """All environments are created in parallel; each is waited for when it is used."""
    futures = {requirement: prepare(requirement) for requirement in REQUIREMENTS}
    return lambda requirement: futures[requirement].result()


@pytest.fixture(scope="module")
def proxy() -> Iterator[ProxyServer]:
    with pproxy_server() as server:
        yield server


@pytest.mark.parametrize(("requirement", "expected", "programs"), CASES, ids=REQUIREMENTS)
def test_installation_works_with_declared_packages_only(
    environment: Callable[[str], Environment],
    caddy: CaddyServer,
    certificates: Certificates,
    proxy: ProxyServer,
    requirement: str,
    expected: set[str],
    programs: list[str],
) -> None:
    installed = environment(requirement)
    assert installed.distributions().keys() - MAYBE == expected - MAYBE
    for program in programs:
        installed.run(program, caddy.http_url, caddy.https_url, str(certificates.authority_pem), str(proxy.port))


# What is missing is told when it is used: what is installed, the use, the error and a part of its text.
MISSING = [
    ("httpcore", "httpcore.HTTP2Connection(None, None)", "RuntimeError", "httpcore[http2]"),
    ("httpcore", "import httpcore._sync.http2", "ModuleNotFoundError", "No module named 'h2'. Use"),
    ("httpcore-h2", "httpcore_h2.HTTP2Connection(None, None)", "RuntimeError", "httpcore[http2]"),
    ("httpcore", "httpcore.SOCKSProxy('socks5://127.0.0.1:1080')", "RuntimeError", "httpcore[socks]"),
    ("httpcore", "httpcore.AnyIOBackend()", "RuntimeError", "httpcore[asyncio]"),
    ("httpcore", "httpcore.TrioBackend()", "RuntimeError", "httpcore[trio]"),
    ("httpcore[asyncio]", "httpcore.TrioBackend()", "RuntimeError", "httpcore[trio]"),
    (
        "httpcore",
        "asyncio.run(httpcore.AsyncConnectionPool().request('GET', 'http://127.0.0.1:1/'))",
        "RuntimeError",
        "httpcore[asyncio]",
    ),
    ("httpcore-proxy", "httpcore_proxy.SocksDialler(None, None)", "RuntimeError", "httpcore[socks]"),
    ("httpcore-models", "httpcore_models.AnyIOBackend()", "RuntimeError", "httpcore[asyncio]"),
    ("httpcore-httpx", "httpcore_httpx.HTTPTransport", "ModuleNotFoundError", "httpcore-httpx[httpx]"),
    ("httpcore-httpx", "import httpcore_httpx.httpx2", "ModuleNotFoundError", "httpcore-httpx[httpx2]"),
]


@pytest.mark.parametrize(
    ("requirement", "use", "error", "text"), MISSING, ids=[f"{case[0]}: {case[3]}" for case in MISSING]
)
def test_missing_extra_is_named_on_use(
    environment: Callable[[str], Environment], requirement: str, use: str, error: str, text: str
) -> None:
    module = requirement.partition("[")[0].replace("-", "_")
    environment(requirement).run(
        f"import asyncio, {module}\n"
        f"try:\n    {use}\n"
        f"except {error} as exc:\n    assert {text!r} in str(exc), exc\n"
        "else:\n    raise AssertionError"
    )


def test_importing_loads_nothing_that_is_not_needed_yet(environment: Callable[[str], Environment]) -> None:
    environment("httpcore[asyncio,http2,socks]").run(
        "import ssl, sys\n"
        "def refuse(*arguments, **options):\n    raise AssertionError('a TLS context is made')\n"
        "ssl.SSLContext.__new__ = ssl.create_default_context = refuse\n"
        "import httpcore\n"
        "httpcore.ConnectionPool()\n"
        "names = {'asyncio', 'anyio', 'trio', 'h2', 'hpack', 'socksio', 'certifi'}\n"
        "assert not names & set(sys.modules), names & set(sys.modules)"
    )


@pytest.mark.parametrize("name", NAMES)
def test_contents_of_the_distributions(dist: Path, name: str) -> None:
    stem = name.replace("-", "_")
    (wheel,) = dist.glob(f"{stem}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
        metadata = archive.read(next(file for file in files if file.endswith("METADATA"))).decode()
    assert f"{stem}/py.typed" in files
    assert any(file.endswith("licenses/LICENSE") for file in files)
    assert all(file.startswith((f"{stem}/", f"{stem}-")) for file in files)
    assert "License-Expression: BSD-3-Clause" in metadata
    (sdist,) = dist.glob(f"{stem}-*.tar.gz")
    with tarfile.open(sdist) as source:
        names = {entry.partition("/")[2] for entry in source.getnames()}
    assert not [name for name in names if "test" in name]
    assert {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", f"src/{stem}/py.typed"} <= names


def test_an_h11_that_misreads_chunks_is_refused(dist: Path) -> None:
    """Releases before 0.16 take malformed chunk bodies (GHSA-vqfr-h8mv-ghfj)."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--find-links", str(dist)]
    refused = subprocess.run([*command, "httpcore-h11", "h11<0.16"], capture_output=True, text=True, check=False)
    assert refused.returncode
    assert "ResolutionImpossible" in refused.stderr
    assert "depends on h11<1 and >=0.16" in refused.stdout + refused.stderr
