"""What the package says if h2 is not installed."""

from pathlib import Path
from typing import Any

import pytest
from httpcore_h2 import _missing


@pytest.mark.parametrize(
    ("package", "hint"),
    [
        ("httpcore_h2", r"Use 'pip install httpcore\[http2\]'\."),
        ("pkg._vendor.httpcore_h2", r"pkg\._vendor\.httpcore_h2 needs the package h2\."),
    ],
)
def test_a_vendored_copy_has_no_extra(package: str, hint: str) -> None:
    module: dict[str, Any] = {"__name__": f"{package}._missing", "__package__": package}
    exec(Path(_missing.__file__).read_text(encoding="utf-8"), module)
    with pytest.raises(RuntimeError, match=f"the `h2` package is not installed. {hint}$"):
        module["STAND_INS"]["HTTP2Connection"]()
