"""Formats results as Markdown: a table for each workload, the budgets, and the machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks._measure import Sample
from benchmarks._runner import Cores, Result, Results
from benchmarks._server import TRANSFER_LENGTH
from benchmarks.workloads import WORKLOADS, Workload

OURS = "httpcore"
REFERENCE = "httpcore2"
_FIRST_ANSWER = ("import_seconds", "first_tls_request_seconds")
_NONE = "–"  # noqa: RUF001

# Above these shares, a note says that the rates of the table are less meaningful.
_SERVER_BUSY = 0.9
_CORE_TAKEN = 0.05


@dataclass(frozen=True)
class Budget:
    """A bound on the ratio of two measurements, each given by the names of its workload and client."""

    title: str
    measured: tuple[str, str]
    against: tuple[str, str]
    bound: float
    at_most: bool = False

    @property
    def bound_text(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"


def _versus(workload: str, peer: str, bound: float) -> Budget:
    return Budget(f"{workload} vs {peer}", (workload, OURS), (workload, peer), bound)


BUDGETS = (
    _versus("sync-1", "httpcore2", 4),
    _versus("sync-1", "http_client", 1.4),
    _versus("sync-1", "pyreqwest", 1),
    _versus("asyncio-16", "httpcore2", 6.5),
    _versus("asyncio-16", "aiohttp", 1.6),
    _versus("asyncio-16", "pyreqwest", 1),
    _versus("asyncio-128", "httpcore2", 6.5),
    _versus("asyncio-128", "aiohttp", 1.6),
    _versus("asyncio-128", "pyreqwest", 1),
    Budget("asyncio-512 vs asyncio-16", ("asyncio-512", OURS), ("asyncio-16", OURS), 0.85),
    Budget("asyncio-128-on-10 vs asyncio-10-on-10", ("asyncio-128-on-10", OURS), ("asyncio-10-on-10", OURS), 0.75),
    Budget("sync-1-tunnelled vs sync-1", ("sync-1-tunnelled", OURS), ("sync-1", OURS), 0.9),
    Budget("asyncio-16-tunnelled vs asyncio-16", ("asyncio-16-tunnelled", OURS), ("asyncio-16", OURS), 0.9),
    _versus("download-asyncio", "aiohttp", 1),
    _versus("download-sync", "httpcore2", 1.5),
    _versus("http2-sync-1", "httpcore2", 1.6),
    _versus("http2-asyncio-100", "httpcore2", 2),
    _versus("http2-download", "httpcore2", 3),
    Budget("idle-memory vs httpcore2", ("idle-memory", OURS), ("idle-memory", REFERENCE), 1, at_most=True),
)


def report(results: Results) -> str:
    lines: list[str] = []
    for workload in WORKLOADS.values():
        rows = [result for (name, _), result in results.items() if name == workload.name]
        if rows:
            lines += [f"## {workload.name}", "", f"{workload.title}.", ""]
            lines += _table_of(workload)(rows, results)
            lines += ["", *_notes(rows)]
    lines += ["## budgets", "", *_budget_table(results)]
    return "\n".join(lines)


def _table_of(workload: Workload) -> Callable[[list[Result], Results], list[str]]:
    if workload.kind == "memory":
        return _memory_table
    return _startup_table if workload.kind == "startup" else _rate_table


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    aligned = ["---", "---", *["---:"] * (len(head) - 2)]
    return ["| " + " | ".join(cells) + " |" for cells in (head, aligned, *rows)]


def _rate_table(rows: list[Result], results: Results) -> list[str]:
    transfers = rows[0].workload.transfers
    rate_head, rate_scale = ("MB/s", TRANSFER_LENGTH / 1e6) if transfers else ("requests/s", 1.0)
    cpu_head, cpu_scale = ("CPU ms/transfer", 1e3) if transfers else ("CPU µs/request", 1e6)
    memory_head = ("memory growth MiB",) if transfers else ()
    compared = f"vs {REFERENCE}", f"vs {OURS}"
    head = ("client", "version", rate_head, "spread", cpu_head, "p50 ms", "p99 ms", *memory_head, *compared)

    def cells(result: Result) -> Iterator[str]:
        yield from _who(result)
        if not result.complete:
            yield from [_NONE] * (len(head) - 2)
            return
        yield f"{result.median('rate') * rate_scale:,.0f}"
        yield _spread(result.complete)
        yield f"{result.median('cpu_per_request') * cpu_scale:,.1f}"
        yield f"{result.median('p50') * 1e3:,.3f}"
        yield f"{result.median('p99') * 1e3:,.3f}"
        if transfers:
            yield f"{result.median('memory_growth') / 2**20:,.1f}"
        for other in (REFERENCE, OURS):
            yield _times(_ratio(result, results.get((result.workload.name, other)), "rate"))

    ordered = sorted(rows, key=lambda row: row.median("rate") if row.complete else 0, reverse=True)
    return _table(head, [list(cells(row)) for row in ordered])


def _memory_table(rows: list[Result], results: Results) -> list[str]:
    head = ("client", "version", "traced KiB/connection", "resident KiB/connection", f"vs {REFERENCE}", f"vs {OURS}")

    def cells(result: Result) -> Iterator[str]:
        yield from _who(result)
        for field in ("traced_per_connection", "resident_per_connection"):
            yield f"{result.median(field) / 1024:.1f}" if result.complete else _NONE
        for other in (REFERENCE, OURS):
            yield _times(_ratio(result, results.get((result.workload.name, other)), "traced_per_connection"))

    return _table(head, [list(cells(row)) for row in rows])


def _startup_table(rows: list[Result], results: Results) -> list[str]:
    """The totals compare what a program pays up to its first response over TLS."""
    columns = {
        "import ms": ("import_seconds",),
        "first http ms": ("first_request_seconds",),
        "first https ms": ("first_tls_request_seconds",),
        "second https ms": ("second_tls_request_seconds",),
        "import and first https ms": _FIRST_ANSWER,
    }
    head = ("client", "version", "modules imported", *columns, f"vs {REFERENCE}", f"vs {OURS}")

    def cells(result: Result) -> Iterator[str]:
        yield from _who(result)
        yield f"{result.median('modules'):.0f}"
        for fields in columns.values():
            yield f"{_first_answer(result, fields) * 1e3:,.1f}"
        for other in (REFERENCE, OURS):
            compared = results.get((result.workload.name, other))
            yield _times(_first_answer(result) / _first_answer(compared) if compared else None)

    return _table(head, [list(cells(row)) for row in sorted(rows, key=_first_answer)])


def _first_answer(result: Result, fields: Sequence[str] = _FIRST_ANSWER) -> float:
    return sum(result.median(field) for field in fields)


def _who(result: Result) -> tuple[str, str]:
    label = result.client.label
    return f"**{label}**" if label == OURS else label, result.client.version


def _spread(samples: list[Sample]) -> str:
    """Half the distance between the slowest and the fastest round, relative to their middle."""
    rates = [sample["rate"] for sample in samples]
    return f"±{(max(rates) - min(rates)) / (max(rates) + min(rates)):.0%}" if len(rates) > 1 else _NONE


def _ratio(result: Result | None, other: Result | None, field: str) -> float | None:
    if result is None or other is None or not (result.complete and other.complete):
        return None
    return result.median(field) / other.median(field)


def _times(ratio: float | None) -> str:
    return _NONE if ratio is None else f"{ratio:.2f}×"  # noqa: RUF001


def _notes(rows: list[Result]) -> list[str]:
    notes = [note for row in rows for note in _row_notes(row)]
    if rows[0].workload.rated:
        taken = sorted(row.median("client_waited_for_core_share") for row in rows if row.complete)
        if taken and taken[len(taken) // 2] > _CORE_TAKEN:
            notes.append(
                f"The clients waited {taken[len(taken) // 2]:.0%} of the time for their core, which other programs or"
                " their own threads occupied: the CPU time says more than the rate."
            )
    return [f"- {note}" for note in notes] + [""] * bool(notes)


def _row_notes(row: Result) -> Iterator[str]:
    label, workload = row.client.label, row.workload
    cut = len(row.samples) - len(row.complete)
    if cut:
        yield (
            f"{label}: {cut} of {len(row.samples)} rounds reached the time limit while warming up, and are left out."
        )
    if row.complete and workload.rated:
        if row.median("server_busy_share") > _SERVER_BUSY:
            yield f"The server was busy {row.median('server_busy_share'):.0%} of the time with {label}."
        if row.median("server_connections") != workload.connections:
            yield f"{label} had {row.median('server_connections'):.0f} connections open."


def _budget_table(results: Results) -> list[str]:
    """The CPU column inverts the ratio of CPU times, so that more is better in both columns."""

    def cells(budget: Budget) -> Iterator[str]:
        measured, against = results.get(budget.measured), results.get(budget.against)
        memory = WORKLOADS[budget.measured[0]].kind == "memory"
        ratio = _ratio(measured, against, "traced_per_connection" if memory else "rate")
        yield budget.title
        yield budget.bound_text
        yield _times(ratio)
        yield _NONE if memory else _times(_ratio(against, measured, "cpu_per_request"))
        met = ratio is not None and (ratio <= budget.bound if budget.at_most else ratio >= budget.bound)
        yield _NONE if ratio is None else "yes" if met else "no"

    head = (f"{OURS}: ratio of", "bound", "ratio", "CPU time ratio", "met")
    measured = [budget for budget in BUDGETS if {budget.measured, budget.against} <= results.keys()]
    return _table(head, [list(cells(budget)) for budget in measured])


def machine_line(cores: Cores) -> str:
    pinned = f"client on core {cores.client}, server on core {cores.server}"
    if cores.client is None:
        pinned = "client and server NOT pinned to cores of their own: rates are not comparable between runs"
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{_cpu_model()}, {os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()},"
        f" {platform.system()} {platform.release()}, load average {load}; {pinned}."
    )


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
