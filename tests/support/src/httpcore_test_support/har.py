"""What an HTTP archive has to look like: a JSON schema of HAR 1.2, and the rules for its times.

Written after the text of the format (https://github.com/ahmadnassri/har-spec). Fields that the text does not name are
errors here, unless they begin with an underscore.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

__all__ = ["HAR_SCHEMA", "TIMINGS", "check_har"]

TIMINGS = ("blocked", "dns", "connect", "send", "wait", "receive")
"""What adds up to the time of an entry: `ssl` is a part of `connect`."""

jsonschema = pytest.importorskip("jsonschema")  # there is none for PyPy

_EPSILON = 1e-6  # milliseconds

_STRING: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_BOOLEAN: dict[str, Any] = {"type": "boolean"}
_SIZE: dict[str, Any] = {"type": "integer", "minimum": -1}  # bytes, -1 if not known
_TIME: dict[str, Any] = {"type": "number", "minimum": 0}  # milliseconds
_TIME_OR_NOT = {"anyOf": [_TIME, {"const": -1}]}
_DATE = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}


def _object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An object that has no other fields than these, `comment`, and those with an underscore."""
    return {
        "type": "object",
        "required": sorted(required),
        "properties": {**required, **(optional or {}), "comment": _STRING},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def _array(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_PAIR = _object({"name": _STRING, "value": _STRING})
_COOKIE = _object(
    {"name": _STRING, "value": _STRING},
    {"path": _STRING, "domain": _STRING, "expires": _DATE, "httpOnly": _BOOLEAN, "secure": _BOOLEAN},
)
_PARAM = _object({"name": _STRING}, {"value": _STRING, "fileName": _STRING, "contentType": _STRING})
_POST_DATA = {
    # `params` and `text` exclude each other.
    "oneOf": [
        _object({"mimeType": _STRING, "text": _STRING}),
        _object({"mimeType": _STRING, "params": _array(_PARAM)}),
    ]
}
_CONTENT = _object({"size": _SIZE, "mimeType": _STRING}, {"compression": _NUMBER, "text": _STRING, "encoding": _STRING})
_MESSAGE = {
    "httpVersion": _STRING,
    "cookies": _array(_COOKIE),
    "headers": _array(_PAIR),
    "headersSize": _SIZE,
    "bodySize": _SIZE,
}
_REQUEST = _object(
    # Absolute, and without a fragment.
    {
        "method": _STRING,
        "url": {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*://[^#]*$"},
        "queryString": _array(_PAIR),
        **_MESSAGE,
    },
    {"postData": _POST_DATA},
)
_RESPONSE = _object(
    {
        "status": {"type": "integer", "minimum": 0, "maximum": 999},
        "statusText": _STRING,
        "content": _CONTENT,
        "redirectURL": _STRING,
        **_MESSAGE,
    }
)
_CACHED = {
    "anyOf": [
        {"type": "null"},
        _object({"lastAccess": _DATE, "eTag": _STRING, "hitCount": _NUMBER}, {"expires": _DATE}),
    ]
}
_ENTRY = _object(
    {
        "startedDateTime": _DATE,
        "time": _TIME,
        "request": _REQUEST,
        "response": _RESPONSE,
        "cache": _object({}, {"beforeRequest": _CACHED, "afterRequest": _CACHED}),
        "timings": _object(
            {"send": _TIME, "wait": _TIME, "receive": _TIME},
            dict.fromkeys(("blocked", "dns", "connect", "ssl"), _TIME_OR_NOT),
        ),
    },
    {"pageref": _STRING, "serverIPAddress": _STRING, "connection": _STRING},
)
_PROGRAM = _object({"name": _STRING, "version": _STRING})
_PAGE = _object(
    {
        "startedDateTime": _DATE,
        "id": _STRING,
        "title": _STRING,
        "pageTimings": _object({}, {"onContentLoad": _TIME_OR_NOT, "onLoad": _TIME_OR_NOT}),
    }
)

HAR_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        {
            "log": _object(
                {"version": {"const": "1.2"}, "creator": _PROGRAM, "entries": _array(_ENTRY)},
                {"browser": _PROGRAM, "pages": _array(_PAGE)},
            )
        }
    ),
}


def check_har(har: Any) -> Sequence[Mapping[str, Any]]:
    """Return the entries of an archive, once it has passed the schema and the rules that a schema cannot express."""
    jsonschema.validate(har, HAR_SCHEMA, format_checker=jsonschema.FormatChecker())
    entries: Sequence[Mapping[str, Any]] = har["log"]["entries"]
    starts = [entry["startedDateTime"] for entry in entries]
    assert starts == sorted(starts), "the entries are in order of their start"
    for entry in entries:
        timings = entry["timings"]
        total = sum(timings[name] for name in TIMINGS if timings.get(name, -1) != -1)
        assert abs(entry["time"] - total) < _EPSILON, (entry["time"], timings)
        assert timings.get("ssl", -1) <= timings.get("connect", -1) + _EPSILON, timings
    return entries
