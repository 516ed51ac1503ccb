"""Hypothesis profiles: the default one for every run, a long one for `hatch run soak`."""

from hypothesis import settings

settings.register_profile("default", deadline=None, print_blob=True, max_examples=80)
settings.register_profile("soak", deadline=None, print_blob=True, max_examples=1_000)
settings.load_profile("default")
