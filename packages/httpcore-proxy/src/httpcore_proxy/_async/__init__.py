"""Shells in async form; the sync twin beside this folder is generated from it."""
