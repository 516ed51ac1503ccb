# Generated from ../_httpx/_sync/__init__.py by tools/make_httpx2.py: edit that file, then run it.
"""The twin of `../_async` for threads."""
