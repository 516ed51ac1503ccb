"""What the demo prints: a progress bar, and the rows of a table.

Colours, and lines drawn in place, are for a terminal only.
"""

from __future__ import annotations

import shutil
import sys
import time

COLUMNS = ("request", "protocol", "status", "bytes", "ms", "requests", "conns")
# In total at most 80 columns: a line that wraps cannot be redrawn in place.
_WIDTHS = (21, 8, 6, 10, 7, 8, 5)
_PROGRESS_WIDTH = 24
_REDRAW_SECONDS = 0.05


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


def _bar(blank: int, filled: int, width: int) -> str:
    block = "█" if (sys.stdout.encoding or "").lower().startswith("utf") else "#"
    return (" " * blank + block * filled).ljust(width)
