"""Every package has the workflow that releases it, and all of these are the same."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = ROOT / ".github" / "workflows"
PACKAGES = sorted(project.parent.name for project in (ROOT / "packages").glob("*/pyproject.toml"))


@pytest.mark.parametrize("name", PACKAGES)
def test_the_tags_of_a_package_release_it(name: str) -> None:
    workflow = (WORKFLOWS / f"release-{name}.yml").read_text()
    assert f'tags: ["{name}-v*"]' in workflow
    assert f"package: {name}\n" in workflow
    assert workflow.replace(name, "httpcore") == (WORKFLOWS / "release-httpcore.yml").read_text()


def test_there_are_no_others() -> None:
    assert {path.name for path in WORKFLOWS.glob("release-*")} == {f"release-{name}.yml" for name in PACKAGES}


@pytest.mark.upgrade("1.3")
@pytest.mark.parametrize("name", PACKAGES)
def test_the_releases_of_python_that_a_package_names_are_those_that_ci_has(name: str) -> None:
    named = re.findall(
        r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / f"packages/{name}/pyproject.toml").read_text()
    )
    (matrix,) = re.findall(r"python: (\[.*\])", (WORKFLOWS / "ci.yml").read_text())
    assert named == json.loads(matrix)
    assert named[-2:] == ["3.14", "3.15"]
