"""Any scenario comes out as on httpcore 1.0.9, or differs as THE list says: hypothesis picks, for `hatch run soak`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from httpcore_test_support.certificates import Certificates
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .environment import original_runner
from .peers.http2 import HTTP2
from .play import Net, Runner
from .scenarios import Scenario
from .selection import CALLERS, PEERS, SURROUNDINGS, makes_sense

TOGETHER = 32
SOAKING = settings.get_current_profile_name() == "soak"


@pytest.fixture
def net(certificates: Certificates) -> Iterator[Net]:
    net = Net(original_runner(), Runner(sys.executable), certificates)
    yield net
    net.close()


def _scenario(peer: str, caller: str, around: tuple[str, bool, str, str]) -> Scenario:
    world, tls, route, layer = around
    return Scenario(peer, caller, world, tls, peer in HTTP2, route, layer)


SCENARIOS = st.builds(
    _scenario, st.sampled_from(PEERS), st.sampled_from(CALLERS), st.sampled_from(SURROUNDINGS)
).filter(makes_sense)


@pytest.mark.skipif(not SOAKING, reason="for `hatch run soak`: it takes minutes")
@pytest.mark.timeout(3600)
def test_any_scenarios(net: Net) -> None:
    # Many at a time, as most of their time is spent waiting; the smallest list that fails is what is told.
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
    @given(st.lists(SCENARIOS, min_size=1, max_size=TOGETHER, unique=True))
    def search(scenarios: list[Scenario]) -> None:
        wrong = [f"{result.scenario}: {text}" for result in net.play(scenarios) for text in result.wrong]
        assert not wrong, "\n".join(wrong)

    search()
