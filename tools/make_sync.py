"""Generate the sync twin of every `_async` folder: `python tools/make_sync.py [--check]`.

Edit `_async`, then run this. With `--check` nothing is written: the twins are made in a temporary folder, compared
with the committed ones file by file, and any that is missing, left over or different is an error.

Names follow one rule: `AsyncThing` becomes `Thing` and `async_thing` becomes `thing`. The table below holds the rest.
"""

import filecmp
import io
import re
import subprocess
import sys
import tempfile
import tokenize
from pathlib import Path

import unasync

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("packages", "tests")
NAMES = {
    "AutoBackend": "SyncBackend",
    "_async": "_sync",
    "aclose": "close",
    "aiter": "iter",
    "aiter_stream": "iter_stream",
    "anext": "next",
    "aread": "read",
    "handle_async_request": "handle_request",
}
HEADER = "# Generated from ../_async/{name} by tools/make_sync.py: edit that file, then run it.\n"


def main(arguments: list[str]) -> int:
    """Generate or check all twins; return the exit code."""
    folders = sorted(path for source in SOURCES for path in (ROOT / source).rglob("_async") if path.is_dir())
    if arguments == ["--check"]:
        problems = [problem for folder in folders for problem in check(folder)]
        print("\n".join(problems) or f"{len(folders)} generated folders are up to date")
        return 1 if problems else 0
    if arguments:
        print("usage: python tools/make_sync.py [--check]", file=sys.stderr)
        return 2
    for folder in folders:
        generate(folder, folder.with_name("_sync"))
    return 0


def generate(folder: Path, target: Path) -> None:
    """Write the twin of `folder` to `target`, and remove what is left over there."""
    target.mkdir(exist_ok=True)
    sources = sorted(folder.glob("*.py"))
    for source in sources:
        names = replacements(source.read_text())
        rule = unasync.Rule(f"{folder}/", f"{target}/", additional_replacements=names)
        unasync.unasync_files([str(source)], [rule])
        twin = target / source.name
        text = in_prose(twin.read_text(), names)
        twin.write_text(HEADER.format(name=source.name) + text)
    for extra in {path.name for path in target.glob("*.py")} - {source.name for source in sources}:
        (target / extra).unlink()
    tidy(target)


def tidy(target: Path) -> None:
    """Sort imports and wrap lines again: names have become shorter."""
    options = ("--quiet", "--config", str(ROOT / "pyproject.toml"), str(target))
    subprocess.run(["ruff", "check", "--select=I", "--fix", "--no-cache", *options], check=True)
    subprocess.run(["ruff", "format", "--no-cache", *options], check=True)


def check(folder: Path) -> list[str]:
    """Return what is wrong with the twin of `folder`, one line each."""
    twin = folder.with_name("_sync")
    with tempfile.TemporaryDirectory() as temporary:
        expected = Path(temporary)
        generate(folder, expected)
        names = {path.name for place in (expected, twin) for path in place.glob("*.py")}
        _, different, absent = filecmp.cmpfiles(expected, twin, names, shallow=False)
    return [f"{(twin / name).relative_to(ROOT)}: run tools/make_sync.py" for name in sorted([*different, *absent])]


def replacements(text: str) -> dict[str, str]:
    """The names in `text` that change, and what they become."""
    found = dict(NAMES)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and re.match(r"_*Async[A-Z]|_*async_", token.string):
            found[token.string] = renamed(token.string)
    return found


def in_prose(text: str, names: dict[str, str]) -> str:
    """Put the new names into docstrings and comments, which unasync leaves alone."""
    pattern = r"\b_*(?:Async[A-Z]\w*|async_\w+)|\b(?:" + "|".join(NAMES) + r")\b"
    return re.sub(pattern, lambda match: names.get(match[0]) or renamed(match[0]), text)


def renamed(name: str) -> str:
    """Apply the rule for names."""
    return re.sub(r"^(_*)(?:Async|async_)", r"\1", name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
