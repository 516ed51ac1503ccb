"""Aliases of attributes: private names of httpcore 1.0 that published programs read or assign."""

import dataclasses
import operator
from typing import Any


class AttributeAlias:
    """Another name for the attribute at `path`, a dotted path that begins at the object itself."""

    def __init__(self, path: str) -> None:
        self._get = operator.attrgetter(path)
        self._holder, _, self._name = path.rpartition(".")

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else self._get(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        setattr(self._holder_of(instance), self._name, value)

    def __delete__(self, instance: Any) -> None:
        # `mock.patch.object()` deletes what it has set, and assigns the former value if the attribute is gone then.
        delattr(self._holder_of(instance), self._name)

    def _holder_of(self, instance: Any) -> Any:
        return operator.attrgetter(self._holder)(instance) if self._holder else instance


class OptionAlias(AttributeAlias):
    """Another name for an option: the attribute `_name` of an object for `name` in its `_options`."""

    def __init__(self) -> None:
        """Wait for `__set_name__()`."""

    def __set_name__(self, owner: type, name: str) -> None:
        super().__init__(f"_options.{name.removeprefix('_')}")

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        try:
            # Not by `getattr()`: the class of the options has their default values.
            return vars(self._holder_of(instance))[self._name]
        except KeyError:
            raise AttributeError(f"The option {self._name!r} was deleted") from None

    def __set__(self, instance: Any, value: Any) -> None:
        # What a subclass assigns before the options exist has no effect: in 1.0 the constructor overwrote it.
        options = getattr(instance, self._holder, None)
        if options is not None:
            setattr(instance, self._holder, dataclasses.replace(options, **{self._name: value}))

    def __delete__(self, instance: Any) -> None:
        options = dataclasses.replace(self._holder_of(instance))  # others may use the present ones
        vars(options).pop(self._name)
        setattr(instance, self._holder, options)
