"""Plays scenarios on both releases and prints the outcomes: `python -m tests.differential never/get/trio/tls …`."""

from __future__ import annotations

import sys

from httpcore_test_support.certificates import issue_certificates

from .environment import original_runner, our_runner
from .outcomes import compare
from .play import Net
from .scenarios import Scenario


def main() -> None:
    with issue_certificates() as certificates:
        net = Net(original_runner(), our_runner(), certificates)
        for text in sys.argv[1:]:
            scenario = Scenario.parse(text)
            original, ours = net.outcomes(scenario)
            for name, outcome in (("1.0.9", original), ("ours", ours)):
                print(f"-- {scenario} on {name}", "(hangs)" if outcome.hang else "")
                for step in outcome.steps:
                    print("  ", step)
                for seen in outcome.peer:
                    print("   peer", seen)
                for line in outcome.noise:
                    print("   noise", line)
            for difference in compare(scenario, original, ours):
                print("DIFFERENCE", difference)
        net.close()


if __name__ == "__main__":
    main()
