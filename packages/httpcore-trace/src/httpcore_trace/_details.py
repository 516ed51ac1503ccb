"""What is told about a request beside its bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._formats import address_text, count_text, size_text
from ._phases import Span, spans
from ._record import RequestRecord

_SHORTEST_CONTEXT = 0.001  # seconds that a TLS context takes, below which it is not worth a row
_STALLS = ("http2.window_wait", "http3.window_wait")


def outcome_text(record: RequestRecord, *, short: bool = False) -> tuple[str, str]:
    """Return how the request ended, and the style for it."""
    if record.cancelled:
        return "cancelled", "yellow"
    if record.error is not None:
        return (record.error.name if short else str(record.error)), "red"
    if record.status is None:
        return ("…" if record.ended is None else "?"), "dim"
    style = "green" if record.status < 400 else "yellow" if record.status < 500 else "red"
    if short:
        return str(record.status), style
    reason = "" if record.reason is None else record.reason.decode("latin-1")
    return " ".join(filter(None, (str(record.status), reason, record.http_version))), style


def target_text(record: RequestRecord, *, has_origin: bool) -> str:
    """Return method and URL, without the origin if the heading has it."""
    url = record.url
    if has_origin and "://" in url:
        url = "/" + url.partition("://")[2].partition("/")[2]
    return f"{record.method or '?'} {url}"


def common_origin(records: Sequence[RequestRecord]) -> str | None:
    """Return the origin that all requests are for, or `None`."""
    origins = {"/".join(record.url.split("/", 3)[:3]) if "://" in record.url else "" for record in records}
    return (origins.pop() or None) if len(origins) == 1 else None


def connection_text(record: RequestRecord, *, of_group: bool = False) -> str:
    """Describe the connection of a request."""
    connection = record.connection
    if connection is None:
        return ""
    parts = [connection.origin] if of_group else []
    if of_group:
        parts.append(connection.http_version)
    elif record.reused is not None:
        parts.append(f"{'reused' if record.reused else 'new'} connection {connection.id}")
    if connection.tls_version is not None:
        parts.append(connection.tls_version)
    if connection.peer_address is not None:
        parts.append(address_text(connection.peer_address))
    return "  ".join([*parts, *(f"via {proxy}" for proxy in connection.proxies)])


def details(record: RequestRecord) -> dict[str, str]:
    """Return what is worth telling about each phase."""
    found: dict[str, list[str]] = {}

    def tell(phase: str, text: str) -> None:
        found.setdefault(phase, []).append(text)

    for _, event, info in tuple(record.events):
        if event == "connect.resolve.complete" and info.get("addresses"):
            tell("dns", ", ".join(info["addresses"]))
        elif event == "request.sent":
            tell("send", size_text(info["header_bytes"] + info["body_bytes"]))
        elif event == "response.received":
            unfinished = "" if info["complete"] else ", not all of it"
            tell("receive", size_text(info["header_bytes"] + info["body_bytes"]) + unfinished)
        elif event == "resend":
            tell("send", f"again: {info['reason']}")
        elif event == "retry":
            tell("blocked", f"attempt {info['attempt']} to connect")
    if record.connection is not None and not record.reused:
        if record.connection.cipher is not None:
            tell("ssl", record.connection.cipher)
        if record.connection.peer_address is not None:
            tell("connect", address_text(record.connection.peer_address))
    return {phase: ", ".join(texts) for phase, texts in found.items()}


def sub_rows(record: RequestRecord, phase: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """Return parts of a phase that have a row of their own: a label, and begin and end of each."""
    found = spans(tuple(record.events), record.started + record.duration)
    if phase == "connect":
        attempts = [span for span in found if span.name == "connect.attempt"]
        rows = [_row(span, span.info["address"]) for span in attempts if len(attempts) > 1]
        return rows + [_row(span, span.info["proxy"]) for span in found if span.name == "proxy.hop"]
    if phase == "ssl":
        contexts = [span for span in found if span.name == "tls.context"]
        return [_row(span, "context") for span in contexts if span.end - span.start >= _SHORTEST_CONTEXT]
    if phase == "send":
        waits = [(span.start, span.end) for span in found if span.name in _STALLS]
        return [(count_text(len(waits), "stall"), waits)] if waits else []
    return []


def _row(span: Span, label: Any) -> tuple[str, list[tuple[float, float]]]:
    return str(label), [(span.start, span.end)]
