# Generated from ../_async/__init__.py by tools/make_sync.py: edit that file, then run it.
"""The twin of `../_async` for threads."""
