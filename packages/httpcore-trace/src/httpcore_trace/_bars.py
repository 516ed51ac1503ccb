"""Bars on a time line: which columns of a row belong to which phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.text import Text

from ._formats import duration_text
from ._phases import NAMES, UNEXPLAINED, Segment

#: The colours of the phases, as in the developer tools of browsers.
STYLES = {
    "blocked": "bright_black",
    "dns": "cyan",
    "connect": "yellow",
    "ssl": "magenta",
    "send": "bright_cyan",
    "wait": "green",
    "receive": "blue",
    UNEXPLAINED: "red",
}
# Where there are no colours.
_LETTERS = {
    "blocked": "b",
    "dns": "d",
    "connect": "c",
    "ssl": "t",
    "send": "s",
    "wait": "w",
    "receive": "r",
    UNEXPLAINED: "?",
}


class Bars:
    """Draws bars for one console."""

    def __init__(self, *, colours: bool, ascii_only: bool) -> None:
        self.colours = colours
        self.unicode = not ascii_only

    def of_one(self, parts: Iterable[tuple[float, float]], style: str, start: float, end: float, width: int) -> Text:
        """Return one phase: columns that it fills at least half, and a thin mark where it is shorter."""
        full, thin = ("█", "▏") if self.unicode else ("#", ":")
        shares = [0.0] * width
        column = (end - start) / width or 1.0
        for begin, until in parts:
            for index in _columns(begin, until, start, column, width):
                left = start + index * column
                share = (min(until, left + column) - max(begin, left)) / column
                shares[index] += max(share, 1e-9)  # what is there is seen
        return Text("".join(" " if not share else full if share >= 0.5 else thin for share in shares), style)

    def of_many(self, divided: Sequence[Segment], start: float, end: float, width: int) -> Text:
        """Return one request: each column has the phase that fills most of it."""
        column = (end - start) / width or 1.0
        shares: list[dict[str, float]] = [{} for _ in range(width)]
        for category, begin, until in divided:
            for index in _columns(begin, until, start, column, width):
                left = start + index * column
                covered = min(until, left + column) - max(begin, left)
                shares[index][category] = shares[index].get(category, 0.0) + covered
        text = Text()
        for share in shares:
            if not share:
                text.append(" ")
            else:
                category = max(share, key=lambda name: share[name])
                text.append(self.mark(category), STYLES[category])
        return text

    def mark(self, category: str) -> str:
        """Return the character for one column of a phase."""
        if not self.colours:
            return _LETTERS[category]
        return "█" if self.unicode else "#"


def _columns(begin: float, until: float, start: float, column: float, width: int) -> range:
    """The columns that a part of the time line touches: at least one."""
    first = min(max(int((begin - start) / column), 0), width - 1)
    last = min(max(int((until - start) / column), first), width - 1)
    if last > first and start + last * column >= until:
        last -= 1  # it ends where that column begins
    return range(first, last + 1)


def legend(sums: Mapping[str, float], bars: Bars, width: int) -> list[Text]:
    """Return what the marks mean, with the time of all requests, in as many lines as needed."""
    lines = [Text()]
    for name in (*NAMES, UNEXPLAINED):
        if sums[name] or name == UNEXPLAINED:
            entry = Text(" ").append(bars.mark(name), STYLES[name]).append(f" {name} ")
            entry.append(f"{duration_text(sums[name])} ", "dim")
            if lines[-1].cell_len + entry.cell_len > width and lines[-1].cell_len:
                lines.append(Text())
            lines[-1].append_text(entry)
    return lines
