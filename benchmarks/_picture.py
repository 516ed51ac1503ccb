"""Draws the CPU time that a request costs each client, from raw data, as bars in an SVG. Shorter is better.

The colours follow the reader's light or dark theme, even where the file is embedded as an image.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from html import escape
from typing import Any

from benchmarks._report import OURS

# Titles of the workloads that are shown: on the left one request after the other, on the right many at a time.
PANELS = {
    "sync-1": "sync, one connection",
    "asyncio-16": "asyncio, 16 connections",
    "tls-sync-1": "sync, one connection, TLS",
    "tls-asyncio-16": "asyncio, 16 connections, TLS",
    "http2-sync-1": "sync, HTTP/2, one stream",
    "http2-asyncio-100": "asyncio, HTTP/2, 100 streams of one connection",
}

_WIDTH, _MARGIN, _GAP = 880, 16, 32
_PANEL_WIDTH = (_WIDTH - 2 * _MARGIN - _GAP) / 2
_LABEL_WIDTH, _VALUE_WIDTH = 150, 62
_BAR_LENGTH = _PANEL_WIDTH - _LABEL_WIDTH - _VALUE_WIDTH
_HEAD, _TITLE, _ROW, _BAR, _FOOT = 62, 30, 22, 14, 34

_STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #3d444d }
.heading { font-size: 17px; font-weight: 600; fill: #1f2328 }
.title { font-size: 13px; font-weight: 600; fill: #1f2328 }
.note { font-size: 11px; fill: #656d76 }
.bar { fill: #b6bec8 }
.ours { fill: #0969da }
.label.ours, .value.ours { font-weight: 600 }
.label { text-anchor: end }
@media (prefers-color-scheme: dark) {
  text { fill: #c0c8d2 }
  .heading, .title { fill: #f0f6fc }
  .note { fill: #9198a1 }
  .bar { fill: #4d5662 }
  .ours { fill: #4493f8 }
}
"""

# A client's label, and its CPU time per request in microseconds.
_Bar = tuple[str, float]


def picture(data: dict[str, Any]) -> str:
    """Return the SVG for raw data in the form of ``--json``. Workloads without a panel are left out."""
    panels = [(name, bars) for name in PANELS if (bars := _bars(data, name))]
    body: list[str] = []
    top = _HEAD
    for index in range(0, len(panels), 2):
        row = panels[index : index + 2]
        for column, (name, bars) in enumerate(row):
            body += _panel(_MARGIN + column * (_PANEL_WIDTH + _GAP), top, PANELS[name], bars)
        top += _TITLE + _ROW * max(len(bars) for _, bars in row) + _ROW
    height = top + _FOOT
    title = "CPU time per small GET"
    rounds = data["options"]["rounds"]
    note = f"Microseconds of the client's process, lower is better. Medians of {rounds} interleaved rounds."
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}"'
            f' height="{height}" role="img" aria-label="{title}">',
            f"<style>{_STYLE}</style>",
            _text(_MARGIN, 26, "heading", title),
            _text(_MARGIN, 46, "note", note),
            *body,
            _text(_MARGIN, top + 10, "note", data["machine"]),
            "</svg>",
            "",
        ]
    )


def _bars(data: dict[str, Any], workload: str) -> list[_Bar]:
    """Return the shortest bar first. Clients without a complete round are left out."""
    bars = []
    for sample in data["samples"]:
        if sample["workload"] != workload:
            continue
        costs = [round_["cpu_per_request"] for round_ in sample["rounds"] if round_["complete"]]
        if costs:
            bars.append((data["clients"][sample["client"]]["label"], statistics.median(costs) * 1e6))
    return sorted(bars, key=lambda bar: bar[1])


def _panel(left: float, top: float, title: str, bars: list[_Bar]) -> Iterator[str]:
    yield _text(left, top + 12, "title", title)
    longest = max(cost for _, cost in bars)
    for index, (label, cost) in enumerate(bars):
        middle = top + _TITLE + _ROW * index + _BAR / 2
        ours = " ours" if label == OURS else ""
        length = cost / longest * _BAR_LENGTH
        start = left + _LABEL_WIDTH
        yield _text(start - 8, middle + 4, f"label{ours}", label)
        yield (
            f'<rect class="bar{ours}" x="{start:.1f}" y="{middle - _BAR / 2:.1f}" width="{length:.1f}"'
            f' height="{_BAR}" rx="2"/>'
        )
        yield _text(start + length + 6, middle + 4, f"value{ours}", f"{cost:,.0f}")


def _text(x: float, y: float, kind: str, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
