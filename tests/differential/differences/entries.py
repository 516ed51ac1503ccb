"""An entry of the list, and the questions that entries ask about a difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..outcomes import Difference

__all__ = ["BROKEN", "Entry", "List", "connections", "end", "ends", "repeats", "requests", "same_requests"]

# The errors that report the end of a connection.
BROKEN = ("RemoteProtocolError", "ReadError", "WriteError")


@dataclass(frozen=True)
class Entry:
    """An intended difference, with its rows in DEFECTS.md (numbers) and FAULTS.md, or `-`."""

    name: str
    reason: str
    row: str
    sentence: str | None
    matches: Callable[[Difference], bool]
    luck: bool = False  # depends on timing: it need not match in every run
    times: bool = False  # also explains steps that differ only in how long they took


class List:
    """The entries of one subject."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def means(
        self, row: str, reason: str, sentence: str | None = None, *, luck: bool = False, times: bool = False
    ) -> Callable[[Callable[[Difference], bool]], None]:
        """Add an entry. The decorated function returns whether it explains a difference."""

        def add(matches: Callable[[Difference], bool]) -> None:
            name = matches.__name__.replace("_", " ").strip()
            self.entries.append(Entry(name, reason, row, sentence, matches, luck, times))

        return add


# Steps of the caller.


def end(step: Any) -> str:
    """Return how a step ended: an error, `ok` or `hang`, or `none` if there was no such step."""
    if not isinstance(step, dict):
        return "no step"
    if not step:
        return "none"
    return step.get("error") or ("hang" if step.get("time") == "hang" else "ok")


def ends(difference: Difference, original: str | Iterable[str], ours: str | Iterable[str]) -> bool:
    """Return whether the step ended in one of these ways on each release."""
    theirs, mine = ((each,) if isinstance(each, str) else tuple(each) for each in (original, ours))
    return end(difference.original) in theirs and end(difference.ours) in mine


# What the peer saw: a list of connections, or a list of requests if their order does not matter.


def connections(peer: Any) -> int:
    """Return the number of connections on which requests arrived."""
    return sum(1 for conn in peer if conn["sent"]) if _by_connection(peer) else 0


def _by_connection(peer: Any) -> bool:
    return all(isinstance(conn, dict) for conn in peer)


def _sent(peer: Any) -> Iterator[Any]:
    for conn in peer:
        if isinstance(conn, dict):
            yield from conn["sent"]
        else:
            yield conn


def requests(peer: Any, without: tuple[str, ...] = ()) -> Counter[str]:
    """Count the requests that arrived: head, body, and how their streams were reset.

    `without` names what to leave out: `resets`, the errors that the client reported to the server; `lengths`, the
    Content-Length beside a Transfer-Encoding; or `bodies`, whose ends may not have been sent.
    """
    found: Counter[str] = Counter()
    for each in _sent(peer):
        if isinstance(each, str) or each[0] == "odd bytes" or isinstance(each[0], str):
            if "resets" not in without or not each[0].startswith("GOAWAY"):
                found[str(each)] += 1
            continue
        head, body, *resets = each
        if {"lengths", "bodies"}.intersection(without) and any(
            field.lower() == "transfer-encoding: chunked" for field in head
        ):
            head = [field for field in head if not field.lower().startswith("content-length:")]
        found[repr([head, "" if "bodies" in without else body, [] if "resets" in without else resets])] += 1
    return found


def same_requests(difference: Difference, *without: str) -> bool:
    """Return whether the peer saw the same requests, on any connections."""
    return difference.step == "peer" and requests(difference.original, without) == requests(difference.ours, without)


def repeats(difference: Difference, path: str, least: int, most: int) -> bool:
    """Return whether ours sent the request for `path` from `least` to `most` times, and all others as 1.0.9 did."""
    theirs, mine = (requests(each, ("resets", "bodies")) for each in (difference.original, difference.ours))
    for each in {*theirs, *mine}:
        if theirs[each] != mine[each] and not (path in each and least <= mine[each] <= most):
            return False
    return True
