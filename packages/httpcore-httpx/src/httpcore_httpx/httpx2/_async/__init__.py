# Generated from ../_httpx/_async/__init__.py by tools/make_httpx2.py: edit that file, then run it.
"""Async code. `tools/make_sync.py` generates `../_sync` from it."""
