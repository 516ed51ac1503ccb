"""Guards: backends that connect only where a rule allows it.

* `rules`: what a rule decides on, and a ready rule.
* `defaults`: what guards connect with unless they are told.
* `_async`, `_sync`: the backends.
"""

from ._async.guarded import AsyncGuardedBackend as AsyncGuardedBackend
from ._sync.guarded import GuardedBackend as GuardedBackend
from .rules import Destination as Destination
from .rules import only_global_addresses as only_global_addresses
