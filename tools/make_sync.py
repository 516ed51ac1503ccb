"""Generate the sync twin of every `_async` folder: `python tools/make_sync.py [--check]`.

Edit `_async`, then run this. With `--check` nothing is written: the twins are made in a temporary folder, compared
with the committed ones file by file, and any that is missing, left over or different is an error.

Names follow one rule: `AsyncThing` becomes `Thing` and `async_thing` becomes `thing`; `NAMES` holds the exceptions.
Comments and texts follow `PHRASES`: where async code speaks of tasks, its twin speaks of threads. No other differences
are needed, because each primitive in `httpcore_models.concurrency` has a form for threads.
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
# Applied to comments, docstrings and other texts, in this order, but not to code in backticks.
PHRASES = {
    "Async code. `tools/make_sync.py` generates `../_sync` from it.": "The twin of `../_async` for threads.",
    "thread or task": "thread",
    "task or thread": "thread",
    "a task or a thread": "a thread",
    "no task and no thread": "no thread",
    "threads or tasks": "threads",
    "tasks or threads": "threads",
    "threads and tasks": "threads",
    "tasks and threads": "threads",
    "process or event loop": "process",
    "event loop or process": "process",
    "task": "thread",
    "tasks": "threads",
    "await": "call",
    "awaits": "calls",
    "awaited": "called",
    "awaiting": "calling",
    # Threads are not cancelled. What may end their calls from outside is an exception from a signal handler or of a
    # library of green threads.
    "a cancellation": "an interruption",
    "cancel": "interrupt",
    "cancels": "interrupts",
    "cancelled": "interrupted",
    "cancelling": "interrupting",
    "cancellation": "interruption",
    "cancellations": "interruptions",
}
# Calls without meaning for threads; each stands on a line of its own.
DROPPED = ("async_checkpoint_if_cancelled()",)
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
        text = about_threads(in_prose(without_dropped_calls(twin.read_text()), names))
        twin.write_text(HEADER.format(name=source.name) + text)
    for extra in {path.name for path in target.glob("*.py")} - {source.name for source in sources}:
        (target / extra).unlink()
    tidy(target)


def tidy(target: Path) -> None:
    """Sort imports, remove unused ones and wrap lines again: names have become shorter, and calls have gone."""
    options = ("--quiet", "--config", str(ROOT / "pyproject.toml"), str(target))
    subprocess.run(["ruff", "check", "--select=I,F401", "--fix", "--no-cache", *options], check=True)
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


def without_dropped_calls(text: str) -> str:
    """Remove the calls that mean nothing to threads."""
    for call in DROPPED:
        text = re.sub(rf"^ *{re.escape(renamed(call))}\n", "", text, flags=re.MULTILINE)
    return text


def in_prose(text: str, names: dict[str, str]) -> str:
    """Put the new names into docstrings and comments, which unasync leaves alone."""
    pattern = r"\b_*(?:Async[A-Z]\w*|async_\w+)|\b(?:" + "|".join(NAMES) + r")\b"
    return re.sub(pattern, lambda match: names.get(match[0]) or renamed(match[0]), text)


def about_threads(text: str) -> str:
    """Translate comments and texts, which are all strings that contain a space, by the table of phrases."""
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        is_string = tokenize.tok_name[token.type] in ("STRING", "FSTRING_MIDDLE") and " " in token.string
        if is_string or token.type == tokenize.COMMENT:
            (first, start), (last, end) = token.start, token.end
            before, after = lines[first - 1][:start], lines[last - 1][end:]
            lines[first - 1 : last] = [before + translated(token.string) + after]
    return "".join(lines)


def translated(prose: str) -> str:
    """Replace each phrase in `prose`, however it is wrapped, and keep a capital at its start."""
    for phrase, replacement in PHRASES.items():
        words = re.escape(phrase).replace(r"\ ", r"\s+")
        code = "" if "`" in phrase else r"`[^`\n]*`|"

        def replace(match: re.Match[str], replacement: str = replacement) -> str:
            found = match["phrase"]
            if not found:
                return match[0]
            return replacement.capitalize() if found[0].isupper() and replacement.islower() else replacement

        prose = re.sub(rf"{code}(?P<phrase>(?<![\w.]){words}(?![\w(]))", replace, prose, flags=re.IGNORECASE)
    return prose


def renamed(name: str) -> str:
    """Apply the rule for names."""
    return re.sub(r"^(_*)(?:Async|async_)", r"\1", name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
