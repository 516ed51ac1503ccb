"""Plays scenarios over HTTP/2 and over HTTP/3. `python -m tests.differential.http3 SCENARIO…` prints the outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..outcomes import Outcome, faults, seen_by_peer
from ..peers import Listener
from ..play import LIMIT, Net, Result
from ..scenarios import Scenario
from ..selection import is_alone
from .differences import explanation
from .listener import QUICListener
from .normal import normal
from .outcomes import differences
from .peers import MORE

__all__ = ["HTTP3Net"]


class HTTP3Net(Net):
    """One runner, and peers of both protocols."""

    def outcomes(self, scenario: Scenario) -> tuple[Outcome, Outcome]:
        """Play a scenario over both, one after the other."""
        return self.over(scenario, http3=False), self.over(scenario, http3=True)

    def over(self, scenario: Scenario, *, http3: bool) -> Outcome:
        """Play a scenario over one of the protocols."""
        listener = QUICListener(scenario, self._certificates) if http3 else Listener(scenario, self._context, MORE)
        try:
            answer = self._runners[1].play(
                scenario.case(
                    port=listener.port,
                    authority=str(self._certificates.authority_pem),
                    limit=LIMIT,
                    large=1_000_000,
                    alone=is_alone(scenario),
                    http3=http3,
                    detail=True,
                )
            )
        finally:
            conns: Sequence[Any] = listener.stop()
        # Without a connection on which nothing was sent: whether one exists by then depends on timing.
        peer = [seen_by_peer(conn, listener.port, scenario) for conn in conns]
        peer = [seen for seen in peer if seen["sent"] not in ([], ["no HTTP/2"])]
        steps = normal(answer["steps"])
        return Outcome(steps, peer, answer["noise"], bool(answer.get("hang")))

    def result(self, scenario: Scenario) -> Result:
        """Play a scenario over both and judge it."""
        http2, http3 = self.outcomes(scenario)
        wrong = [fault for fault in faults(http3) if fault not in faults(http2)]
        explanations = []
        for difference in differences(scenario, http2, http3):
            entry = explanation(difference)
            if entry is None:
                wrong.append(str(difference))
            else:
                explanations.append(entry)
        return Result(scenario, wrong, explanations)
