"""The backends that guards connect with unless they are told."""

from .._backends.auto import AutoBackend as AutoBackend
from .._backends.sync import SyncBackend as SyncBackend
