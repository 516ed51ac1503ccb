"""The packages work with the oldest allowed releases of other projects, on Python 3.10 where it is installed."""

import email
import os
import zipfile
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from httpcore_test_support.commands import run
from httpcore_test_support.environments import Environment, interpreter
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]

PACKAGES = (
    "httpcore[asyncio,http2,http3,socks,trio]",
    "httpcore-models",
    "httpcore-h11",
    "httpcore-h2",
    "httpcore-proxy",
)
ADDITIONS = ("httpcore-httpx[httpx]", "httpcore-trace[otel]")
# What the tests need themselves.
TOOLS = ("hypothesis", "pproxy", "proxy.py", "pytest-timeout", str(ROOT / "tests" / "support"))
# Those that use other projects most, on all event loops.
TESTS = (
    "tests/h11/test_engine_requests.py",
    "tests/h11/test_engine_responses.py",
    "tests/h2/_async",
    "tests/h2/test_engine_requests.py",
    "tests/h2/test_engine_responses.py",
    "tests/h2/test_engine_settings.py",
    "tests/h2/test_hpack.py",
    "tests/h3/test_engine.py",
    "tests/h3/test_qpack.py",
    "tests/models/test_trio_stream.py",
    "tests/models/test_async_concurrency.py",
    "tests/models/test_async_connecting.py",
    "tests/models/test_asyncio_stream.py",
    "tests/models/test_stream_conformance.py",
    "tests/proxy/_async",
    "tests/proxy/test_socks.py",
    "tests/httpcore/_async/test_tls.py",
    "tests/transports/_async/test_errors.py",
    "tests/transports/test_contexts.py",
    "tests/trace/test_waterfall.py",
)


def oldest(dist: Path) -> dict[str, str]:
    """The lower bounds of all third-party requirements, from the metadata of the wheels."""
    bounds: dict[str, str] = {}
    for wheel in dist.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            metadata = email.message_from_bytes(archive.read(path))
        for line in metadata.get_all("Requires-Dist", []):
            requirement = Requirement(line)
            if not requirement.name.startswith("httpcore") and requirement.name != "httpx2":  # needs Python 3.11
                lower = [item.version for item in requirement.specifier if item.operator == ">="]
                assert len(lower) == 1, f"{wheel.name} has to say which {requirement.name} is the oldest for it"
                assert bounds.setdefault(requirement.name, lower[0]) == lower[0], requirement.name
    return bounds


def test_they_pass_the_tests_that_use_them(
    prepare: Callable[..., Future[Environment]], dist: Path, tmp_path: Path
) -> None:
    bounds = oldest(dist)
    ours = {"anyio", "certifi", "h11", "h2", "hpack", "httpx", "opentelemetry-api", "qh3", "rich", "socksio", "trio"}
    assert bounds.keys() == ours
    pins = [f"{name}=={version}" for name, version in bounds.items()]
    environment = prepare(*pins, *PACKAGES, *ADDITIONS, *TOOLS, python=interpreter("3.10")).result()
    installed = environment.distributions()
    for name, version in bounds.items():
        assert (installed[name] + ".0").startswith(version + "."), name
    command = [environment.python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS]
    run(command, cwd=ROOT, env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)})
