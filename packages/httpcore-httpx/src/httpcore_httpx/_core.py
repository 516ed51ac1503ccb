"""httpcore itself, also where `import httpcore` gives another package.

`httpx2.alias_httpx()` makes `import httpcore` mean httpcore2, for the whole process. The transports need httpcore, and
then load it under a name of their own.
"""

import importlib.util
import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

_OTHER_NAME = f"{__package__}._aliased_httpcore"


def _load() -> ModuleType:
    import httpcore

    if httpcore.__name__ == "httpcore":
        return httpcore
    found = PathFinder.find_spec("httpcore")  # asks none of the finders that give other modules
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'httpcore'", name="httpcore")
    spec = importlib.util.spec_from_file_location(_OTHER_NAME, found.origin)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[_OTHER_NAME] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[_OTHER_NAME]
        raise
    return module


if TYPE_CHECKING:
    import httpcore as httpcore
else:
    httpcore = sys.modules.get(_OTHER_NAME) or _load()
