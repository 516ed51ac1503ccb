"""Wrong use: the type and the message of the error, whichever way the request is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from typing import Any

import httpcore
import pytest
import trio

from .describe import result_or_failure
from .deviations import ALTERNATIVES
from .measured import expected, load
from .players import Flavour, every_flavour
from .scenes import HTTP, OK, Asynchronous

FACTS = load("errors.json")
NOT_ASCII = "\u263a"

WRONG: dict[str, dict[str, Any]] = {
    "method int": {"method": 1},
    "method None": {"method": None},
    "method unicode": {"method": NOT_ASCII},
    "url int": {"url": 1},
    "url None": {"url": None},
    "url unicode": {"url": HTTP + NOT_ASCII},
    "headers int": {"headers": 1},
    "headers str": {"headers": "abc"},
    "headers set": {"headers": {("a", "b")}},
    "headers of ints": {"headers": {"a": 1}},
    "headers of None": {"headers": {"a": None}},
    "headers int names": {"headers": {1: "a"}},
    "headers unicode": {"headers": {"a": NOT_ASCII}},
    "headers of triples": {"headers": [("a", "b", "c")]},
    "headers of singles": {"headers": [("a",)]},
    "content str": {"content": "abc"},
    "content int": {"content": 1},
    "content dict": {"content": {"a": "b"}},
    "content list of str": {"content": ["a"]},
    "content bytearray": {"content": bytearray(b"abc")},
    "content of the other colour": {},
}


def arguments(way: str, wrong: str, flavour: Flavour) -> dict[str, Any]:
    """Correct arguments, except for one. A body is iterable in the way of the flavour, unless that is what is wrong."""
    given: dict[str, Any] = {"method": "POST", "url": HTTP}
    if way == "handle":  # a Request gets no headers of its own
        given["headers"] = {"Host": "example.com", "Transfer-Encoding": "chunked"}
    changed = dict(WRONG[wrong])
    if wrong == "content of the other colour":
        changed["content"] = Asynchronous([b"a"]) if flavour == "sync" else [b"a"]
    elif flavour != "sync" and isinstance(changed.get("content"), Iterable):
        changed["content"] = Asynchronous(changed["content"])
    return given | changed


def call(way: str, given: dict[str, Any]) -> None:
    with httpcore.ConnectionPool(network_backend=httpcore.MockBackend(list(OK))) as pool:
        if way == "request":
            pool.request(**given)
        elif way == "stream":
            with pool.stream(**given):
                pass
        else:
            pool.handle_request(httpcore.Request(**given))


async def acall(way: str, given: dict[str, Any]) -> None:
    async with httpcore.AsyncConnectionPool(network_backend=httpcore.AsyncMockBackend(list(OK))) as pool:
        if way == "request":
            await pool.request(**given)
        elif way == "stream":
            async with pool.stream(**given):
                pass
        else:
            await pool.handle_async_request(httpcore.Request(**given))


RUN: dict[Flavour, Callable[[str, dict[str, Any]], None]] = {
    "sync": call,
    "asyncio": lambda way, given: asyncio.run(acall(way, given)),
    "trio": lambda way, given: trio.run(acall, way, given),
}


@every_flavour
@pytest.mark.parametrize("entry", FACTS)
def test_errors(entry: str, flavour: Flavour) -> None:
    way, _, wrong = entry.partition(" with ")
    seen = result_or_failure(lambda: RUN[flavour](way, arguments(way, wrong, flavour)))
    assert seen == expected("errors.json", entry, FACTS[entry]) or is_alternative(seen, entry)


def is_alternative(seen: dict[str, str] | None, entry: str) -> bool:
    alternative = ALTERNATIVES.get(("errors.json", entry))
    if alternative is None or seen is None:
        return False
    same_type = seen["raises"] == alternative.value["raises"]
    return same_type and fnmatch(seen["message"].lower(), alternative.value["message"])
