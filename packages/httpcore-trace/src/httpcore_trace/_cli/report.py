"""What is printed: the response of one request or a summary of many, the waterfall, errors with hints, or JSON."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from .._formats import duration_text, printable
from .._record import RequestRecord
from .._redaction import redacted_url
from .._waterfall import Waterfall
from .arguments import Arguments
from .hints import hint_for
from .sending import MOST_SLOWEST
from .summary import Summary


def print_report(records: Sequence[RequestRecord], summary: Summary, console: Console) -> None:
    """Print for people what requests did. `records` are the last ones."""
    if summary.begun == 1:
        _print_response(records[0], console)
    elif records:
        _print_summary(summary, console)
    shown = records
    if summary.begun > MOST_SLOWEST:
        candidates = [*summary.slowest(), *(record for record in records if record.ended is None)]
        slowest = sorted(candidates, key=lambda record: record.duration)[-MOST_SLOWEST:]
        shown = sorted(slowest, key=lambda record: record.started)
        console.print(f"The {len(shown)} slowest of them:")
    if shown:
        console.print(Waterfall(shown))


def print_errors(summary: Summary, arguments: Arguments, console: Console) -> None:
    """Print each different error once, with a hint if there is one."""
    for error, count in summary.errors.items():
        times = f" ({count} requests)" if count > 1 else ""
        text = "further errors" if error is None else str(error)
        _print_line(console, Text.assemble(("error: ", "bold red"), printable(text), times))
        hint = None if error is None else hint_for(error, redacted_url(arguments.url), bool(arguments.proxies))
        if hint:
            _print_line(console, Text.assemble(("hint: ", "bold"), hint))


def as_json(records: Sequence[RequestRecord], arguments: Arguments) -> str:
    """Return the records as JSON: a list with an object for each request. Times are in seconds."""
    return json.dumps([_as_data(record, arguments) for record in records], indent=2)


def _print_response(record: RequestRecord, console: Console) -> None:
    if record.status is None:
        return
    reason = "" if record.reason is None else record.reason.decode("latin-1")
    status = f"{record.status} {reason}".strip()
    _print_line(console, Text.assemble(f"{record.http_version} ", (printable(status), _colour(record.status))))
    for name, value in record.response_headers:
        field = Text.assemble((printable(name.decode("latin-1")), "cyan"), ": ", printable(value.decode("latin-1")))
        _print_line(console, field)
    console.print()


def _print_summary(summary: Summary, console: Console) -> None:
    outcomes = summary.outcomes.copy()
    if summary.begun > summary.ended:
        outcomes["in progress"] = summary.begun - summary.ended
    parts = ", ".join(f"{count} x {outcome}" for outcome, count in outcomes.most_common())
    _print_line(console, Text(f"{summary.begun} requests: {parts}"))
    durations = summary.durations
    if durations.count:
        about = "" if durations.is_exact else "about "
        figures = {
            "fastest": duration_text(durations.fastest),
            "median": about + duration_text(durations.median()),
            "95 % within": about + duration_text(durations.within(95)),
            "slowest": duration_text(durations.slowest),
        }
        _print_line(console, Text(", ".join(f"{name} {value}" for name, value in figures.items())))
    console.print()


def _print_line(console: Console, text: Text) -> None:
    """Print one line, however long: it may be for another program."""
    console.print(text, soft_wrap=True)


def _colour(status: int) -> str:
    return "bold green" if status < 300 else "bold yellow" if status < 400 else "bold red"


def _as_data(record: RequestRecord, arguments: Arguments) -> dict[str, Any]:
    connection = record.connection
    return {
        "method": record.method,
        "url": record.url,
        "status": record.status,
        "http_version": record.http_version,
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in record.response_headers],
        "started_at": record.started_at.isoformat(),
        "duration": record.duration,
        "phases": record.phases().as_dict(),
        "sent_bytes": record.sent_bytes,
        "received_bytes": record.received_bytes,
        "reused": record.reused,
        "connection": None if connection is None else _connection_as_data(connection),
        "error": _error_as_data(record, arguments),
    }


def _connection_as_data(connection: Any) -> dict[str, Any]:
    names = (
        "id",
        "origin",
        "local_address",
        "peer_address",
        "http_version",
        "tls_version",
        "cipher",
        "alpn",
        "proxies",
    )
    return {name: getattr(connection, name) for name in names}


def _error_as_data(record: RequestRecord, arguments: Arguments) -> dict[str, str | None] | None:
    error = record.error
    if error is None:
        return None
    return {"type": error.type, "message": error.message, "hint": hint_for(error, record.url, bool(arguments.proxies))}
