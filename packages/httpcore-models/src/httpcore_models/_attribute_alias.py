"""Aliases of attributes: private names of httpcore 1.0 that published programs read, assign or patch."""

import operator
from typing import Any


class AttributeAlias:
    """Another name for the attribute at `path`, a dotted path that begins at the object itself."""

    def __init__(self, path: str) -> None:
        self._get = operator.attrgetter(path)
        self._holder, _, self._name = path.rpartition(".")

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Return the attribute; on a class, the alias itself."""
        return self if instance is None else self._get(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        """Assign the attribute."""
        setattr(self._holder_of(instance), self._name, value)

    def __delete__(self, instance: Any) -> None:
        """Delete the attribute.

        `mock.patch.object()` deletes what it has set, and assigns the former value if the attribute is gone then.
        """
        delattr(self._holder_of(instance), self._name)

    def _holder_of(self, instance: Any) -> Any:
        return operator.attrgetter(self._holder)(instance) if self._holder else instance
