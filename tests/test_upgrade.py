"""What published programs rely on has a test, or a reason why it has none."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
ROW = r"^\| (\d\.\d+) \|.*\| ([^|]+) \|$"


def test_each_row_has_a_test_or_a_reason() -> None:
    rows = dict(re.findall(ROW, (FOLDER / "UPGRADE.md").read_text(), flags=re.MULTILINE))
    marked = {
        row
        for path in FOLDER.rglob("*.py")
        for arguments in re.findall(r"mark\.upgrade\(([^)]*)\)", path.read_text())
        for row in re.findall(r'"([\d.]+)"', arguments)
    }
    assert len(rows) == 31
    assert marked == {row for row, state in rows.items() if state == "yes"}, "mend the last column of UPGRADE.md"
