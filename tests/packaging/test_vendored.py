"""httpcore-h11 vendored into another package, by the recipe of its README, without other packages."""

import os
import sys
from pathlib import Path

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.commands import run
from httpcore_test_support.readmes import code_blocks

README = Path(__file__).parents[2] / "packages" / "httpcore-h11" / "README.md"

PROGRAM = """
import ssl, sys
from urllib.parse import urlsplit
sys.path.insert(0, "src")
from sample._vendor.httpcore_h11 import HTTP11Connection
from sample._vendor.httpcore_models import Origin, SyncBackend

url, authority = urlsplit(sys.argv[1]), sys.argv[2]
stream = SyncBackend().connect_tcp(url.hostname, url.port, timeout=5.0)
if url.scheme == "https":
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(["http/1.1"])
    stream = stream.start_tls(context, url.hostname, timeout=5.0)
origin = Origin(url.scheme.encode(), url.hostname.encode(), url.port)
with HTTP11Connection(origin, stream) as connection:
    assert connection.request("GET", sys.argv[1] + "/").content == b"Hello, world!\\n"
    assert len(connection.request("GET", sys.argv[1] + "/1mb.bin").content) == 1_000_000
assert not [name for name in sys.modules if name.startswith(("httpcore", "h11"))]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Path:
    """A project with httpcore-h11 in `sample._vendor`."""
    folder = tmp_path_factory.mktemp("project")
    vendor = folder / "src" / "sample" / "_vendor"
    vendor.mkdir(parents=True)
    for package in (vendor, vendor.parent):
        (package / "__init__.py").touch()
    (configuration,) = code_blocks(README, "toml")
    (folder / "pyproject.toml").write_text(configuration)
    versions = {path.name.split("-")[0]: path.name.split("-")[1] for path in dist.glob("*.whl")}
    ours = [f"{name}=={versions[name]}" for name in ("httpcore_models", "httpcore_h11")]
    (vendor / "vendor.txt").write_text("\n".join([*ours, "h11==0.16.0", ""]))
    run([sys.executable, "-m", "vendoring", "sync"], cwd=folder, env={**os.environ, "PIP_FIND_LINKS": str(dist)})
    return folder


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_vendored_copy_fetches_a_page(
    project: Path, caddy: CaddyServer, certificates: Certificates, scheme: str
) -> None:
    url = caddy.https_url if scheme == "https" else caddy.http_url
    # Isolated, and without the site-packages.
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", PROGRAM, url, str(certificates.authority_pem)]
    run(command, cwd=project)
