"""The documentation site is true: every program in it runs and prints what the page says, and its links lead somewhere.

The build checks links within the site (`hatch run docs:build`, in `hatch run test`); what is here needs no build.
"""

from __future__ import annotations

import importlib
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
from httpcore_test_support.commands import run
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
def places(
    caddy: CaddyServer, caddy_http3: CaddyServer, proxies: RealProxies, certificates: Certificates
) -> Iterator[Mapping[str, str]]:
    """What the pages say, and what stands for it here. What comes first is replaced first."""
    # By name, so that resolvers are asked.
    http, https = f"localhost:{caddy.http_port}", f"localhost:{caddy.https_port}"
    with client_certificate_server(certificates) as secure, websocket_server() as websocket:
        yield {
            "https://www.example.com/upload": f"https://{https}/echo",
            "https://www.example.com/large": f"https://{https}/1mb.bin",
            "https://www.example.com:443": f"https://{https}",  # as origins are printed
            "http://www.example.com:80": f"http://{http}",
            "https://www.example.com": f"https://{https}",
            "http://www.example.com": f"http://{http}",
            "https://http3.example.com": f"https://localhost:{caddy_http3.https_port}",
            "www.example.com:443": https,
            "ws://www.example.com": f"ws://127.0.0.1:{websocket}",
            "www.example.com": "localhost",
            "https://internal.example.com": f"https://127.0.0.1:{secure}",
            "proxy.example.com:3128": f"127.0.0.1:{proxies.closed.port}",
            "proxy.example.com:1080": f"127.0.0.1:{proxies.closed.port}",
            "3128": str(proxies.open.port),
            "1080": str(proxies.open.port),
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
    if "httpx2" in example.code and sys.version_info < (3, 11):
        pytest.skip("httpx2 needs Python 3.11")
    environment = {**os.environ, "SSL_CERT_FILE": str(certificates.authority_pem)}
    command = [sys.executable, "-W", "error", "-c", replaced(example.code, places)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment, timeout=30)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    if example.output is not None:
        expected = replaced(example.output, places)
        assert matches(ran.stdout, expected), f"printed:\n{ran.stdout}\ninstead of:\n{expected}"


@pytest.mark.timeout(300)
def test_the_examples_pass_a_type_checker(tmp_path: Path) -> None:
    """As users copy them, without strictness: not every example has annotations."""
    for page in PAGES:
        name = re.sub(r"\W", "_", str(page.relative_to(DOCS).with_suffix("")))
        for example in examples(page):
            if "httpx2" not in example.code or sys.version_info >= (3, 11):
                (tmp_path / f"{name}_{example.line}.py").write_text(example.code)
    options = ["--config-file=", "--check-untyped-defs", "--scripts-are-modules"]
    run([sys.executable, "-m", "mypy", *options, "--cache-dir", str(tmp_path / "cache"), str(tmp_path)], cwd=tmp_path)


def test_each_program_of_a_page_is_an_example() -> None:
    """So that none escapes by its indentation. Blocks `py` need something that is not here, and say what it is."""
    others = 0
    for page in PAGES:
        languages = re.findall(r"```+ *(\w+)", page.read_text())
        assert languages.count("python") == len(examples(page)), page
        assert set(languages) <= {"console", "ini", "output", "py", "python", "text", "toml"}, page
        others += languages.count("py")
    assert others == 2  # openai, a vendored package


@pytest.mark.parametrize(
    "package", ["httpcore", "httpcore-h11", "httpcore-h2", "httpcore-proxy", "httpcore-httpx", "httpcore-trace"]
)
def test_the_reference_has_all_public_names(package: str) -> None:
    module = package.replace("-", "_")
    text = "".join((DOCS / "reference" / f"{name}.md").read_text() for name in {package, "httpcore-h11", "httpcore-h2"})
    documented = set(re.findall(r"^::: [\w.]+\.(\w+)$", text, re.MULTILINE))
    imported = importlib.import_module(module)
    names = getattr(imported, "__all__", [name for name in dir(imported) if not name.startswith("_")])
    assert set(names) - documented == set()


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


def test_trace_events_have_the_keys_of_their_tables() -> None:
    """The facts are what httpcore 1.0.9 reported, scene by scene; this version reports the same (`tests/contract`)."""
    facts: dict[str, set[str]] = {}
    for line in (ROOT / "tests" / "contract" / "facts" / "events.txt").read_text().splitlines():
        if found := re.match(r"event ([\w.]+)\.started(.*)", line):
            facts.setdefault(found[1], set()).update(re.findall(r" (\w+)=", found[2]))
    page = (DOCS / "reference" / "trace-events.md").read_text()
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (.*?) \|", page, re.MULTILINE)
    table = {phase: set(re.findall(r"`(\w+)`: ", keys)) for phase, keys in rows}
    table["connection.retry"] = facts["connection.retry"]  # the keys of what is tried again
    table["connection.connect_udp"] = table["connection.connect_tcp"]  # as it says
    ours = ["connection_pool.wait_for_connection", "socks.setup_socks4_connection"]
    ours += ["connection.connect_udp", "http3.handshake"]
    ours += [f"{protocol}.receive_informational_response" for protocol in ("http11", "http2")]
    ours += [phase for phase in table if phase.startswith("http3.")]
    for phase in ours:
        facts[phase] = table.get(phase, set())
    assert table == facts
    assert all(table[phase] for phase in ours)
