"""The workflows and the metadata of the packages agree with each other, and with the files that they name."""

import itertools
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")

ROOT = Path(__file__).parents[1]
WORKFLOWS = ROOT / ".github" / "workflows"
PACKAGES = sorted(project.parent.name for project in (ROOT / "packages").glob("*/pyproject.toml"))


def project(name: str) -> dict[str, Any]:
    """The metadata of a package."""
    loaded: dict[str, Any] = tomllib.loads((ROOT / "packages" / name / "pyproject.toml").read_text())["project"]
    return loaded


@pytest.mark.parametrize("name", PACKAGES)
def test_tags_of_a_package_release_it(name: str) -> None:
    workflow = (WORKFLOWS / f"release-{name}.yml").read_text()
    assert f'tags: ["{name}-v*"]' in workflow
    assert f"package: {name}\n" in workflow
    assert workflow.replace(name, "httpcore") == (WORKFLOWS / "release-httpcore.yml").read_text()


def test_only_packages_have_release_workflows() -> None:
    assert {path.name for path in WORKFLOWS.glob("release-*")} == {f"release-{name}.yml" for name in PACKAGES}


# `tests/test_hammer.py` is clean there, with 100,000 requests a case.
STABLE = "Programming Language :: Python :: Free Threading :: 3 - Stable"


@pytest.mark.upgrade("1.3")
@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_supports_the_pythons_that_ci_tests(name: str) -> None:
    metadata = project(name)
    named = re.findall(r"Programming Language :: Python :: (3\.\d+)", "\n".join(metadata["classifiers"]))
    (matrix,) = re.findall(r"python: (\[.*\])", (WORKFLOWS / "ci.yml").read_text())
    assert named == json.loads(matrix)
    assert named[-2:] == ["3.14", "3.15"]
    assert metadata["requires-python"] == f">={named[0]}"


def test_packages_support_the_same_systems_and_have_the_same_links() -> None:
    first, *others = ((name, project(name)) for name in PACKAGES)
    for name, metadata in others:
        assert metadata["urls"] == {
            key: url.replace(*pair)
            for key, url in first[1]["urls"].items()
            for pair in [(f"/packages/{first[0]}", f"/packages/{name}")]
        }
        systems = [
            {each for each in data["classifiers"] if each.startswith(("Operating System", "Programming Language"))}
            for data in (first[1], metadata)
        ]
        assert systems[0] - {STABLE} == systems[1] - {STABLE}


def test_packages_that_the_hammer_runs_on_are_stable_without_the_gil() -> None:
    stable = [name for name in PACKAGES if STABLE in project(name)["classifiers"]]
    assert sorted(stable) == ["httpcore", "httpcore-h11", "httpcore-h2", "httpcore-models", "httpcore-proxy"]


def test_links_of_packages_lead_to_files() -> None:
    for name in PACKAGES:
        paths = [url.partition("/main/")[2] for url in project(name)["urls"].values()]
        assert [path for path in paths if not (ROOT / path).exists()] == []


def test_paths_in_workflows_exist() -> None:
    texts = [path.read_text() for path in WORKFLOWS.glob("*.yml")]
    paths = set(
        itertools.chain.from_iterable(re.findall(r"(?<![\w/])(?:tests|packages)/[\w*./-]+", text) for text in texts)
    )
    assert len(paths) > 5
    assert [path for path in paths if not list(ROOT.glob(path))] == []


def test_jobs_that_may_fail_say_that_they_are_not_supported() -> None:
    jobs = re.split(r"^  (?=[\w-]+:$)", (WORKFLOWS / "ci.yml").read_text().partition("jobs:\n")[2], flags=re.MULTILINE)
    assert len(jobs) > 5
    for job in jobs:
        assert ("continue-on-error: true" in job) == ("(not supported)" in job), job


def test_lint_environment_has_the_checkers_of_the_default_one() -> None:
    environments = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["envs"]
    assert set(environments["lint"]["dependencies"]) <= set(environments["default"]["dependencies"])


def test_changelogs_have_one_form() -> None:
    """Keep a Changelog: releases, newest first, with groups of entries."""
    groups = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    for name in PACKAGES:
        text = (ROOT / "packages" / name / "CHANGELOG.md").read_text()
        assert text.startswith(f"# Changelog of {name}\n\n")
        assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= groups
        assert re.findall(r"^## (?!Unreleased$|\d+\.\d+\.\d+ \((?:unreleased|\d{4}-\d\d-\d\d)\)$).*", text, re.M) == []
