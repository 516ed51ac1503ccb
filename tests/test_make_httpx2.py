"""The transports for httpx2 that `tools/make_httpx2.py` generates from those for httpx."""

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "make_httpx2.py"


@pytest.fixture
def make_httpx2() -> Any:
    spec = importlib.util.spec_from_file_location("make_httpx2", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_names(make_httpx2: Any) -> None:
    text = (
        "# Generated from ../_async/a.py by tools/make_sync.py: edit that file, then run it.\n"
        '"""`httpx.Client` in httpx, not in httpcore-httpx, httpx-ws or `_httpx`."""\n\n'
        "import httpcore as client_core\nimport httpx\n\n__all__ = [client_core, httpx.Client]\n"
    )
    assert make_httpx2.for_httpx2(text, "_httpx/_sync/a.py") == (
        "# Generated from ../_httpx/_sync/a.py by tools/make_httpx2.py: edit that file, then run it.\n"
        '"""`httpx2.Client` in httpx2, not in httpcore-httpx, httpx-ws or `_httpx`."""\n\n'
        "import httpcore2 as client_core\nimport httpx2\n\n__all__ = [client_core, httpx2.Client]\n"
    )


def test_stale_missing_and_extra_files(
    make_httpx2: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(make_httpx2.SOURCE, tmp_path / "_httpx")
    for name, path in (("ROOT", tmp_path), ("PACKAGE", tmp_path), ("SOURCE", tmp_path / "_httpx")):
        monkeypatch.setattr(make_httpx2, name, path)
    monkeypatch.setattr(make_httpx2, "TARGET", tmp_path / "httpx2")
    shutil.copy(TOOL.parents[1] / "pyproject.toml", tmp_path)
    assert make_httpx2.main(["--check"]) == 1
    assert "httpx2/_options.py: run tools/make_httpx2.py" in capsys.readouterr().out
    assert make_httpx2.main([]) == 0
    assert make_httpx2.main(["--check"]) == 0
    (tmp_path / "httpx2" / "left.py").write_text("")
    (tmp_path / "httpx2" / "_options.py").write_text("")
    capsys.readouterr()
    assert make_httpx2.main(["--check"]) == 1
    assert capsys.readouterr().out.split(":")[0::1][0] == "httpx2/_options.py"
    assert make_httpx2.main([]) == 0
    assert not (tmp_path / "httpx2" / "left.py").exists()
    assert make_httpx2.main(["--check"]) == 0
    assert make_httpx2.main(["--wrong"]) == 2


def test_the_committed_files_are_up_to_date(make_httpx2: Any) -> None:
    assert sys.version_info
    assert make_httpx2.main(["--check"]) == 0
