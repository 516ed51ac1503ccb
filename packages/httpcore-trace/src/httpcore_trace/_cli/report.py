"""What is printed: the response of one request or a summary of many, the waterfall, errors with hints, or JSON."""

import json
import statistics
from collections import Counter
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

# More rows than this are no picture any more: the slowest are shown.
_MOST_ROWS = 40


def print_report(records: Sequence[RequestRecord], arguments: Arguments, console: Console) -> None:
    """Print for people what requests did."""
    if len(records) == 1:
        _print_response(records[0], console)
    elif records:
        _print_summary(records, console)
    shown = records
    if len(records) > _MOST_ROWS:
        slowest = sorted(records, key=lambda record: record.duration)[-_MOST_ROWS:]
        shown = sorted(slowest, key=lambda record: record.started)
        console.print(f"The {_MOST_ROWS} slowest of them:")
    if shown:
        console.print(Waterfall(shown))


def print_errors(records: Sequence[RequestRecord], arguments: Arguments, console: Console) -> None:
    """Print each different error once, with a hint if there is one."""
    failed = [record.error for record in records if record.error is not None and not record.cancelled]
    for error, count in Counter(failed).items():
        times = f" ({count} requests)" if count > 1 else ""
        _print_line(console, Text.assemble(("error: ", "bold red"), printable(str(error)), times))
        if hint := hint_for(error, redacted_url(arguments.url), bool(arguments.proxies)):
            _print_line(console, Text.assemble(("hint: ", "bold"), hint))


def as_json(records: Sequence[RequestRecord], arguments: Arguments) -> str:
    """Return the records as JSON: a list with an object for each request. Times are in seconds."""
    return json.dumps([_as_data(record, arguments) for record in records], indent=2)


def is_complete(record: RequestRecord) -> bool:
    """Whether the request got a complete response."""
    return record.status is not None and record.error is None and not record.cancelled


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


def _print_summary(records: Sequence[RequestRecord], console: Console) -> None:
    outcomes = Counter(_outcome(record) for record in records)
    parts = ", ".join(f"{count} x {outcome}" for outcome, count in outcomes.most_common())
    _print_line(console, Text(f"{len(records)} requests: {parts}"))
    durations = sorted(record.duration for record in records if is_complete(record))
    if durations:
        figures = {
            "fastest": durations[0],
            "median": statistics.median(durations),
            "95 % within": durations[-(-len(durations) * 95 // 100) - 1],
            "slowest": durations[-1],
        }
        _print_line(console, Text(", ".join(f"{name} {duration_text(value)}" for name, value in figures.items())))
    console.print()


def _outcome(record: RequestRecord) -> str:
    if record.cancelled:
        return "interrupted"
    if record.error is not None:
        return record.error.name
    return "in progress" if record.ended is None else str(record.status)


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
