"""The texts that `tools/make_sync.py` puts into the sync twins."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "make_sync.py"


@pytest.fixture(scope="module")
def make_sync() -> Any:
    spec = importlib.util.spec_from_file_location("make_sync", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# Another task may be cancelled.", "# Another thread may be interrupted."),
        ("# Tasks await this.", "# Threads call this."),
        ("# A cancellation ends it.", "# An interruption ends it."),
        ("# A socket, a task or a thread", "# A socket or a thread"),
        ("# `a task`, task.cancel(), cancel() and tasks_of()", "# `a task`, task.cancel(), cancel() and tasks_of()"),
        ('"""May be used by any thread or\n    task."""', '"""May be used by any thread."""'),
        ('f"another task reads {task}"', 'f"another thread reads {task}"'),
    ],
)
def test_texts_speak_of_threads(make_sync: Any, before: str, after: str) -> None:
    assert make_sync.about_threads(f"{before}\n") == f"{after}\n"
