"""Generate the sync twin of every `_async` folder: `python tools/make_sync.py [--check]`.

Edit `_async`, then run this. With `--check` nothing is written: the twins are generated in a temporary folder and
compared with the committed files. Any that is missing, left over or different is an error.

Names follow one rule: `AsyncThing` becomes `Thing` and `async_thing` becomes `thing`; `NAMES` holds the exceptions.
Comments and texts follow `PHRASES`: where async code speaks of tasks, its twin speaks of threads. `CALLS` lists calls
that threads do not need. Everything else is the same in both, because each primitive in `httpcore_models.concurrency`
has a form for threads.
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
# What tools/make_httpx2.py generates, with both twins.
COPIES = ("packages/httpcore-httpx/src/httpcore_httpx/httpx2",)
NAMES = {
    "AsyncByteStream": "SyncByteStream",  # of httpx
    "AutoBackend": "SyncBackend",
    "_async": "_sync",
    "aclose": "close",
    "aiter": "iter",
    "aiter_stream": "iter_stream",
    "anext": "next",
    "aread": "read",
    "handle_async_request": "handle_request",
}
# Applied to comments, docstrings and other texts, in this order, but not to code within them.
PHRASES = {
    "Async code. `tools/make_sync.py` generates `../_sync` from it.": "The twin of `../_async` for threads.",
    "thread or task": "thread",
    "task or thread": "thread",
    ", a task or a thread": " or a thread",
    "a task or a thread": "a thread",
    ", no task and no thread": " and no thread",
    "threads or tasks": "threads",
    "tasks or threads": "threads",
    "threads and tasks": "threads",
    "tasks and threads": "threads",
    "process or event loop": "process",
    "event loop or process": "process",
    "the running async library": "sockets",
    "task": "thread",
    "tasks": "threads",
    "await": "call",
    "awaits": "calls",
    "awaited": "called",
    "awaiting": "calling",
    # Threads cannot be cancelled. But an exception from a signal handler, or from a library of green threads, may
    # interrupt their calls.
    "a cancellation": "an interruption",
    "cancel": "interrupt",
    "cancels": "interrupts",
    "cancelled": "interrupted",
    "cancelling": "interrupting",
    "cancellation": "interruption",
    "cancellations": "interruptions",
}
# Calls that have no meaning for threads, and what replaces them. A call without a replacement is on a line of its own.
CALLS = {
    "async_checkpoint_if_cancelled()": "",
    "async_event_loop_handle()": "None",
}
HEADER = "# Generated from ../_async/{name} by tools/make_sync.py: edit that file, then run it.\n"


def main(arguments: list[str]) -> int:
    """Generate or check all twins; return the exit code."""
    folders = sorted(
        path
        for source in SOURCES
        for path in (ROOT / source).rglob("_async")
        if path.is_dir() and path.parent.relative_to(ROOT).as_posix() not in COPIES
    )
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
    """Write the twin of `folder` to `target`, and remove other files there."""
    target.mkdir(exist_ok=True)
    sources = sorted(folder.glob("*.py"))
    for source in sources:
        names = replacements(source.read_text())
        rule = unasync.Rule(f"{folder}/", f"{target}/", additional_replacements=names)
        unasync.unasync_files([str(source)], [rule])
        twin = target / source.name
        text = about_threads(in_prose(with_calls_replaced(twin.read_text()), names))
        twin.write_text(HEADER.format(name=source.name) + text)
    for extra in {path.name for path in target.glob("*.py")} - {source.name for source in sources}:
        (target / extra).unlink()
    tidy(target)


def tidy(target: Path) -> None:
    """Sort imports, remove unused ones and wrap lines again: names are shorter, and some calls are gone."""
    options = ("--quiet", "--config", str(ROOT / "pyproject.toml"), str(target))
    subprocess.run(["ruff", "check", "--select=I,F401", "--fix", "--no-cache", *options], check=True)
    subprocess.run(["ruff", "format", "--no-cache", *options], check=True)


def check(folder: Path) -> list[str]:
    """Return one line for each problem with the twin of `folder`."""
    twin = folder.with_name("_sync")
    with tempfile.TemporaryDirectory() as temporary:
        expected = Path(temporary)
        generate(folder, expected)
        names = {path.name for place in (expected, twin) for path in place.glob("*.py")}
        _, different, absent = filecmp.cmpfiles(expected, twin, names, shallow=False)
    return [f"{(twin / name).relative_to(ROOT)}: run tools/make_sync.py" for name in sorted([*different, *absent])]


def replacements(text: str) -> dict[str, str]:
    """Return the names in `text` that change, with their replacements."""
    found = dict(NAMES)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and re.match(r"_*Async[A-Z]|_*async_", token.string):
            found.setdefault(token.string, renamed(token.string))
    return found


def with_calls_replaced(text: str) -> str:
    """Replace or remove the calls that have no meaning for threads."""
    for call, replacement in CALLS.items():
        pattern = re.escape(renamed(call))
        text = re.sub(rf"\b{pattern}" if replacement else rf"^ *{pattern}\n", replacement, text, flags=re.MULTILINE)
    return text


def in_prose(text: str, names: dict[str, str]) -> str:
    """Replace names in docstrings and comments, which unasync does not touch."""
    pattern = r"\b_*(?:Async[A-Z]\w*|async_\w+)|\b(?:" + "|".join(NAMES) + r")\b"
    return re.sub(pattern, lambda match: names.get(match[0]) or renamed(match[0]), text)


def about_threads(text: str) -> str:
    """Replace phrases in comments and texts. A string is taken for a text if it contains a space."""
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        is_string = tokenize.tok_name[token.type] in ("STRING", "FSTRING_MIDDLE") and " " in token.string
        if is_string or token.type == tokenize.COMMENT:
            (first, start), (last, end) = token.start, token.end
            before, after = lines[first - 1][:start], lines[last - 1][end:]
            lines[first - 1 : last] = [before + translated(token.string) + after]
    return "".join(lines)


def translated(prose: str) -> str:
    """Replace phrases, also where they are wrapped, and keep an initial capital."""
    for phrase, replacement in PHRASES.items():
        start = r"(?<![\w.])" if phrase[0].isalpha() else ""
        words = re.escape(phrase).replace(r"\ ", r"\s+")
        code = "" if "`" in phrase else r"`[^`\n]*`|\{[^{}\n]*\}|"  # in backticks, or in an f-string

        def replace(match: re.Match[str], replacement: str = replacement) -> str:
            found = match["phrase"]
            if not found:
                return match[0]
            return replacement.capitalize() if found[0].isupper() and replacement.islower() else replacement

        prose = re.sub(rf"{code}(?P<phrase>{start}{words}(?!\w|\(|\.\w))", replace, prose, flags=re.IGNORECASE)
    return prose


def renamed(name: str) -> str:
    """Return the sync form of a name."""
    return re.sub(r"^(_*)(?:Async|async_)", r"\1", name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
