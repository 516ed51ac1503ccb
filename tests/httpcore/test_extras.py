"""What comes with an extra is loaded when it is first used, and told by name where it is missing."""

import subprocess
import sys

import httpcore
import pytest

# Stands in for an environment without the packages of HTTP/2.
WITHOUT_HTTP2 = """
import sys
for name in ("httpcore_h2", "h2", "hpack"):
    sys.modules[name] = None
"""


def run(program: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_importing_loads_nothing_that_is_not_needed_yet() -> None:
    run(
        "import sys, httpcore\n"
        "names = {'asyncio', 'anyio', 'trio', 'h2', 'hpack', 'httpcore_h2', 'socksio', 'certifi'}\n"
        "assert not names & set(sys.modules), names & set(sys.modules)"
    )


@pytest.mark.parametrize("name", ["HTTP2Connection", "AsyncHTTP2Connection"])
def test_the_classes_of_http_2_are_loaded_by_their_names(name: str) -> None:
    run(f"import httpcore, sys\nassert httpcore.{name}.__module__ == 'httpcore'\nassert 'httpcore_h2' in sys.modules")


@pytest.mark.parametrize("name", ["HTTP2Connection", "AsyncHTTP2Connection"])
def test_without_http_2_they_are_refused_when_they_are_made(name: str) -> None:
    run(
        f"{WITHOUT_HTTP2}\n"
        "from httpcore import *\n"
        "import httpcore\n"
        "try:\n"
        f"    httpcore.{name}(origin=None, stream=None)\n"
        "except RuntimeError as exc:\n"
        f"    assert 'httpcore.{name}' in str(exc) and 'httpcore[http2]' in str(exc), exc\n"
        "else:\n"
        "    raise AssertionError"
    )


def test_other_names_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="module 'httpcore' has no attribute 'HTTP3Connection'"):
        httpcore.HTTP3Connection  # noqa: B018
