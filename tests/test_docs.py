"""The documentation site is true: every program in it runs and prints what the page says, and its links lead somewhere.

The build checks links within the site (`hatch run docs:build`, in `hatch run test`); what is here needs no build.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.doc_servers import client_certificate_server, websocket_server
from httpcore_test_support.proxies import RealProxies
from httpcore_test_support.readmes import Example, examples, matches, replaced

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
EXAMPLES = [
    pytest.param(example, id=f"{page.relative_to(DOCS)}:{example.line}") for page in PAGES for example in examples(page)
]
REPOSITORY = "https://github.com/encode/httpcore/"


@pytest.fixture(scope="module")
def places(caddy: CaddyServer, proxies: RealProxies, certificates: Certificates) -> Iterator[Mapping[str, str]]:
    """What the pages say, and what stands for it here. What comes first is replaced first."""
    with client_certificate_server(certificates) as secure, websocket_server() as websocket:
        yield {
            "https://www.example.com/upload": f"{caddy.https_url}/echo",
            "https://www.example.com/large": f"{caddy.https_url}/1mb.bin",
            "https://www.example.com": caddy.https_url,
            "http://www.example.com": caddy.http_url,
            "www.example.com:443": f"127.0.0.1:{caddy.https_port}",
            "www.example.com:80": f"127.0.0.1:{caddy.http_port}",
            "www.example.com": "localhost",
            "https://internal.example.com": f"https://127.0.0.1:{secure}",
            "ws://www.example.com": f"ws://127.0.0.1:{websocket}",
            "ws.example.com": f"127.0.0.1:{websocket}",
            "proxy.example.com:3128": f"127.0.0.1:{proxies.closed.port}",
            "proxy.example.com:1080": f"127.0.0.1:{proxies.closed.port}",
            "localhost:3128": f"127.0.0.1:{proxies.open.port}",
            "localhost:1080": f"127.0.0.1:{proxies.open.port}",
            "localhost:8080": f"127.0.0.1:{caddy.http_port}",
            "8080": str(caddy.http_port),
            "8443": str(caddy.https_port),
            "/run/app.sock": caddy.unix_socket,
        }


@pytest.fixture
def folder(tmp_path: Path, certificates: Certificates) -> Path:
    """The files that the programs open."""
    shutil.copy(certificates.authority_pem, tmp_path / "ca.pem")
    shutil.copy(certificates.chain_pem, tmp_path / "client.pem")
    shutil.copy(certificates.key_pem, tmp_path / "client.key")
    (tmp_path / "video.mp4").write_bytes(bytes(1_000_000))
    return tmp_path


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(example: Example, places: Mapping[str, str], folder: Path, certificates: Certificates) -> None:
    environment = {**os.environ, "SSL_CERT_FILE": str(certificates.authority_pem)}
    command = [sys.executable, "-W", "error", "-c", replaced(example.code, places)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment, timeout=30)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    if example.output is not None:
        expected = replaced(example.output, places)
        assert matches(ran.stdout, expected), f"printed:\n{ran.stdout}\ninstead of:\n{expected}"


def test_each_program_of_a_page_is_an_example() -> None:
    """So that none escapes by its indentation or by another name of its language."""
    for page in PAGES:
        assert len(re.findall("```(?:py|Python|pycon)", page.read_text())) == len(examples(page)), page


def test_all_pages_are_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    listed = re.findall(r"([\w/.-]+\.md)$", navigation, re.MULTILINE)
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(DOCS)) for page in PAGES])
def test_links_of_a_page(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, _anchor = target.partition("#")
        if target.startswith(REPOSITORY):
            kind, _, file = path.removeprefix(REPOSITORY).partition("/main/")
            assert not file or (kind in ("blob", "tree") and (ROOT / file).exists()), target
        elif ":" in target:
            assert re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]+(/[\w./@%+-]*)?(#[\w.-]+)?", target), target
        else:
            assert not path or (page.parent / path).is_file(), target
