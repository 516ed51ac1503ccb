"""Imports on the way of a request, for what `import httpcore` does not load since few programs need it."""

from ._fork_locks import ForkLock

#: Held by whoever imports something while it sends a request. A fork waits for that: in the child, a module that
#: another thread has imported halfway would stay locked for ever.
importing: ForkLock = ForkLock()
