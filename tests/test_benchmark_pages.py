"""The figures of HTTP/3 in the pages of the documentation, which the benchmarks fill in."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("resource", reason="the benchmarks run on Linux")

from benchmarks import __main__, _pages
from benchmarks._pages import PAGES, ROOT, Figures, PageError, fill, filled
from benchmarks.workloads import WORKLOADS

SECONDS = {"http2-caddy": 0.002, "http3": 0.0035}


def rounds(protocol: str, factor: float = 1.0) -> list[dict[str, float]]:
    """Return rounds with a median of 2 or 3.5 ms, and one that was cut short."""
    seconds = SECONDS[protocol] * factor
    fields = ("cpu_per_request", "seconds_each", "p99")
    complete = [
        {"complete": True, "rate": 1 / (each * seconds), **dict.fromkeys(fields, each * seconds)}
        for each in (1, 0.5, 9)
    ]
    return [*complete, {"complete": False, "cpu_per_request": 99.0}]


def raw_data(version: str = "4.5.6") -> dict[str, Any]:
    samples = [
        {"client": client, "workload": name, "rounds": rounds(protocol, factor)}
        for protocol in SECONDS
        for name in WORKLOADS
        if name.startswith(protocol)
        for client, factor in (("httpcore", 1.0), ("niquests", 4.0))
    ]
    return {"clients": {"httpcore": {"version": "1.1.0"}, "niquests": {"version": version}}, "samples": samples}


def pages() -> dict[str, str]:
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES}


def without_figures(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\d[\d,.]*\d|\d", "0", text))


def test_only_figures_change() -> None:
    before, after = pages(), filled(pages(), Figures([raw_data()]))
    assert list(after) == list(before)
    for name in PAGES:
        assert after[name] != before[name]
        assert without_figures(after[name]) == without_figures(before[name])
        assert max(len(line) for line in after[name].splitlines() if not line.startswith("|")) <= 120


def test_figures_are_medians_in_the_units_of_their_rows() -> None:
    readme, everything, choice = filled(pages(), Figures([raw_data()])).values()
    assert "| **httpcore**, HTTP/2 | 2,000 | 2,000 | 2,000 | 2,000 | 2 | 2 | 2 | 2 |\n" in everything
    assert "| niquests 4.5.6, HTTP/3 | 14,000 | 14,000 | 14,000 | 14,000 | 14 | 14 | 14 | 14 |\n" in everything
    assert "| *HTTP/3 ÷ HTTP/2* | 1.75 | 1.75 |" in everything
    assert "| *httpcore ÷ niquests* | 0.25 | 0.25 |" in everything
    assert "| 30 tasks on one connection, requests/s, 3 % loss | 500 | 286 |\n" in everything
    assert "| 16 threads, CPU time of a request, µs | 2,000 | 3,500 |\n" in choice
    assert "| 5 MB download, s, 3 % loss | 0.0 | 0.0 |\n" in choice
    assert "costs 1.8 times the CPU time" in readme
    assert "30 requests take 4 ms instead of 2." in " ".join(readme.split())


def test_the_last_of_several_runs_counts() -> None:
    whole, other = raw_data(), raw_data("7.8.9")
    other["samples"] = [{"client": "niquests", "workload": "http3-sync-1", "rounds": rounds("http3", 2.0)}]
    text = filled(pages(), Figures([whole, other]))["docs/explanation/benchmarks.md"]
    assert "| niquests 7.8.9, HTTP/3 | 7,000 | 14,000 |" in text


@pytest.mark.parametrize("workload", ["http3-sync-1", "http2-caddy-loss-3-page"])
@pytest.mark.parametrize("cut", [True, False])
def test_a_figure_that_is_missing_is_named(workload: str, cut: bool) -> None:
    data = raw_data()
    for sample in data["samples"]:
        if sample["workload"] == workload:
            sample["rounds"] = sample["rounds"][-1:] if cut else []
    with pytest.raises(PageError, match=f"^httpcore was not measured with {workload}$"):
        filled(pages(), Figures([data]))


def test_a_place_that_is_missing_is_named() -> None:
    figures = Figures([raw_data()])
    for name, text in pages().items():
        with pytest.raises(PageError, match=f"^{name} has no "):
            filled({**pages(), name: text.replace("HTTP/", "").replace("loss", "")}, figures)
    with pytest.raises(PageError, match=r"^curl was not measured$"):
        figures.version("curl")


def copy_of_pages(folder: Path) -> None:
    for name, text in pages().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def test_pages_are_written_all_or_none(tmp_path: Path) -> None:
    copy_of_pages(tmp_path)
    with pytest.raises(PageError):
        fill(tmp_path, [{"clients": {}, "samples": []}])
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in PAGES} == pages()
    fill(tmp_path, [raw_data()])
    written = {name: (tmp_path / name).read_text(encoding="utf-8") for name in PAGES}
    assert written == filled(pages(), Figures([raw_data()])) == filled(written, Figures([raw_data()]))


def test_the_command_reads_raw_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_of_pages(tmp_path)
    monkeypatch.setattr(_pages, "ROOT", tmp_path)
    results = tmp_path / "results.json"
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--pages", str(results)])
    results.write_text(json.dumps({"clients": {}, "samples": []}))
    assert __main__.main() == 1
    assert "error: httpcore was not measured with http2-caddy-" in capsys.readouterr().err
    results.write_text(json.dumps(raw_data()))
    assert __main__.main() == 0
    assert "4.5.6" in (tmp_path / "docs/explanation/benchmarks.md").read_text(encoding="utf-8")
