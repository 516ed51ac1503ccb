"""Aliases of options: private names of httpcore 1.0 that published programs read, assign or patch."""

import dataclasses
from collections.abc import Callable
from typing import Any

from httpcore_models.lowlevel import AttributeAlias


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


class NonDataProperty:
    """A non-data descriptor: computes an attribute, as `property` does, unless the instance has a value of its own.

    `mock.patch.object()` assigns such a value, and deletes it at the end.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else self._function(instance)
