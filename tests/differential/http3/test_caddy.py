"""A real server answers over HTTP/3 as over HTTP/2."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("qh3")

from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates

from ..environment import our_runner
from ..outcomes import Outcome
from ..play import LIMIT, Runner
from ..scenarios import LAYERS, WORLDS, Scenario
from .differences import explanation
from .normal import normal
from .outcomes import differences

CALLERS = (
    "get four times",
    "head",
    "post large",
    "post parts",
    "put parts again",
    "post too long",
    "own fields",
    "many on four",
    "half read",
    "options and delete",
    "expecting post",
    "large fields",
    "recorded",
    "odd targets",
)
# The limits are for a machine with other work; none of these callers is to reach one.
PATIENCE = 20 * LIMIT


@pytest.fixture
def runner() -> Iterator[Runner]:
    runner = our_runner()
    yield runner
    runner.close()


def _without(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return steps without the fields that tell the time and the port of the client, and the offer of HTTP/3.

    Caddy sends fields in any order, and the length of no response to HEAD over HTTP/2.
    """
    for step in steps:
        if "headers" in step:
            left_out = ["date", "alt-svc", "x-remote-port", *(["content-length"] if "HEAD" in step["step"] else [])]
            step["headers"] = sorted(field for field in step["headers"] if field[0].lower() not in left_out)
    return steps


@pytest.mark.timeout(300)
def test_the_same_answers(runner: Runner, caddy_http3: CaddyServer, certificates: Certificates) -> None:
    def outcome(scenario: Scenario, http3: bool) -> Outcome:
        answer = runner.play(
            scenario.case(
                port=caddy_http3.https_port,
                authority=str(certificates.authority_pem),
                limit=PATIENCE,
                large=1_000_000,
                alone=False,
                http3=http3,
                detail=True,
            )
        )
        return Outcome(_without(normal(answer["steps"])), [], answer["noise"], bool(answer.get("hang")))

    def wrong(scenario: Scenario) -> list[str]:
        http2, http3 = outcome(scenario, False), outcome(scenario, True)
        assert not http2.hang
        found = differences(scenario, http2, http3)
        # The scenarios share a port: whose socket or warning something is cannot be told.
        own = [each for each in found if each.step not in ("noise", "sockets")]
        return [f"{scenario}: {each}" for each in own if explanation(each) is None]

    scenarios = [
        Scenario("caddy", caller, world, True, True, layer=LAYERS[index % 2])
        for index, caller in enumerate(CALLERS)
        for world in WORLDS
    ]
    with ThreadPoolExecutor(4) as executor:
        found = [text for texts in executor.map(wrong, scenarios) for text in texts]
    assert not found, "\n".join(found)
