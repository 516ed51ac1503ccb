"""Files, classes and lines of text stay small enough to be read at once."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "packages").glob("*/src/**/*.py"))
TEXTS = [*ROOT.glob("*.md"), *ROOT.glob("[!.]*/**/*.md")]


def test_files_have_400_lines_at_most() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > 400} == {}


def test_classes_have_300_lines_at_most() -> None:
    classes = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    sizes = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in classes if isinstance(node, ast.ClassDef)}
    assert len(sizes) > 100
    assert {name: size for name, size in sizes.items() if size > 300} == {}


def test_lines_of_text_have_120_columns_at_most() -> None:
    """Rows of tables cannot be wrapped."""
    assert len(TEXTS) > 15
    lines = {path: path.read_text(encoding="utf-8").splitlines() for path in TEXTS}
    long = {
        f"{path.relative_to(ROOT)}:{number}"
        for path in TEXTS
        for number, line in enumerate(lines[path], 1)
        if len(line) > 120 and not line.lstrip().startswith("|")
    }
    assert sorted(long) == []
