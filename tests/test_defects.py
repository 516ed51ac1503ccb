"""Every reported defect has a test, or is known to have none yet."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent


def test_each_defect_has_a_test_or_is_marked_as_untested() -> None:
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", (FOLDER / "DEFECTS.md").read_text(), flags=re.MULTILINE)
    marked = {
        number
        for path in FOLDER.rglob("test_*.py")
        for numbers in re.findall(r"mark\.field\(([\d, ]+)\)", path.read_text())
        for number in numbers.split(", ")
    }
    untested = {number for number, state in rows if state == "not yet"}
    assert len(rows) == 87
    assert untested.isdisjoint(marked), "these have a test now: remove their 'not yet'"
    assert {number for number, _ in rows} == untested | marked
