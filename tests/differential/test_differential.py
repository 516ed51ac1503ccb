"""Scenarios end as on httpcore 1.0.9, or differ as the list says."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpcore_test_support.certificates import Certificates

from .chosen import BY_ROW, EXPECTED
from .differences import ENTRIES
from .environment import green_folder, original_runner, our_runner
from .expected import scenario_of
from .play import Net
from .selection import fixed

LUCK = {entry.name for entry in ENTRIES if entry.luck}
# CPython 3.14 may leave a lock locked: https://github.com/python/cpython/issues/148874
LEFT_OUT = {scenario_of("ok/interrupted many times")} if sys.version_info[:2] == (3, 14) else set()
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "differences.md"


@pytest.fixture
def net(certificates: Certificates) -> Iterator[Net]:
    net = Net(original_runner(), our_runner(), certificates)
    yield net
    net.close()


@pytest.mark.timeout(900)
def test_scenarios(net: Net) -> None:
    original, ours = net.releases()
    assert original == "1.0.9"
    assert ours != original
    results = net.play(each for each in fixed() if each not in LEFT_OUT and (each.world != "gevent" or green_folder()))
    wrong = [f"{result.scenario}: {text}" for result in results for text in result.wrong]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(results)} scenarios", *wrong])
    missing: list[str] = []
    by_text = {str(result.scenario): {entry.name for entry in result.explanations} for result in results}
    for row, scenarios in BY_ROW.items():
        meant = {entry.name for entry in ENTRIES if row in entry.row.split()}
        if any(each in EXPECTED for each in scenarios):
            continue
        found = set().union(*(by_text[str(each)] for each in scenarios))
        if meant and not meant & found:  # a busy machine may have kept both releases from their ends
            found = {entry.name for each in scenarios for entry in net.result(each).explanations}
        if meant and not meant & found:
            missing.append(f"{row}: none of these differs from 1.0.9 as the list says: {[*map(str, scenarios)]}")
    assert not missing, "\n".join(missing)
    used = {entry.name for result in results for entry in result.explanations}
    assert [entry.name for entry in ENTRIES if entry.name not in used | LUCK] == [], "entries of the list match nothing"


def test_the_page_has_the_sentences_of_the_list() -> None:
    section = PAGE.read_text().partition("## Differences from 1.0.9")[2]
    text = re.sub(r"\s+", " ", section)
    assert [entry.sentence for entry in ENTRIES if entry.sentence is not None and entry.sentence not in text] == []
