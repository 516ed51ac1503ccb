"""Noticing that this is a child process, at the cost of a comparison."""

import os


class ForkCount:
    """How many forks lie between this process and the one that imported this module.

    A connection belongs to one process, and remembers the `count` of that.
    """

    count: int = 0

    def increase(self) -> None:
        """Count the fork that has made this process."""
        self.count += 1


#: The only one.
forks: ForkCount = ForkCount()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forks.increase)
