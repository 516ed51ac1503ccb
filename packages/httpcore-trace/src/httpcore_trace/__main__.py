"""The command `httpcore-trace`, also `python -m httpcore_trace`."""

import sys

from ._cli.command import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
