"""Plays scenarios over both protocols: `python -m tests.differential.http3 "h2 ok/get/trio/tls/h2"`."""

from __future__ import annotations

import sys

from httpcore_test_support.certificates import issue_certificates

from ..environment import our_runner
from ..scenarios import Scenario
from .play import HTTP3Net


def main() -> None:
    with issue_certificates() as certificates:
        runner = our_runner()
        net = HTTP3Net(runner, runner, certificates)
        for text in sys.argv[1:]:
            scenario = Scenario.parse(text)
            for name, outcome in zip(("HTTP/2", "HTTP/3"), net.outcomes(scenario), strict=True):
                print(f"-- {scenario} over {name}", "(hangs)" if outcome.hang else "")
                for step in outcome.steps:
                    print("  ", step)
                for seen in outcome.peer:
                    print("   peer", seen)
                for line in outcome.noise:
                    print("   noise", line)
            for text in net.result(scenario).wrong:
                print("DIFFERENCE", text)
        net.close()


if __name__ == "__main__":
    main()
