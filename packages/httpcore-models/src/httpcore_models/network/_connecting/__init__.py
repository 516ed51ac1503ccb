"""Connecting a socket: addresses, name resolution, and the race between addresses (happy eyeballs)."""
