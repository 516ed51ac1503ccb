"""HTTP archives (HAR 1.2): records as a file that the developer tools of browsers open.

Format: https://github.com/ahmadnassri/har-spec/blob/master/versions/1.2.md
"""

import json
import os
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from ._record import RequestRecord
from ._recorder import Recorder

_NOT_APPLICABLE = -1


def har(source: Recorder | Iterable[RequestRecord]) -> dict[str, Any]:
    """Return an HTTP archive (HAR 1.2) of the requests of a recorder, or of some records, as data for `json.dump()`.

    Requests in progress are left out. Secrets are hidden, as in the records themselves: the values of headers such as
    `Authorization`, `Cookie` and `Set-Cookie`, credentials in URLs, and query parameters with telling names. There are
    no bodies.

    Times are in milliseconds, by the rules of HAR: `connect` contains `ssl`, -1 means that a phase did not take place,
    and `time` is the sum of the others. Time that no phase explains is a part of `blocked`; `_unexplained` has it
    alone. A request without a response has the status 0. `_error` of its response says why, also if only the end of
    the response is missing.
    """
    from . import __version__  # here, since the package imports this module

    records = source.requests if isinstance(source, Recorder) else source
    ended = sorted((record for record in records if record.ended is not None), key=lambda record: record.started_at)
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "httpcore-trace", "version": __version__},
            "pages": [],
            "entries": [_entry(record) for record in ended],
        }
    }


def write_har(source: Recorder | Iterable[RequestRecord], path: str | os.PathLike[str]) -> None:
    """Write an HTTP archive to a file, whose name ends in `.har` by custom. See `har()`.

    Raises `OSError` if the file cannot be written.
    """
    # JSON in ASCII is UTF-8, which the format asks for, whatever characters a server has sent.
    Path(path).write_text(json.dumps(har(source), indent=1) + "\n", encoding="ascii")


def _entry(record: RequestRecord) -> dict[str, Any]:
    timings = _timings(record)
    parts = ("blocked", "dns", "connect", "send", "wait", "receive")
    entry = {
        "startedDateTime": record.started_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "time": round(sum(timings[part] for part in parts if timings[part] != _NOT_APPLICABLE), 3),
        "request": _request(record),
        "response": _response(record),
        "cache": {},
        "timings": timings,
        "_resourceType": "fetch",  # without it, Chromium takes every text for a script
        **_connection(record),
    }
    if record.reused is not None:
        entry["_reused"] = record.reused
    return entry


def _timings(record: RequestRecord) -> dict[str, float]:
    phases = record.phases()
    unexplained = max(phases.unexplained, 0.0)
    # The archive has no place for time without a name. Most of it is spent before the request is sent.
    blocked = phases.blocked if unexplained == 0 else max(phases.blocked, 0.0) + unexplained
    connect = phases.connect if phases.ssl == _NOT_APPLICABLE else max(phases.connect, 0.0) + phases.ssl
    seconds = {
        "blocked": blocked,
        "dns": phases.dns,
        "connect": connect,
        "ssl": phases.ssl,
        # They are not optional.
        "send": max(phases.send, 0.0),
        "wait": max(phases.wait, 0.0),
        "receive": max(phases.receive, 0.0),
        "_unexplained": unexplained,
    }
    return {
        name: _NOT_APPLICABLE if value == _NOT_APPLICABLE else round(value * 1e3, 3) for name, value in seconds.items()
    }


def _connection(record: RequestRecord) -> dict[str, Any]:
    connection = record.connection
    if connection is None:
        return {}
    found: dict[str, Any] = {
        "connection": str(connection.id),
        "_connectionId": str(connection.id),
    }  # the other one is Chromium's
    if isinstance(connection.peer_address, tuple):  # otherwise it is a Unix socket, or not known
        found["serverIPAddress"] = connection.peer_address[0]
    if connection.proxies:
        found["_proxies"] = list(connection.proxies)
    return found


def _request(record: RequestRecord) -> dict[str, Any]:
    return {
        "method": record.method,
        "url": record.url.partition("#")[0],
        "httpVersion": record.http_version or "",
        "cookies": [],  # secrets
        "headers": _headers(record.request_headers),
        "queryString": _parameters(record.url),
        **_sizes(record, "request.sent"),
    }


def _response(record: RequestRecord) -> dict[str, Any]:
    sizes = _sizes(record, "response.received")
    response = {
        "status": record.status or 0,
        "statusText": _reason(record),
        "httpVersion": record.http_version or "",
        "cookies": [],  # secrets
        "headers": _headers(record.response_headers),
        "content": {
            "size": max(sizes["bodySize"], 0),
            "mimeType": _header(record, b"content-type") or "x-unknown",  # as browsers say
        },
        "redirectURL": _header(record, b"location"),
        **sizes,
    }
    if sizes["bodySize"] != -1:
        response["_transferSize"] = sizes["headersSize"] + sizes["bodySize"]  # what Chromium shows as the size
    if record.error is not None or record.cancelled:
        response["_error"] = "cancelled" if record.cancelled else " ".join(str(record.error).split())
    return response


def _reason(record: RequestRecord) -> str:
    if record.reason is not None:
        return record.reason.decode("latin-1")
    try:
        return HTTPStatus(record.status or 0).phrase
    except ValueError:  # no response, or a status that nobody has registered
        return ""


def _sizes(record: RequestRecord, event: str) -> dict[str, int]:
    """Return the sizes of head and body, -1 if they are not known. Of a request that was sent again, the last ones."""
    for _, name, info in reversed(record.events):
        if name == event:
            return {"headersSize": info["header_bytes"], "bodySize": info["body_bytes"]}
    return {"headersSize": -1, "bodySize": -1}


def _headers(headers: list[tuple[bytes, bytes]]) -> list[dict[str, str]]:
    return [{"name": name.decode("latin-1"), "value": value.decode("latin-1")} for name, value in headers]


def _header(record: RequestRecord, name: bytes) -> str:
    for found, value in record.response_headers:
        if found.lower() == name:
            return value.decode("latin-1")
    return ""


def _parameters(url: str) -> list[dict[str, str]]:
    """Return the query, decoded as that of a form, in its order."""
    try:
        query = urlsplit(url).query
    except ValueError:  # no URL, as of a request that failed for that
        return []
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [{"name": unquote_plus(name), "value": unquote_plus(value)} for name, _, value in pairs]
