"""Async code. `tools/make_sync.py` generates `../_sync` from it."""
