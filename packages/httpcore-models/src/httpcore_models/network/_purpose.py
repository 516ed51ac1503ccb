"""What the connection that is being opened is for. Guards tell their rules.

Diallers say it here, and not to the backend, since a backend of another make may stand between them and a guard.
"""

import contextvars
from typing import Literal

Purpose = Literal["origin", "proxy"]

PURPOSE: contextvars.ContextVar[Purpose] = contextvars.ContextVar("httpcore_purpose", default="origin")
