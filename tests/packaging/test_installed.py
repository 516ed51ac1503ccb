"""The distributions as users get them: built, installed into fresh environments with and without extras, and used.

Not a part of a plain test run, since it takes a minute and needs a package index: `hatch run packaging`.
"""

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.commands import run

NAMES = ("httpcore-models", "httpcore-h11", "httpcore-h2", "httpcore-proxy", "httpcore")

MODELS = {"httpcore-models"}
H11 = MODELS | {"httpcore-h11", "h11"}
H2 = MODELS | {"httpcore-h2", "h2", "hpack", "hyperframe"}
PROXY = H11 | {"httpcore-proxy"}
HTTPCORE = PROXY | {"httpcore", "certifi"}
ANYIO = {"anyio", "idna", "typing-extensions"}
TRIO = {"trio", "attrs", "sortedcontainers", "idna", "outcome", "sniffio"}
# What the dependencies only need on old versions of Python.
MAYBE = {"exceptiongroup", "typing-extensions", "sniffio"}

GET = """
import sys
import httpcore
with httpcore.ConnectionPool() as pool:
    assert pool.request("GET", sys.argv[1] + "/").content == b"Hello, world!\\n"
"""
ASYNCIO = """
import asyncio, sys
import httpcore

async def main():
    async with httpcore.AsyncConnectionPool() as pool:
        assert (await pool.request("GET", sys.argv[1] + "/")).status == 200

asyncio.run(main())
"""
TRIO_PROGRAM = ASYNCIO.replace("asyncio, sys", "sys, trio").replace("asyncio.run(main())", "trio.run(main)")
HTTP2 = """
import sys
import httpcore
with httpcore.ConnectionPool(http1=False, http2=True) as pool:
    assert pool.request("GET", sys.argv[1] + "/").extensions["http_version"] == b"HTTP/2"
"""
SOCKS = """
import httpcore
httpcore.SOCKSProxy("socks5://127.0.0.1:1080").close()
"""
ALONE = """
import sys
from urllib.parse import urlsplit
from {module} import {name}
from httpcore_models import Origin, SyncBackend
url = urlsplit(sys.argv[1])
stream = SyncBackend().connect_tcp(url.hostname, url.port, timeout=5.0)
with {name}(Origin(b"http", url.hostname.encode(), url.port), stream) as connection:
    assert connection.request("GET", sys.argv[1] + "/").status == 200
"""
PROXY_ALONE = """
from httpcore_models import Origin
from httpcore_models.network import DirectDialler, SyncBackend
from httpcore_proxy import TunnelDialler
TunnelDialler(DirectDialler(SyncBackend()), Origin(b"http", b"127.0.0.1", 3128))
"""
SOCKS_ALONE = PROXY_ALONE.replace("Tunnel", "Socks").replace('b"http"', 'b"socks5"')


class Environment:
    """A fresh virtual environment in which `requirement` is installed."""

    def __init__(self, folder: Path, dist: Path, requirement: str) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = str(folder / "bin" / "python")
        self._pip = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check"]
        run([*self._pip, "install", "-q", "--find-links", str(dist), requirement])

    def distributions(self) -> set[str]:
        """The names of what is installed."""
        lines = run([*self._pip, "list", "--format=freeze"]).splitlines()
        return {line.partition("==")[0].replace("_", "-").lower() for line in lines}

    def run(self, program: str, *arguments: str) -> str:
        """Run a program; a failure or a warning of its fails the test."""
        return run([self.python, "-W", "error", "-c", program, *arguments])


CASES = [
    ("httpcore", HTTPCORE, [GET]),
    ("httpcore[asyncio]", HTTPCORE | ANYIO, [GET, ASYNCIO]),
    ("httpcore[trio]", HTTPCORE | ANYIO | TRIO, [GET, TRIO_PROGRAM]),
    ("httpcore[http2]", HTTPCORE | H2, [GET, HTTP2]),
    ("httpcore[socks]", HTTPCORE | {"socksio"}, [GET, SOCKS]),
    ("httpcore[asyncio,http2,socks]", HTTPCORE | H2 | ANYIO | {"socksio"}, [GET, ASYNCIO, HTTP2, SOCKS]),
    ("httpcore-h11", H11, [ALONE.format(module="httpcore_h11", name="HTTP11Connection")]),
    ("httpcore-h2", H2, [ALONE.format(module="httpcore_h2", name="HTTP2Connection")]),
    ("httpcore-proxy", PROXY, [PROXY_ALONE]),
    ("httpcore-proxy[socks]", PROXY | {"socksio"}, [SOCKS_ALONE]),
    ("httpcore-models", MODELS, ["import httpcore_models"]),
]


@pytest.mark.parametrize(("requirement", "expected", "programs"), CASES, ids=[case[0] for case in CASES])
def test_what_is_installed_works_and_is_no_more_than_declared(
    tmp_path: Path, dist: Path, caddy: CaddyServer, requirement: str, expected: set[str], programs: list[str]
) -> None:
    environment = Environment(tmp_path / "venv", dist, requirement)
    assert environment.distributions() - MAYBE == expected - MAYBE
    for program in programs:
        environment.run(program, caddy.http_url)


# What is missing is told when it is used: the start of the program, the error and a part of its text.
MISSING = [
    ("httpcore.ConnectionPool(http2=True)", "ImportError", "httpcore[http2]"),
    ("httpcore.HTTP2Connection(None, None)", "RuntimeError", "httpcore[http2]"),
    ("httpcore.SOCKSProxy('socks5://127.0.0.1:1080')", "RuntimeError", "httpcore[socks]"),
    ("asyncio.run(httpcore.AsyncConnectionPool().request('GET', 'http://127.0.0.1:1/'))", "RuntimeError", "[asyncio]"),
]


def test_what_is_missing_is_named_when_it_is_used(tmp_path: Path, dist: Path) -> None:
    environment = Environment(tmp_path / "venv", dist, "httpcore")
    for use, error, text in MISSING:
        environment.run(
            "import asyncio, warnings, httpcore\n"
            "warnings.simplefilter('ignore')\n"
            f"try:\n    {use}\n"
            f"except {error} as exc:\n    assert {text!r} in str(exc), exc\n"
            "else:\n    raise AssertionError"
        )
    environment.run(
        "import sys, httpcore\n"
        "names = {'asyncio', 'anyio', 'trio', 'h2', 'hpack', 'socksio', 'certifi'}\n"
        "assert not names & set(sys.modules), names & set(sys.modules)"
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_is_in_the_files(dist: Path, name: str) -> None:
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
    assert {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", f"src/{stem}/py.typed"} <= names


def test_an_h11_that_misreads_chunks_is_refused(dist: Path) -> None:
    """Releases before 0.16 take malformed chunk bodies (GHSA-vqfr-h8mv-ghfj)."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--find-links", str(dist)]
    refused = subprocess.run([*command, "httpcore-h11", "h11<0.16"], capture_output=True, text=True, check=False)
    assert refused.returncode
    assert "ResolutionImpossible" in refused.stderr
    assert "depends on h11<1 and >=0.16" in refused.stdout + refused.stderr
