"""How many forks lie between this process and the one that imported this module.

A connection belongs to one process. Comparing this number takes no system call, as `os.getpid()` would. But a fork by C
code, such as that of uWSGI, need not tell Python: what begins or ends a request or a connection asks the system.
"""

import os

count = 0


def _count_fork() -> None:
    global count
    count += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)
