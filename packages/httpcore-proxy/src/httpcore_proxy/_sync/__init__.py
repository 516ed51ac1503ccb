# Generated from ../_async/__init__.py by tools/make_sync.py: edit that file, then run it.
"""Shells in async form; the sync twin beside this folder is generated from it."""
