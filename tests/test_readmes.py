"""The pages are true: examples work, lists of public names are complete, and files and links that they name exist."""

import importlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.commands import run
from httpcore_test_support.proxies import ProxyServer, pproxy_server
from httpcore_test_support.readmes import code_blocks, listed_names

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", *sorted((ROOT / "packages").glob("*/README.md"))]
PACKAGES = [readme.parent.name for readme in READMES[1:]]
EXAMPLES = [
    pytest.param(example, id=f"{readme.relative_to(ROOT)}-{number}")
    for readme in READMES
    for number, example in enumerate(code_blocks(readme, "python"))
]
# The pages that name files of the packages, and all that have links.
GUIDES = [
    ROOT / "ARCHITECTURE.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs" / "explanation" / "performance.md",
    ROOT / "tests" / "README.md",
    ROOT / "tests" / "contract" / "facts" / "README.md",
]
PAGES = [*READMES, *GUIDES, ROOT / "SECURITY.md", ROOT / "benchmarks" / "README.md"]
PAGES.append(ROOT / "tests" / "support" / "README.md")


@pytest.fixture(scope="module")
def proxy() -> Iterator[ProxyServer]:
    """One that speaks HTTP and SOCKS5 on the same port."""
    with pproxy_server() as server:
        yield server


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(
    example: str, caddy: CaddyServer, caddy_http3: CaddyServer, certificates: Certificates, proxy: ProxyServer
) -> None:
    if "httpx2" in example and sys.version_info < (3, 11):
        pytest.skip("httpx2 needs Python 3.11")
    if "import truststore" in example:
        pytest.importorskip("truststore", reason="truststore is not installed")
    places = {
        "https://www.example.com": caddy.https_url,
        "8080": str(caddy.http_port),
        "8443": str(caddy_http3.https_port),
        "3128": str(proxy.port),
        "1080": str(proxy.port),
    }
    for there, here in places.items():
        example = example.replace(there, here)
    environment = {**os.environ, "SSL_CERT_FILE": str(certificates.authority_pem)}
    assert "200" in run([sys.executable, "-W", "error", "-c", example], env=environment)


@pytest.mark.parametrize("readme", READMES, ids=[str(readme.relative_to(ROOT)) for readme in READMES])
def test_each_readme_has_an_example(readme: Path) -> None:
    assert code_blocks(readme, "python")


@pytest.mark.parametrize("readme", READMES, ids=[str(readme.relative_to(ROOT)) for readme in READMES])
def test_each_readme_is_short(readme: Path) -> None:
    """Details are on the site."""
    assert len(readme.read_text().splitlines()) < 150


def public_names(module: ModuleType) -> set[str]:
    """Its `__all__`; without one, what it says beside its underscored names."""
    return set(getattr(module, "__all__", [name for name in dir(module) if not name.startswith("_")]))


@pytest.mark.parametrize("package", PACKAGES)
def test_all_public_names_are_listed(package: str) -> None:
    listed = listed_names(ROOT / "packages" / package / "README.md", "## Public names")
    assert len(listed) == len(set(listed))
    assert set(listed) == public_names(importlib.import_module(package.replace("-", "_")))


@pytest.mark.parametrize("name", ["network", "concurrency", "deadline", "lowlevel", "multiplexing"])
def test_the_public_names_of_each_module_of_models_are_listed(name: str) -> None:
    readme = ROOT / "packages" / "httpcore-models" / "README.md"
    public = public_names(importlib.import_module(f"httpcore_models.{name}"))
    listed = set(listed_names(readme, f"### In `httpcore_models.{name}`"))
    assert listed == public - set(listed_names(readme, "## Public names"))


@pytest.mark.parametrize("guide", GUIDES, ids=[str(guide.relative_to(ROOT)) for guide in GUIDES])
def test_files_that_a_guide_names_exist(guide: Path) -> None:
    """A path may begin at the root, in the folder of the code of a package, or anywhere below."""
    paths = [f"/{path.relative_to(ROOT)}" for path in ROOT.glob("[!.]*/**/*") if "__pycache__" not in path.parts]
    paths += [f"/{path.name}" for path in ROOT.iterdir()]
    named = set(re.findall(r"`([\w./*-]*(?:\.py|\.md|\.toml|\w/))`", guide.read_text()))
    assert len(named) > 5
    patterns = {name: re.compile(".*/" + re.escape(name.rstrip("/")).replace(r"\*", "[^/]*")) for name in named}
    assert [name for name, pattern in patterns.items() if not any(map(pattern.fullmatch, paths))] == []


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if not target.startswith("https://"):
            path, _, anchor = target.partition("#")
            linked = page.parent / path if path else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), target


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
