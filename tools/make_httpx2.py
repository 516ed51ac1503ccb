"""Generate the transports for httpx2 from those for httpx: `python tools/make_httpx2.py [--check]`.

httpx2 has the names of httpx, so the code is the same but for the names of the modules. Edit `_httpx/_async`, run
`tools/make_sync.py`, then this. With `--check` nothing is written: any file that is missing, left over or different is
an error.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "packages" / "httpcore-httpx" / "src" / "httpcore_httpx"
SOURCE, TARGET = PACKAGE / "_httpx", PACKAGE / "httpx2"
HEADER = "# Generated from {source} by tools/make_httpx2.py: edit that file, then run it.\n"
# The core of httpx2 is httpcore2.
IMPORT_OF_THE_CORE = ("import httpcore as client_core", "import httpcore2 as client_core")


def main(arguments: list[str]) -> int:
    """Generate or check; return the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python tools/make_httpx2.py [--check]", file=sys.stderr)
        return 2
    expected = generated()
    present = {path.relative_to(TARGET).as_posix(): path.read_text() for path in TARGET.rglob("*.py")}
    if arguments:
        stale = sorted(name for name in {*expected, *present} if expected.get(name) != present.get(name))
        problems = [f"{(TARGET / name).relative_to(ROOT)}: run tools/make_httpx2.py" for name in stale]
        print("\n".join(problems) or "the transports for httpx2 are up to date")
        return 1 if stale else 0
    for name in present.keys() - expected.keys():
        (TARGET / name).unlink()
    for name, text in expected.items():
        (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
        (TARGET / name).write_text(text)
    return 0


def generated() -> dict[str, str]:
    """Return the texts of all files by their paths below `TARGET`."""
    return {
        path.relative_to(SOURCE).as_posix(): for_httpx2(path.read_text(), path.relative_to(PACKAGE).as_posix())
        for path in SOURCE.rglob("*.py")
    }


def for_httpx2(text: str, source: str) -> str:
    """Return the form for httpx2 of a file, whose path is `source`."""
    text = re.sub(r"\A# Generated from .*\n", "", text).replace(*IMPORT_OF_THE_CORE)
    text = HEADER.format(source=f"../{source}") + re.sub(r"(?<![\w.-])httpx\b(?!-)", "httpx2", text)
    command = ["ruff", "format", "--quiet", "--no-cache", "--config", str(ROOT / "pyproject.toml"), "-"]
    return subprocess.run(command, input=text, text=True, capture_output=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
