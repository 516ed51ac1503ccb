"""Every fault that was found has a test, or a reason why it has none."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
ROW = r"^\| ([STPN]\d+) \|.*\| ([^|]+) \|$"


def test_each_fault_has_a_test_or_a_reason() -> None:
    rows = dict(re.findall(ROW, (FOLDER / "FAULTS.md").read_text(), flags=re.MULTILINE))
    marked = {
        row
        for path in FOLDER.rglob("test_*.py")
        for arguments in re.findall(r"mark\.fault\(([^)]*)\)", path.read_text())
        for row in re.findall(r'"(\w+)"', arguments)
    }
    assert len(rows) == 84
    assert marked == {row for row, state in rows.items() if state == "yes"}
