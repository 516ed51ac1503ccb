"""The list of intended differences from 1.0.9. Each entry has a reason and a function that recognises the difference.

`sentence` is a sentence of `docs/explanation/differences.md`, word for word. An entry that matches no scenario fails
the test.
"""

from __future__ import annotations

from ..outcomes import Difference
from . import connections, http2, messages, proxies
from .entries import Entry

__all__ = ["ENTRIES", "Entry", "explanation"]

ENTRIES = [entry for subject in (proxies, connections, messages, http2) for entry in subject.LIST.entries]


def explanation(difference: Difference) -> Entry | None:
    """Return the first entry that explains a difference."""
    candidates = [entry for entry in ENTRIES if entry.times or not difference.of_time_alone]
    return next((entry for entry in candidates if entry.matches(difference)), None)
