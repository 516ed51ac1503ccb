"""What the demo prints: a progress bar, table rows, and the phases of a request as a waterfall.

Colours, and lines drawn in place, are for a terminal only.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

COLUMNS = ("request", "protocol", "status", "bytes", "ms", "requests", "conns")
PHASES = (
    "connect_tcp",
    "start_tls",
    "send_request_headers",
    "send_request_body",
    "receive_response_headers",
    "receive_response_body",
)
# In total at most 80 columns: a line that wraps cannot be redrawn in place.
_WIDTHS = (20, 8, 6, 10, 7, 8, 5)
_PROGRESS_WIDTH = 24
_WATERFALL_WIDTH = 30
_REDRAW_SECONDS = 0.05


@dataclass(frozen=True)
class Phase:
    """One phase of a request; both numbers are in seconds, on the clock of `time.perf_counter`."""

    name: str
    start: float
    duration: float


class Trace:
    """Collects phases from httpcore's `trace` extension."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self._started: dict[str, float] = {}

    def record(self, event: str, _info: dict[str, Any]) -> None:
        """Be the `trace` extension of a sync request; events are named like `http11.send_request_body.started`."""
        name, _, state = event.partition(".")[2].partition(".")
        if state == "started":
            self._started[name] = time.perf_counter()
        elif state == "complete" and name in self._started:
            start = self._started.pop(name)
            self.phases.append(Phase(name, start, time.perf_counter() - start))

    async def record_async(self, event: str, info: dict[str, Any]) -> None:
        """Be the `trace` extension of an async request."""
        self.record(event, info)

    @property
    def connections(self) -> int:
        """How many TCP connections were made."""
        return sum(phase.name == "connect_tcp" for phase in self.phases)


class Progress:
    """The progress bar of one download."""

    def __init__(self, label: str, total: int) -> None:
        self._label = label
        self._total = total
        self._began = time.perf_counter()
        self._drawn = 0.0

    def update(self, received: int) -> None:
        """Redraw the bar if this is a terminal, but not too often."""
        now = time.perf_counter()
        if sys.stdout.isatty() and now - self._drawn > _REDRAW_SECONDS:
            self._drawn = now
            columns = shutil.get_terminal_size().columns
            print(f"\r{self._line(received)[: columns - 1]}\x1b[K", end="", flush=True)

    def finish(self, received: int) -> None:
        """Print the final state of the bar as a line."""
        start, end = ("\r", "\x1b[K") if sys.stdout.isatty() else ("", "")
        print(f"{start}{self._line(received)}{end}", flush=True)

    def clear(self) -> None:
        """Remove an unfinished bar."""
        if sys.stdout.isatty():
            print("\r\x1b[K", end="", flush=True)

    def _line(self, received: int) -> str:
        bar = _bar(0, _PROGRESS_WIDTH * min(received, self._total) // self._total, _PROGRESS_WIDTH)
        rate = received / 1e6 / max(time.perf_counter() - self._began, 1e-9)
        amount = f"{received / 1e6:.1f} of {self._total / 1e6:.1f} MB, {rate:.0f} MB/s"
        return f"  {self._label:<{_WIDTHS[0]}} |{bar}| {amount}"


def print_heading(text: str) -> None:
    """Print a heading, bold on a terminal."""
    print(f"\x1b[1m{text}\x1b[0m" if sys.stdout.isatty() else text, flush=True)


def print_row(*cells: str) -> None:
    """Print one row of the table: the first cell to the left, the others to the right."""
    first, *others = (f"{cell:{'<' if index == 0 else '>'}{_WIDTHS[index]}}" for index, cell in enumerate(cells))
    print("  " + "  ".join([first, *others]), flush=True)


def print_waterfall(phases: Iterable[Phase]) -> None:
    """Print one request's phases as bars on a common time line, with start and duration in milliseconds."""
    shown = [phase for phase in phases if phase.name in PHASES]
    if not shown:
        return
    zero = min(phase.start for phase in shown)
    total = max(phase.start + phase.duration for phase in shown) - zero
    print(f"  {'phase':<24}  {'':{_WATERFALL_WIDTH}}  {'start ms':>9}  {'ms':>9}")
    for phase in shown:
        offset = phase.start - zero
        first = min(int(_WATERFALL_WIDTH * offset / total), _WATERFALL_WIDTH - 1)
        length = max(1, round(_WATERFALL_WIDTH * phase.duration / total))
        bar = _bar(first, min(length, _WATERFALL_WIDTH - first), _WATERFALL_WIDTH)
        print(f"  {phase.name:<24} |{bar}| {offset * 1e3:>8.2f}  {phase.duration * 1e3:>9.2f}")


def _bar(blank: int, filled: int, width: int) -> str:
    block = "█" if (sys.stdout.encoding or "").lower().startswith("utf") else "#"
    return (" " * blank + block * filled).ljust(width)
