"""Hypothesis profiles: the default one for every run, a long one for `hatch run soak`."""

from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("soak", deadline=None, max_examples=5_000, stateful_step_count=100)
settings.load_profile("default")
