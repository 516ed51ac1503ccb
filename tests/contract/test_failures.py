"""Failures on real sockets raise the same classes, with at least the texts and causes of 1.0.9."""

from __future__ import annotations

import builtins
import re
import socket
import ssl
import sys

import pytest

pytest.importorskip("trustme")
pytest.importorskip("uvloop")

from .failure_deviations import FAILURE_DEVIATIONS, MISSING_CAUSES
from .failure_players import BACKENDS, Chain, call, play
from .failure_scenes import SHORT, scenes
from .measured import load
from .wrong_calls import wrong_calls

FACTS: dict[str, dict[str, Chain]] = load("failures.json")
# uvloop asks a resolver of its own, which a scene cannot replace.
UNPLAYABLE = {("connect refused, two addresses", "uvloop")}
PLAYED = [
    (name, backend)
    for name in FACTS
    for backend in BACKENDS
    if backend in FACTS[name] and (name, backend) not in UNPLAYABLE
]

# What Python and OpenSSL say in other words in some of their releases; the facts are those of Python 3.11.
WORDING = re.compile(r"\[SSL: (?!CERTIFICATE_VERIFY_FAILED)|'idna' codec|values to unpack|is not yet valid")

# For those that look at the causes of errors: those of other libraries are theirs.
CAUSES: dict[str, type[BaseException]] = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module, names in (
        (builtins, ("OSError", "TimeoutError", "ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError")),
        (socket, ("gaierror",)),
        (ssl, ("SSLError", "SSLCertVerificationError", "SSLEOFError")),
    )
    for name in names
}


def test_every_failure_was_measured() -> None:
    assert FACTS.keys() == {*scenes(), *(f"call: {name}" for name in wrong_calls())}


def test_every_deviation_names_a_fact() -> None:
    assert {*FAILURE_DEVIATIONS, *MISSING_CAUSES} <= FACTS.keys()


@pytest.mark.upgrade("2.1", "2.2", "2.3", "2.4", "5.2")
@pytest.mark.parametrize(("name", "backend"), PLAYED)
def test_failure_is_as_measured(name: str, backend: str) -> None:
    if name.startswith("call: "):
        check(name, backend, call(name.removeprefix("call: ")))
        return
    try:
        check(name, backend, play(name, backend))
    except AssertionError:
        # On a slow machine, another step than the one that is to time out may take longer than a short limit.
        if SHORT not in scenes()[name].limits.values():
            raise
        check(name, backend, play(name, backend, short=5.0))


def check(name: str, backend: str, seen: Chain) -> None:
    fact = FACTS[name][backend]
    if not fact and not seen:
        return
    (_, kind, text), *causes = fact or [["", "", ""]]
    departure = FAILURE_DEVIATIONS.get(name)
    if departure is not None:
        kind, text = departure.kind, text if departure.text is None else departure.text
    assert seen, f"{kind} is not raised"
    assert seen[0][1] == kind
    if sys.version_info[:2] == (3, 11) or not WORDING.search(text):
        # Some texts begin with a position in the source of Python.
        assert re.sub(r"^_ssl\.c:N: ", "", text) in seen[0][2]
    if departure is None and name not in MISSING_CAUSES:
        assert not missing([cause for _, cause, _ in causes], [cause for _, cause, _ in seen[1:]])


def missing(causes: list[str], found: list[str]) -> list[str]:
    """The causes that match neither the class of a found one nor a base class of it."""
    kinds = [CAUSES[cause] for cause in found if cause in CAUSES]
    return [cause for cause in causes if cause in CAUSES and not any(issubclass(kind, CAUSES[cause]) for kind in kinds)]
