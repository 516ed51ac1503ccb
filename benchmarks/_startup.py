"""Measures what a program pays up to its first response, in new interpreters.

Each interpreter gets its imports and a request as text, and prints how long these took: the imports, the first
request, and a second one, which shows what is reused.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import certifi

from benchmarks.clients._base import Startup

_STARTS = 3
_STATUS = 200

# The program must not import anything that a client may need: the client's imports are measured.
_PROGRAM = """
import sys, time
imports, request, url, authorities = sys.argv[1:]
values = {"url": url, "authorities": authorities}
imports, request = compile(imports, "imports", "exec"), compile(request, "request", "exec")
modules, times = len(sys.modules), [time.perf_counter()]
exec(imports, values)
times.append(time.perf_counter())
modules = len(sys.modules) - modules
for _ in range(2):
    exec(request, values)
    times.append(time.perf_counter())
print([values["status"], modules, *(end - start for start, end in zip(times, times[1:]))])
"""


class StartupError(Exception):
    """A program did not get its response."""


def measure_startup(startup: Startup, clear_url: str, tls_url: str, authority: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        # As large as the file that real programs load.
        authorities = Path(folder) / "authorities.pem"
        authorities.write_bytes(Path(certifi.where()).read_bytes() + Path(authority).read_bytes())
        # The first interpreter prepares the others: it compiles modules and fills the file cache.
        clear = [_start(startup, clear_url, authorities) for _ in range(_STARTS + 1)][1:]
        tls = [_start(startup, tls_url, authorities) for _ in range(_STARTS)]
    modules, imports, first, _ = (statistics.median(values) for values in zip(*clear, strict=True))
    _, _, first_tls, second_tls = (statistics.median(values) for values in zip(*tls, strict=True))
    return {
        "complete": True,
        "modules": modules,
        "import_seconds": imports,
        "first_request_seconds": first,
        "first_tls_request_seconds": first_tls,
        "second_tls_request_seconds": second_tls,
    }


def _start(startup: Startup, url: str, authorities: Path) -> list[float]:
    trust = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(authorities))
    command = [sys.executable, "-c", _PROGRAM, startup.imports, startup.request, url, str(authorities)]
    program = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **trust}, check=False)
    if program.returncode:
        raise StartupError(program.stderr.strip().splitlines()[-1])
    values: list[float] = json.loads(program.stdout)
    status = values.pop(0)
    if status != _STATUS:
        raise StartupError(f"the status is {status:.0f}, not {_STATUS}")
    return values
