"""Fills the figures of HTTP/3 beside HTTP/2 into the pages of the documentation, from raw data."""

from __future__ import annotations

import re
import statistics
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks._report import OURS

ROOT = Path(__file__).resolve().parents[1]

_README = "README.md"
_ALL = "docs/explanation/benchmarks.md"
_CHOICE = "docs/how-to/http3.md"
PAGES = (_README, _ALL, _CHOICE)

_PEER = "niquests"
_PROTOCOLS = {"HTTP/2": "http2-caddy", "HTTP/3": "http3"}
_HTTP2, _HTTP3 = _PROTOCOLS.values()
_SMALL = ("sync-1", "threads-16", "asyncio-1", "asyncio-100")
_LARGE = ("download-sync", "download-asyncio", "upload-sync", "upload-asyncio")
_LOSSES = (1, 3)

_PAGE_LOAD = "Page of 30 requests at once on a new connection, ms"
_SENTENCE = re.compile(r"Against HTTP/2, \[HTTP/3\].*?instead\s+of\s+[\d,]+\.", re.DOTALL)
_WIDTH = 120


class PageError(Exception):
    """The raw data lack a figure, or a page lacks the place for one."""


class Figures:
    """The medians of raw data in the form of ``--json``. Of two measurements of the same, that of the last data counts.

    Rounds that were cut short are left out.
    """

    def __init__(self, data: Iterable[dict[str, Any]]) -> None:
        self._rounds: dict[tuple[str, str], list[dict[str, float]]] = {}
        self._versions: dict[str, str] = {}
        for each in data:
            self._versions |= {name: client["version"] for name, client in each["clients"].items()}
            for sample in each["samples"]:
                complete = [round_ for round_ in sample["rounds"] if round_["complete"]]
                if complete:
                    self._rounds[sample["client"], sample["workload"]] = complete

    def version(self, client: str) -> str:
        """Return the version of a client that was measured."""
        if client not in self._versions:
            raise PageError(f"{client} was not measured")
        return self._versions[client]

    def median(self, client: str, workload: str, field: str) -> float:
        """Return the median over all rounds. Raises `PageError` if there is none."""
        if (client, workload) not in self._rounds:
            raise PageError(f"{client} was not measured with {workload}")
        return statistics.median(round_[field] for round_ in self._rounds[client, workload])

    def cpu(self, client: str, workload: str) -> float:
        """Return the CPU time of a request or transfer, in seconds."""
        return self.median(client, workload, "cpu_per_request")


def fill(root: Path, data: Iterable[dict[str, Any]]) -> None:
    """Write the figures into the pages below `root`. If any is missing, all pages stay as they are."""
    pages = {name: (root / name).read_text(encoding="utf-8") for name in PAGES}
    for name, text in filled(pages, Figures(data)).items():
        (root / name).write_text(text, encoding="utf-8")


def filled(pages: Mapping[str, str], figures: Figures) -> dict[str, str]:
    """Return the texts of `PAGES` with these figures."""
    path = _path_rows(figures)
    first, last = path[0], path[-len(_LOSSES) :]
    page_loads = [row for row in path if row.startswith(f"| {_PAGE_LOAD}")]
    tables = {
        _ALL: [_cpu_rows(figures), path],
        _CHOICE: [[*_choice_rows(figures), first, *page_loads, *last]],
    }
    texts = {name: _with_tables(name, pages[name], rows) for name, rows in tables.items()}
    return {_README: _with_sentence(pages[_README], figures), **texts}


def _row(title: str, cells: Iterable[str]) -> str:
    return f"| {title} | {' | '.join(cells)} |"


def _number(value: float, decimals: int = 0) -> str:
    return f"{value:,.{decimals}f}"


def _cpu_rows(figures: Figures) -> list[str]:
    """A row for each client and protocol, and their ratios."""

    def costs(client: str, protocol: str) -> list[float]:
        return [figures.cpu(client, f"{protocol}-{name}") for name in (*_SMALL, *_LARGE)]

    def absolute(values: Sequence[float]) -> Iterable[str]:
        scales = [1e6] * len(_SMALL) + [1e3] * len(_LARGE)
        return [_number(value * scale) for value, scale in zip(values, scales, strict=True)]

    def ratios(values: Sequence[float], others: Sequence[float]) -> Iterable[str]:
        return [_number(value / other, 2) for value, other in zip(values, others, strict=True)]

    http2, http3, peer = costs(OURS, _HTTP2), costs(OURS, _HTTP3), costs(_PEER, _HTTP3)
    return [
        _row(f"**{OURS}**, HTTP/2", absolute(http2)),
        _row(f"**{OURS}**, HTTP/3", absolute(http3)),
        _row(f"{_PEER} {figures.version(_PEER)}, HTTP/3", absolute(peer)),
        _row("*HTTP/3 ÷ HTTP/2*", ratios(http3, http2)),
        _row(f"*{OURS} ÷ {_PEER}*", ratios(http3, peer)),
    ]


def _beside(figures: Figures, title: str, name: str, field: str, scale: float, decimals: int = 0) -> str:
    """Return a row with a figure of both protocols."""
    values = [figures.median(OURS, f"{protocol}-{name}", field) for protocol in _PROTOCOLS.values()]
    return _row(title, [_number(value * scale, decimals) for value in values])


def _path_rows(figures: Figures) -> list[str]:
    """The rows about a long path, and about packets that are lost."""

    def with_losses(title: str, name: str, field: str, scale: float, decimals: int = 0) -> list[str]:
        return [
            _beside(figures, f"{title}, {loss} % loss", f"loss-{loss}-{name}", field, scale, decimals)
            for loss in _LOSSES
        ]

    return [
        _beside(figures, "First request on a new connection, no loss, ms", "path-first", "seconds_each", 1e3),
        *with_losses(_PAGE_LOAD, "page", "seconds_each", 1e3),
        *with_losses("30 tasks on one connection, requests/s", "30", "rate", 1),
        *with_losses("the slowest of 100 of these, ms", "30", "p99", 1e3),
        *with_losses("5 MB download, s", "download", "seconds_each", 1, 1),
    ]


def _choice_rows(figures: Figures) -> list[str]:
    """The rows about CPU time for those who choose a protocol."""
    rows = {
        "One request after the other, CPU time of each, µs": ("sync-1", 1e6),
        "16 threads, CPU time of a request, µs": ("threads-16", 1e6),
        "100 tasks, CPU time of a request, µs": ("asyncio-100", 1e6),
        "100 MB download, CPU time, ms": ("download-sync", 1e3),
        "100 MB upload, CPU time, ms": ("upload-sync", 1e3),
    }
    return [_beside(figures, title, name, "cpu_per_request", scale) for title, (name, scale) in rows.items()]


def _with_tables(name: str, text: str, tables: Iterable[list[str]]) -> str:
    for rows in tables:
        begin = _place(name, text, rows[0], 0)
        end = text.index("\n", _place(name, text, rows[-1], begin))
        text = text[:begin] + "\n".join(rows) + text[end:]
    return text


def _place(name: str, text: str, row: str, begin: int) -> int:
    """Return where the row with the title of `row` begins."""
    title = "\n" + row[: row.index(" | ") + len(" | ")]
    place = text.find(title, max(0, begin - 1))
    if place < 0:
        raise PageError(f"{name} has no row {title.strip()}")
    return place + 1


def _with_sentence(text: str, figures: Figures) -> str:
    """Return the README with what HTTP/3 costs and brings, in a sentence or two."""

    def times(name: str) -> str:
        return _number(figures.cpu(OURS, f"{_HTTP3}-{name}") / figures.cpu(OURS, f"{_HTTP2}-{name}"), 1)

    def page_load(protocol: str) -> str:
        return _number(figures.median(OURS, f"{protocol}-loss-1-page", "seconds_each") * 1e3)

    sentence = (
        f"Against HTTP/2, [HTTP/3]({_CHOICE}) costs {times('sync-1')} times the CPU time with one request at a time,"
        f" {times('asyncio-100')} times with 100, and {times('download-sync')} times in large downloads. Where 1 % of"
        f" the packets are lost, 30 requests take {page_load(_HTTP3)} ms instead of {page_load(_HTTP2)}."
    )
    wrapped = textwrap.fill(sentence, _WIDTH, break_long_words=False, break_on_hyphens=False)
    replaced: Callable[[re.Match[str]], str] = lambda match: wrapped  # noqa: E731
    text, count = _SENTENCE.subn(replaced, text)
    if not count:
        raise PageError(f"{_README} has no sentence about HTTP/3")
    return text
