"""Plays scenarios on any release of httpcore."""
