"""Requests as bars on a time line, for terminals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from ._bars import STYLES, Bars, legend
from ._details import common_origin, connection_text, details, outcome_text, sub_rows, target_text
from ._formats import count_text, duration_text, printable
from ._phases import NAMES, UNEXPLAINED, Segment, segments, spans
from ._record import RequestRecord
from ._recorder import Recorder

_NARROW = 76  # columns, below which there are no details
_DURATION = 8
_STATUS = 6
_SHORTEST_LABEL = 12


def print_waterfall(
    requests: Recorder | RequestRecord | Iterable[RequestRecord], *, console: Console | None = None
) -> None:
    """Print where the time of requests went: see `Waterfall`. By default to stdout."""
    (Console(highlight=False) if console is None else console).print(Waterfall(requests))


class Waterfall:
    """Something that `rich` prints: where the time of one request went, or of many.

    One request has a row for each of its phases; of many, each has a row, below its connection, on a common time line.
    The row `unexplained` is the time for which no phase accounts. Without colours, the phases of many requests are
    letters. It is as wide as the terminal.
    """

    def __init__(self, requests: Recorder | RequestRecord | Iterable[RequestRecord]) -> None:
        if isinstance(requests, Recorder):
            requests = requests.requests
        elif isinstance(requests, RequestRecord):
            requests = (requests,)
        self._records: Sequence[RequestRecord] = tuple(requests)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        bars = Bars(colours=console.color_system is not None and not console.no_color, ascii_only=options.ascii_only)
        width = options.max_width
        if not self._records:
            lines = [Text("No requests were recorded.")]
        elif len(self._records) == 1:
            lines = _one(self._records[0], bars, width)
        else:
            lines = _many(self._records, bars, width)
        for line in lines:
            line.truncate(width, overflow="ellipsis")
            if options.ascii_only:
                line.plain = line.plain.replace("…", "~").encode("ascii", "replace").decode("ascii")
            yield line


def segments_of(record: RequestRecord) -> list[Segment]:
    """Return the time of a request, divided by phase."""
    end = record.started + record.duration
    return segments(spans(tuple(record.events), end), record.started, end)


def _one(record: RequestRecord, bars: Bars, width: int) -> list[Text]:
    """The rows of one request: its phases."""
    divided, seconds = segments_of(record), record.phases().as_dict()
    start, end = record.started, record.started + record.duration
    known = details(record) if width >= _NARROW else {}
    rows: list[tuple[str, str, list[tuple[float, float]], float]] = []
    for name in (*NAMES, UNEXPLAINED):
        if seconds[name] >= 0:
            parts = [(part.start, part.end) for part in divided if part.category == name]
            rows.append((name, name, parts, seconds[name]))
            for label, found in sub_rows(record, name):
                rows.append((f"  {printable(label)}", name, found, sum(until - begin for begin, until in found)))
    label_width = min(max(_SHORTEST_LABEL, *(len(label) for label, *_ in rows)), max(_SHORTEST_LABEL, width // 4))
    details_width = min(max((len(text) + 2 for text in known.values()), default=0), width // 3)
    bar_width = max(width - label_width - _DURATION - 5 - details_width, 5)
    edge = "│" if bars.unicode else "|"
    lines = _heading(record, width)
    for label, name, parts, took in rows:
        line = Text(" ").append_text(_fitted(Text(label, "dim" if label[0] == " " else ""), label_width))
        line.append(edge).append_text(bars.of_one(parts, STYLES[name], start, end, bar_width)).append(edge)
        line.append(f"{duration_text(took):>{_DURATION + 1}}")
        lines.append(line.append(f"  {printable(known[label])}", "dim") if label in known else line)
    total = f" {'total':<{label_width + bar_width + 2}}{duration_text(record.duration):>{_DURATION + 1}}"
    return [*lines, Text(total, "bold")]


def _heading(record: RequestRecord, width: int) -> list[Text]:
    """What the request was, how it ended, and on which connection."""
    outcome, style = outcome_text(record)
    first = Text.assemble((printable(f"{record.method or '?'} {record.url}"), "bold"))
    second = Text.assemble((printable(outcome), style))
    second.append(printable(f"  {connection_text(record)}" if record.connection is not None else ""), "dim")
    if first.cell_len + 2 + second.cell_len <= width:
        return [first.append("  ").append_text(second)]
    return [first, second]


def _many(records: Sequence[RequestRecord], bars: Bars, width: int) -> list[Text]:
    """The rows of many requests, below their connections, and a legend with the sums."""
    start = min(record.started for record in records)
    end = max(record.started + record.duration for record in records)
    groups: dict[int | None, list[RequestRecord]] = {}
    for record in records:
        groups.setdefault(record.connection_id, []).append(record)
    labels = {
        id(record): printable(target_text(record, has_origin=origin is not None))
        for requests in groups.values()
        for origin in [common_origin(requests)]
        for record in requests
    }
    label_width = min(max(map(len, labels.values())), max(width // 3, 10))
    status_width = min(max(len(outcome_text(record, short=True)[0]) for record in records), max(width // 6, 3))
    bar_width = max(width - label_width - status_width - _DURATION - 5, 5)
    lines = []
    sums = dict.fromkeys((*NAMES, UNEXPLAINED), 0.0)
    for requests in groups.values():
        lines.append(_group(requests))
        for record in requests:
            divided = segments_of(record)
            for part in divided:
                sums[part.category] += part.end - part.start
            outcome, style = outcome_text(record, short=True)
            line = Text(" ").append_text(_fitted(Text(labels[id(record)]), label_width)).append(" ")
            line.append_text(_fitted(Text(printable(outcome), style), status_width)).append(" ")
            line.append_text(bars.of_many(divided, start, end, bar_width))
            lines.append(line.append(f"{duration_text(record.duration):>{_DURATION + 1}}"))
    scale = " " * (label_width + status_width + 3)
    lines.append(Text(f"{scale}0{duration_text(end - start):>{bar_width - 1}}", "dim"))
    return [*lines, *legend(sums, bars, width)]


def _group(requests: Sequence[RequestRecord]) -> Text:
    """The heading of a connection."""
    number = requests[0].connection_id
    if number is not None:
        title = f"Connection {number}"
    else:
        title = "No connection" if all(record.status is None for record in requests) else "Connection unknown"
    text = Text(title, "bold").append(f"  {count_text(len(requests), 'request')}", "default not bold")
    known = next((record for record in requests if record.connection is not None), None)
    about = connection_text(known, of_group=True) if known is not None else common_origin(requests)
    return text.append(f"  {printable(about)}", "dim not bold") if about else text


def _fitted(text: Text, width: int) -> Text:
    """Return `text` in exactly `width` columns."""
    text.truncate(width, overflow="ellipsis", pad=True)
    return text
