"""Scenarios end over HTTP/3 as over HTTP/2, or differ as the list says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("qh3")

from httpcore_test_support.certificates import Certificates
from hypothesis import settings

from ..environment import our_runner
from ..scenarios import Scenario
from .differences import ENTRIES
from .play import HTTP3Net
from .selection import chosen, many

LUCK = {entry.name for entry in ENTRIES if entry.luck}
SOAKING = settings.get_current_profile_name() == "soak"


@pytest.fixture
def net(certificates: Certificates) -> Iterator[HTTP3Net]:
    runner = our_runner()
    net = HTTP3Net(runner, runner, certificates)
    yield net
    net.close()


def _play(net: HTTP3Net, scenarios: list[Scenario]) -> set[str]:
    """Play scenarios; return the names of the entries that explain their differences."""
    results = net.play(scenarios)
    wrong = [f"{result.scenario}: {text}" for result in results for text in result.wrong]
    assert not wrong, "\n".join([f"{len(wrong)} differences in {len(results)} scenarios", *wrong])
    return {entry.name for result in results for entry in result.explanations}


@pytest.mark.timeout(600)
def test_scenarios(net: HTTP3Net) -> None:
    used = _play(net, chosen())
    assert [entry.name for entry in ENTRIES if entry.name not in used | LUCK] == [], "entries of the list match nothing"


@pytest.mark.skipif(not SOAKING, reason="for `hatch run soak`: it takes minutes")
@pytest.mark.timeout(3600)
def test_every_pair(net: HTTP3Net) -> None:
    _play(net, many())
