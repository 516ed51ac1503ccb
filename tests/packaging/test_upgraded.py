"""Programs that ran on httpcore 1.0.9 still run after `pip install --upgrade httpcore`, in the same environment.

The programs are in `upgraded/`. They get the URLs of a server, clear and over TLS, and the file with its authority.
"""

import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.environments import Environment, interpreter

PROGRAMS = Path(__file__).parent / "upgraded"

# What is installed before, and the programs.
AREAS: dict[str, tuple[list[str], list[str]]] = {
    "httpx": (
        [
            "httpx[http2]==0.28.1",
            "mocket==3.15.0",
            "postgrest==2.34.1",
            "python-proxy-headers==0.2.3",
            "storage3==2.34.1",
            "supabase-auth==2.34.1",
        ],
        ["anyio_versions", "http2", "mocked", "proxy_headers", "supabase"],
    ),
    "anyio 3.7": (
        ["httpx[http2]==0.28.1", "anyio==3.7.1", "h2==3.2.0", "trio==0.22.2; python_version < '3.12'"],
        ["anyio_versions", "http2"],
    ),
    "anyio 4.0": (["httpx[http2]==0.28.1", "anyio==4.0.0", "h2==4.0.0", "trio<1"], ["anyio_versions", "http2"]),
}
# Those with releases that know no newer Python.
OLD = {"anyio 3.7", "anyio 4.0"}
CASES = [(area, program) for area, (_, programs) in AREAS.items() for program in programs]


@pytest.fixture(scope="module")
def environments(prepare: Callable[..., Future[Environment]]) -> dict[str, Future[Environment]]:
    """All environments, created in parallel."""
    older = interpreter("3.10")
    before = ("--no-compile", "httpcore==1.0.9")
    return {
        area: prepare(
            "--no-compile",
            "--upgrade",
            "httpcore",
            before=[*before, *requirements],
            python=older if area in OLD else sys.executable,
        )
        for area, (requirements, _) in AREAS.items()
        if area not in OLD or older != sys.executable or sys.version_info < (3, 14)
    }


@pytest.fixture
def environment(environments: dict[str, Future[Environment]], area: str) -> Environment:
    """The environment of the area."""
    if area not in environments:
        pytest.skip("needs a Python below 3.14")
    return environments[area].result()


@pytest.mark.upgrade("1.1")
@pytest.mark.parametrize("area", AREAS)
def test_upgrade_changes_no_other_package(environment: Environment, dist: Path, area: str) -> None:
    wheels = dict(path.name.replace("_", "-").split("-py3")[0].rsplit("-", 1) for path in dist.glob("*.whl"))
    for name in ("httpcore-h3", "httpcore-httpx", "httpcore-trace"):
        del wheels[name]  # only those who ask for it get it
    assert environment.before["httpcore"] == "1.0.9"
    assert environment.distributions() == {**environment.before, **wheels}
    environment.check()


@pytest.mark.upgrade("1.1", "1.2", "3.5", "4.4")
@pytest.mark.parametrize(("area", "program"), CASES, ids=["-".join(case) for case in CASES])
def test_program_runs_after_the_upgrade(
    environment: Environment,
    caddy: CaddyServer,
    certificates: Certificates,
    area: str,
    program: str,
) -> None:
    text = (PROGRAMS / f"{program}.py").read_text()
    environment.run(text, caddy.http_url, caddy.https_url, str(certificates.authority_pem))


def test_all_programs_are_run() -> None:
    assert {path.stem for path in PROGRAMS.glob("*.py")} == {program for _, program in CASES}
