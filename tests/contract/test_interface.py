"""Names, surface and signatures of the package, compared with interface.json."""

from __future__ import annotations

import inspect
import json
import re
import ssl
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpcore
import pytest

from .describe import hide_addresses, qualified_name
from .measured import expected, load

FACTS = load("interface.json")
SPECIAL_METHODS = ("__enter__", "__exit__", "__aenter__", "__aexit__", "__eq__", "__hash__", "__str__", "__bytes__")
WARNINGS_ON_IMPORT = """
import json, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import httpcore
print(json.dumps([str(warning.message) for warning in caught]))
"""


@pytest.mark.parametrize("entry", FACTS["names"])
def test_name_exists_as_measured(entry: str) -> None:
    where, name = entry.split(": ")
    found = name in httpcore.__all__ if where == "in __all__" else hasattr(httpcore, name)
    assert found == expected("interface.json", entry, FACTS["names"][entry])


@pytest.mark.parametrize("entry", FACTS["surface"])
def test_surface(entry: str) -> None:
    fact = expected("interface.json", entry, FACTS["surface"][entry])
    if entry == "default_ssl_context()":  # these depend on the OpenSSL in use and on how Python was built
        context = ssl.create_default_context()
        fact = {**fact, "options": int(context.options), "minimum_version": context.minimum_version.name}
    assert surface(entry) == fact


@pytest.mark.parametrize("entry", FACTS["signatures"])
def test_signature(entry: str) -> None:
    name, _, member = entry.partition(".")
    found = describe_member(getattr(httpcore, name), member) if member else parameters(getattr(httpcore, name))
    assert found == expected("interface.json", entry, FACTS["signatures"][entry])


def surface(entry: str) -> Any:
    if entry in PACKAGE:
        return PACKAGE[entry]()
    name, question = re.fullmatch(r"(\w+?)(?:\.| )(\S.*)", entry).groups()  # type: ignore[union-attr]
    return OBJECT[question](getattr(httpcore, name))


def warnings_on_import() -> Any:
    run = subprocess.run([sys.executable, "-c", WARNINGS_ON_IMPORT], capture_output=True, check=True, text=True)
    return json.loads(run.stdout)


def public_names() -> list[str]:
    return [name for name in dir(httpcore) if not name.startswith("_")]


def default_ssl_context() -> dict[str, Any]:
    context = httpcore.default_ssl_context()
    return {
        "type": type(context).__name__,
        "verify_mode": context.verify_mode.name,
        "check_hostname": context.check_hostname,
        "options": int(context.options),
        "minimum_version": context.minimum_version.name,
        "certificates": bool(context.get_ca_certs()),
        "fresh": context is not httpcore.default_ssl_context(),
    }


PACKAGE: dict[str, Callable[[], Any]] = {
    "warnings on import": warnings_on_import,
    "__all__ has no doubles": lambda: len(set(httpcore.__all__)) == len(httpcore.__all__),
    "public names in dir()": public_names,
    "__version__ is a str": lambda: isinstance(httpcore.__version__, str),
    "py.typed": lambda: Path(inspect.getfile(httpcore)).with_name("py.typed").is_file(),
    "SOCKET_OPTION": lambda: repr(httpcore.SOCKET_OPTION),
    "default_ssl_context()": default_ssl_context,
}


def special_methods(cls: type) -> list[str]:
    own = [name for name in SPECIAL_METHODS if getattr(cls, name, None) is not getattr(object, name, None)]
    return [f"{name} = None" if getattr(cls, name) is None else name for name in own]


def members(cls: type) -> list[str]:
    """Public members of a class. A slot is how an instance attribute is stored, so it does not count."""
    found = {name: inspect.getattr_static(cls, name) for name in dir(cls) if not name.startswith("_")}
    return [name for name, member in found.items() if not isinstance(member, types.MemberDescriptorType)]


OBJECT: dict[str, Callable[[Any], Any]] = {
    "__module__": lambda thing: thing.__module__,
    "__name__": lambda thing: [thing.__name__, thing.__qualname__] if inspect.isclass(thing) else thing.__name__,
    "MRO": lambda cls: [qualified_name(base) for base in cls.__mro__],
    "public bases": lambda cls: [qualified_name(base) for base in cls.__mro__ if base.__name__ in httpcore.__all__],
    "special methods": special_methods,
    "members": members,
    "coroutine": inspect.iscoroutinefunction,
}


def parameters(function: Callable[..., Any]) -> list[list[str]]:
    return [[p.name, p.kind.name, default(p) or "required"] for p in inspect.signature(function).parameters.values()]


def default(parameter: inspect.Parameter) -> str:
    return "" if parameter.default is parameter.empty else f"={hide_addresses(repr(parameter.default))}"


def describe_member(cls: type, name: str) -> object:
    """A method as "async method (host, kw port=None)", anything else as its kind and value."""
    member = inspect.getattr_static(cls, name)
    if isinstance(member, property):
        return {"kind": "property", "settable": member.fset is not None}
    if not callable(member):
        value = repr(member)
        return {"kind": "data", "value": qualified_name(type(member)) if " object at 0x" in value else value}
    colour = "async " * inspect.iscoroutinefunction(member) + "async-generator " * inspect.isasyncgenfunction(member)
    _self, *rest = inspect.signature(member).parameters.values()
    told = ["kw " * (p.kind is p.KEYWORD_ONLY) + p.name + default(p) for p in rest]
    return f"{colour}method ({', '.join(told)})"
