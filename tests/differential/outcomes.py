"""The outcome of a scenario, and how two outcomes differ."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .peers.frames import BAD_BLOCK, summary
from .peers.wire import Conn
from .runner.callers import SIDE_BY_SIDE
from .scenarios import Scenario

__all__ = ["Difference", "Outcome", "answers_side_by_side", "compare", "faults", "seen_by_peer"]

# Whether a request was in flight when they ended depends on timing.
SPEAK_FIRST_AND_END = ("closes at once", "resets at once", "h2 closes at once")
_NOT_COMPARED = ("text", "taken", "hang")  # for the reader
# What the caller's own code raises.
_OF_THE_CALLER = ("builtins.ZeroDivisionError",)


@dataclass
class Outcome:
    """What the caller saw, step by step; what reached the peer, by connection; warnings and unraisable errors."""

    steps: list[dict[str, Any]]
    peer: list[dict[str, Any]]
    noise: list[str]
    hang: bool = False


@dataclass(frozen=True)
class Difference:
    """Where the outcomes of a scenario differ.

    That is a step of the caller, or else what the peer saw (`step` is "peer"); beside them, the kinds of complaints
    ("noise"). Behind the first step that differs the pools are in different states: what failed on ours alone is a
    difference there, and nothing else.
    """

    scenario: Scenario
    step: str
    original: Any
    ours: Any

    @property
    def of_time_alone(self) -> bool:
        """Whether a step only took a different time than on 1.0.9."""
        if not isinstance(self.original, dict) or not isinstance(self.ours, dict):
            return False
        theirs, mine = ({**_compared(step), "time": ""} for step in (self.original, self.ours))
        return theirs == mine and "hang" not in (self.original.get("time"), self.ours.get("time"))

    def __str__(self) -> str:
        return f"{self.scenario}: {self.step}: 1.0.9 {self.original!r}, ours {self.ours!r}"


def seen_by_peer(conn: Conn, port: int, scenario: Scenario) -> dict[str, Any]:
    """Return what a client sent on a connection, without what differs from run to run."""
    http2 = scenario.http2
    sent: list[Any] = _frames(bytes(conn.received)) if http2 else _requests(bytes(conn.received))
    if not scenario.peer.endswith("then reads") and (
        scenario.peer.removeprefix("h2 ").startswith(("early", "stops", "resets", "closes", "cut", "goaway", "rst"))
        or scenario.caller.startswith(("cancelled", "interrupted", "post interrupted", "pool closed"))
    ):
        sent = [[each[0], "some", *each[2:]] if isinstance(each, list) and each[1] else each for each in sent]
    preludes = [part.decode("latin-1").replace(str(port), "PORT") for part in conn.preludes]
    seen = {"preludes": preludes, "sent": sent}
    if conn.in_clear:
        seen["sent"].append("bytes of an upload in clear")
    text = repr(seen)
    return seen if str(port) not in text else _without_port(seen, str(port))


def _without_port(value: Any, port: str) -> Any:
    if isinstance(value, dict):
        return {key: _without_port(item, port) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_port(item, port) for item in value]
    return value.replace(port, "PORT") if isinstance(value, str) else value


def _requests(data: bytes) -> list[Any]:
    """Return the HTTP/1.1 requests; a truncated body is marked as such."""
    found: list[Any] = []
    if data.startswith(b"\x16\x03"):
        return ["the beginning of TLS"]
    while data:
        head, mark, rest = data.partition(b"\r\n\r\n")
        if not mark or not re.match(rb"[A-Z]+ [^ \r\n]+ HTTP/1\.1\r\n", head + b"\r\n"):
            found.append(["odd bytes", data[:40].decode("latin-1")])
            break
        body, data = _body(head.lower(), rest)
        found.append([head.decode("latin-1").split("\r\n"), body])
    return found


def _body(head: bytes, rest: bytes) -> tuple[str, bytes]:
    chunked = re.search(rb"\r\ntransfer-encoding: *chunked", head)
    length = re.search(rb"\r\ncontent-length: *(\d+)", head)
    if chunked:
        whole = b""
        while match := re.match(rb"([0-9a-f]+)\r\n", rest, re.IGNORECASE):
            size = int(match[1], 16)
            part, rest = rest[match.end() : match.end() + size], rest[match.end() + size :]
            whole += part
            if not rest.startswith(b"\r\n"):
                break
            rest = rest[2:]
            if not size:
                return _digest(whole), rest
        return "cut", b""
    number = int(length[1]) if length else 0
    return (_digest(rest[:number]), rest[number:]) if len(rest) >= number else ("cut", b"")


def _digest(body: bytes) -> str:
    return f"{len(body)} {hashlib.sha256(body).hexdigest()[:12]}" if body else ""


def _frames(data: bytes) -> list[Any]:
    return summary(data)


def compare(scenario: Scenario, original: Outcome, ours: Outcome) -> list[Difference]:
    """Return the differences between the outcomes."""
    found: list[Difference] = []
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = list(
        itertools.zip_longest(map(_shown, original.steps), map(_shown, ours.steps), fillvalue={})
    )
    for index, (theirs, mine) in enumerate(pairs):
        if _compared(theirs) != _compared(mine):
            found.append(Difference(scenario, str(theirs.get("step", mine.get("step"))), theirs, mine))
            found += _failures(scenario, original.steps, ours.steps, index + 1)
            break
    if not found:
        seen = [
            _in_any_order(outcome.peer) if scenario.caller in SIDE_BY_SIDE else outcome.peer
            for outcome in (original, ours)
        ]
        if seen[0] != seen[1] and scenario.peer not in SPEAK_FIRST_AND_END:
            found.append(Difference(scenario, "peer", *seen))
    noise = _kinds(original.noise), _kinds(ours.noise)
    if noise[0] != noise[1]:
        found.append(Difference(scenario, "noise", *noise))
    return found


def _failures(
    scenario: Scenario, original: Sequence[dict[str, Any]], ours: Sequence[dict[str, Any]], index: int
) -> list[Difference]:
    """Return the steps after the first difference that failed on ours but not on 1.0.9."""
    theirs = {_key(original, number): _shown(step) for number, step in enumerate(original)}
    found = []
    for number in range(index, len(ours)):
        mine = _shown(ours[number])
        other = theirs.get(_key(ours, number), {})
        if (mine.get("error") or mine.get("time") == "hang") and not other.get("error") and other.get("time") != "hang":
            found.append(Difference(scenario, mine["step"], other, mine))
    return found


def _key(steps: Sequence[dict[str, Any]], number: int) -> tuple[str, str]:
    """Name a step by the request it belongs to, for the steps of both releases to be matched."""
    name = steps[number]["step"]
    request = next((step["step"] for step in reversed(steps[: number + 1]) if step["step"].partition(" /")[1]), "")
    return request, name


def _in_any_order(peer: list[dict[str, Any]]) -> list[Any]:
    return sorted((request for conn in peer for request in conn["sent"]), key=repr)


def _compared(step: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in step.items() if key not in _NOT_COMPARED}
    if step.get("step") == "at once":  # how long each waits for the others depends on timing
        kept.pop("time", None)
        kept["ends"] = answers_side_by_side(step)
    return kept


def answers_side_by_side(step: dict[str, Any]) -> list[str]:
    """Return how each of the simultaneous requests ended: `200 30 digest`, or an error."""
    ends: list[list[list[Any]]] = step.get("ends", [])  # there is no such step if the caller was given up before
    return sorted(" ".join(str(part).rpartition(".")[2] for one in each for part in one[1:-1]) for each in ends)


def _shown(step: dict[str, Any]) -> dict[str, Any]:
    """Return a step with the name of the library that raised its error left out where there are two."""
    error = step.get("error") or ""
    return {**step, "error": error.split(".")[1]} if error.startswith(("httpcore.", "httpx.")) else step


def faults(ours: Outcome) -> list[str]:
    """Return what must never happen, whatever 1.0.9 does."""
    found = []
    for step in ours.steps:
        error = step.get("error") or "httpcore."
        if step.get("open"):
            found.append(f"{step['open']} sockets are left open")
        if not error.startswith(("httpcore.", "httpx.", "runner.", "cancelled")) and error not in _OF_THE_CALLER:
            found.append(f"{step['step']} raised {error}: {step['text']}")
    if BAD_BLOCK in repr(ours.peer):
        found.append(f"the peer got {BAD_BLOCK}")
    return found + [text for text in ours.noise if not text.startswith("ResourceWarning: ")]


def _kinds(noise: Sequence[str]) -> list[str]:
    """Return the kinds of warnings; their number and texts are not compared."""
    others = [text for text in noise if "Async generator" not in text]  # trio's, about dropped generators
    return sorted({": ".join(text.split(": ")[:2]) if "Warning" not in text else text.split()[0] for text in others})
