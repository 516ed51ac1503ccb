"""What the connection that is being opened is for, which guards tell their rules, and where it leads best.

Diallers say it here, and not to the backend, since a backend of another make may stand between them and a guard.
"""

import contextvars
from typing import Literal

Purpose = Literal["origin", "proxy"]

PURPOSE: contextvars.ContextVar[Purpose] = contextvars.ContextVar("httpcore_purpose", default="origin")

#: For datagrams, the IP address of the host that is tried first: that of the last connection over TCP, since nothing
#: tells which of several addresses answers.
PREFERRED_ADDRESS: contextvars.ContextVar[str | None] = contextvars.ContextVar("httpcore_preferred", default=None)
