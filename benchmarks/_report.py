"""Formats results as Markdown: a table for each workload, the budgets, and the machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks._meter import Sample
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
    """A bound on the ratio of two measurements, each given by the names of its workload and client.

    The ratio is that of rates, of memory, or with `cpu` that of CPU times.
    """

    title: str
    measured: tuple[str, str]
    against: tuple[str, str]
    bound: float
    at_most: bool = False
    cpu: bool = False

    @property
    def bound_text(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"


def _versus(workload: str, peer: str, bound: float) -> Budget:
    return Budget(f"{workload} vs {peer}", (workload, OURS), (workload, peer), bound)


def _above_floor(workload: str, bound: float) -> Budget:
    title = f"CPU time of {workload} vs bare socket"
    return Budget(title, (workload, OURS), (workload, "floor"), bound, at_most=True, cpu=True)


def _of_http3() -> Iterator[Budget]:
    """CPU time over HTTP/3 against our own over HTTP/2 from the same server, and against niquests over HTTP/3."""
    bounds = {
        ("sync-1", "asyncio-1"): (1.4, 0.4),
        ("asyncio-100",): (1.0, 0.25),
        ("download-sync", "download-asyncio"): (2.0, 1.0),
        ("upload-sync", "upload-asyncio"): (4.0, 1.2),
    }
    for names, (http2, niquests) in bounds.items():
        for name in names:
            measured = f"http3-{name}", OURS
            title, against = f"CPU time of http3-{name} vs", (f"http2-caddy-{name}", OURS)
            yield Budget(f"{title} HTTP/2", measured, against, http2, at_most=True, cpu=True)
            against = f"http3-{name}", "niquests"
            yield Budget(f"{title} niquests", measured, against, niquests, at_most=True, cpu=True)


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
    *(_versus(f"{tls}upload-{kind}", "pyreqwest", 1) for tls in ("", "tls-") for kind in ("sync", "asyncio")),
    *(_versus(name, "http_client", 1) for name in ("upload-sync", "tls-upload-sync", "tls-download-sync")),
    *(_versus(f"tls-download-{kind}", "pyreqwest", 1) for kind in ("sync", "asyncio")),
    _above_floor("sync-1", 1.2),
    _above_floor("asyncio-16", 1.0),
    _above_floor("tls-sync-1", 1.5),
    _above_floor("tls-asyncio-16", 1.5),
    _versus("http2-sync-1", "httpcore2", 1.6),
    _versus("http2-asyncio-100", "httpcore2", 2),
    _versus("http2-download", "httpcore2", 3),
    _versus("http2-tls-sync-1", "pyreqwest", 1),
    _versus("http2-tls-sync-1", "pycurl", 1),
    _versus("http2-tls-threads-16", "pycurl", 1),
    _versus("http2-tls-asyncio-100", "pyreqwest", 1.5),
    _versus("http2-tls-asyncio-100", "httpunk", 0.5),
    _versus("http2-tls-download-sync", "pyreqwest", 0.75),
    _versus("http2-tls-download-asyncio", "pyreqwest", 0.75),
    _versus("path-100-download-sync", "httpcore_109", 1.5),
    _versus("path-100-download-sync", "pycurl", 1.5),
    _versus("path-100-download-asyncio", "httpcore_109", 1.5),
    _versus("path-100-cold-download", "httpcore_109", 1.5),
    _versus("path-100-cold-download", "pycurl", 1.5),
    *_of_http3(),
    Budget("idle-memory vs httpcore2", ("idle-memory", OURS), ("idle-memory", REFERENCE), 1, at_most=True),
)


def report(results: Results, server_of: Callable[[Workload], str] | None = None) -> str:
    """Return all tables. `server_of` names the server of a workload."""
    lines: list[str] = []
    for workload in WORKLOADS.values():
        rows = [result for (name, _), result in results.items() if name == workload.name]
        if rows:
            named = workload.http2 or workload.http3
            server = f" Server: {server_of(workload)}." if server_of and named else ""
            lines += [f"## {workload.name}", "", f"{workload.title}.{server}", ""]
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
    workload = rows[0].workload
    columns = [*_rate_columns(workload), *_own_columns(workload)]
    head = ["client", "version", *(title for title, _ in columns), f"vs {REFERENCE}", f"vs {OURS}"]

    def cells(result: Result) -> Iterator[str]:
        yield from _who(result)
        if not result.complete:
            yield from [_NONE] * (len(head) - 2)
            return
        for _, text in columns:
            yield text(result)
        for other in (REFERENCE, OURS):
            yield _times(_ratio(result, results.get((workload.name, other)), "rate"))

    ordered = sorted(rows, key=lambda row: row.median("rate") if row.complete else 0, reverse=True)
    return _table(head, [list(cells(row)) for row in ordered])


def _column(field: str, scale: float = 1.0, decimals: int = 0) -> Callable[[Result], str]:
    return lambda result: f"{result.median(field) * scale:,.{decimals}f}"


def _rate_columns(workload: Workload) -> Iterator[tuple[str, Callable[[Result], str]]]:
    if workload.transfers:
        yield "MB/s", lambda result: f"{result.median('rate') * _length(result) / 1e6:,.0f}"
        yield "spread", lambda result: _spread(result.complete)
        yield "CPU ms/transfer", _column("cpu_per_request", 1e3, 1)
    else:
        yield "requests/s", _column("rate")
        yield "spread", lambda result: _spread(result.complete)
        yield "CPU µs/request", _column("cpu_per_request", 1e6, 1)
    yield "p50 ms", _column("p50", 1e3, 3)
    yield "p99 ms", _column("p99", 1e3, 3)


def _own_columns(workload: Workload) -> Iterator[tuple[str, Callable[[Result], str]]]:
    """The columns that only some workloads have."""
    if workload.transfers:
        yield "memory growth MiB", _column("memory_growth", 2**-20, 1)
    if workload.threads:
        yield "switches/request", _column("switches_per_request", decimals=2)
    if workload.round_trip and workload.start != "warm":
        yield "round trips", _column("seconds_each", 1 / workload.round_trip, 2)
    if workload.start == "cold" and not workload.caddy:
        yield "connections", _column("server_accepted")


def _length(result: Result) -> float:
    """How much each transfer was. It is shorter in some quick runs."""
    return result.complete[0].get("length", TRANSFER_LENGTH)


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
        if workload.start != "cold" and not workload.caddy and row.median("server_connections") != workload.connections:
            yield f"{label} had {row.median('server_connections'):.0f} connections open."


def _budget_table(results: Results) -> list[str]:
    """The column of CPU time inverts its ratio, so that more is better there as with rates."""

    def cells(budget: Budget) -> Iterator[str]:
        measured, against = results.get(budget.measured), results.get(budget.against)
        memory = WORKLOADS[budget.measured[0]].kind == "memory"
        field = "traced_per_connection" if memory else "cpu_per_request" if budget.cpu else "rate"
        ratio = _ratio(measured, against, field)
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
