"""The release of one package: what `tools/bump.py` changes and prints."""

import datetime
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECTS = sorted((ROOT / "packages").glob("*/pyproject.toml"))
CHANGELOG = "# Changelog of {name}\n\n## {header}\n\n- Something new.\n\n## 0.9.0 (2020-01-01)\n\nOld.\n"


class Workspace:
    """A copy of the files that a release changes. 1.0.0 is released, and every package has unreleased changes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        for project in PROJECTS:
            name = project.parent.name
            module = f"src/{name.replace('-', '_')}/__init__.py"
            for file in ("pyproject.toml", module):
                self.path(name, file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(project.parent / file, self.path(name, file))
            text = self.path(name, module).read_text()
            self.path(name, module).write_text(re.sub('__version__ = ".*"', '__version__ = "1.0.0"', text))
            project_text = re.sub(r'("httpcore[^">]*)>=[\d.]+,<\d+', r"\1>=1.0,<2", self.path(name).read_text())
            self.path(name).write_text(project_text)
            self.write_changelog(name, "Unreleased")
        (root / "tools").mkdir()
        shutil.copy(ROOT / "tools" / "bump.py", root / "tools")

    def path(self, name: str, file: str = "pyproject.toml") -> Path:
        return self._root / "packages" / name / file

    def write_changelog(self, name: str, header: str) -> None:
        self.path(name, "CHANGELOG.md").write_text(CHANGELOG.format(name=name, header=header))

    def changelog(self, name: str) -> str:
        return self.path(name, "CHANGELOG.md").read_text()

    def version(self, name: str) -> str:
        (version,) = re.findall(
            '^__version__ = "(.*)"$',
            self.path(name, f"src/{name.replace('-', '_')}/__init__.py").read_text(),
            flags=re.MULTILINE,
        )
        return str(version)

    def files(self) -> dict[Path, str]:
        return {path: path.read_text() for path in self._root.rglob("*") if path.is_file()}

    def bump(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", str(self._root / "tools" / "bump.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def bumped(self, *arguments: str) -> list[str]:
        """Prepare a release, which must succeed; return the printed lines."""
        finished = self.bump(*arguments)
        assert (finished.returncode, finished.stderr) == (0, "")
        return finished.stdout.splitlines()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def today() -> str:
    return str(datetime.datetime.now(datetime.timezone.utc).date())


@pytest.mark.parametrize(
    ("level", "version"), [("major", "2.0.0"), ("minor", "1.1.0"), ("patch", "1.0.1"), ("1.7.3", "1.7.3")]
)
def test_version_and_changelog(workspace: Workspace, level: str, version: str) -> None:
    dates = {today()}
    lines = workspace.bumped("httpcore-h2", level)
    dates.add(today())
    assert lines[0] == f"httpcore-h2 1.0.0 -> {version}; after committing: git tag httpcore-h2-v{version}"
    assert workspace.version("httpcore-h2") == version
    expected = {CHANGELOG.format(name="httpcore-h2", header=f"{version} ({date})") for date in dates}
    assert workspace.changelog("httpcore-h2") in expected


def test_a_minor_release_changes_no_other_package(workspace: Workspace) -> None:
    before = workspace.files()
    lines = workspace.bumped("httpcore-models", "minor")
    changed = {path for path, text in workspace.files().items() if before[path] != text}
    own = ("CHANGELOG.md", "src/httpcore_models/__init__.py")
    assert changed == {workspace.path("httpcore-models", file) for file in own}
    assert len(lines) == 1


def test_a_major_release_updates_requirements_that_exclude_it(workspace: Workspace) -> None:
    lines = workspace.bumped("httpcore-proxy", "major")
    text = workspace.path("httpcore").read_text()
    assert '"httpcore-proxy>=2.0,<3",  # 2.0: the first release of its major version' in text
    assert '"httpcore-proxy[socks]>=2.0,<3"' in text
    assert '"httpcore-h11>=1.0,<2"' in text
    assert text.count("2.0,<3") == 2
    assert "- Something new.\n- Needs httpcore-proxy 2.0.0.\n\n## 0.9.0" in workspace.changelog("httpcore")
    assert "afterwards: httpcore, whose requirement of httpcore-proxy excluded 2.0.0 and was updated" in lines
    for name in ("httpcore-h2", "httpcore-models"):
        assert "httpcore-proxy" not in workspace.path(name).read_text()


def test_a_new_requirement_adds_the_missing_section_to_a_changelog(workspace: Workspace) -> None:
    workspace.write_changelog("httpcore-h11", "1.0.0 (2021-01-01)")
    workspace.bumped("httpcore-models", "major")
    head = "# Changelog of httpcore-h11\n\n## Unreleased\n\n- Needs httpcore-models 2.0.0.\n\n## 1.0.0 (2021-01-01)\n\n"
    assert workspace.changelog("httpcore-h11").startswith(head)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("### Changed\n\n- A.\n\n### Fixed\n\n- B.", "### Changed\n\n- A.\n{new}\n\n### Fixed\n\n- B."),
        ("### Added\n\n- A.\n\n### Changed\n\n- B.", "### Added\n\n- A.\n\n### Changed\n\n- B.\n{new}"),
        ("### Fixed\n\n- A.", "### Fixed\n\n- A.\n\n### Changed\n\n{new}"),
    ],
    ids=["first", "last", "missing"],
)
def test_a_new_requirement_is_listed_as_a_change(workspace: Workspace, before: str, after: str) -> None:
    path = workspace.path("httpcore-h11", "CHANGELOG.md")
    path.write_text(f"# Changelog of httpcore-h11\n\n## Unreleased\n\n{before}\n\n## 0.9.0 (2020-01-01)\n\nOld.\n")
    workspace.bumped("httpcore-models", "major")
    new = after.format(new="- Needs httpcore-models 2.0.0.")
    assert f"\n## Unreleased\n\n{new}\n\n## 0.9.0" in workspace.changelog("httpcore-h11")


def test_siblings_with_unreleased_changes_are_named(workspace: Workspace) -> None:
    workspace.write_changelog("httpcore-h11", "1.0.0 (2021-01-01)")
    (_, *others) = workspace.bumped("httpcore-proxy", "patch")
    assert others == ["first, if this release needs them: the unreleased changes of httpcore-models"]


def test_a_first_release_keeps_the_version_of_the_code(workspace: Workspace) -> None:
    workspace.write_changelog("httpcore-h11", "1.0.0 (unreleased)")
    workspace.bumped("httpcore-h11", "1.0.0")
    assert f"## 1.0.0 ({today()[:4]}" in workspace.changelog("httpcore-h11")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("httpcore-h4", "minor"), "'httpcore-h4' is not one of httpcore, httpcore-h11, httpcore-h2, httpcore-h3, "),
        (("httpcore", "huge"), "'huge' is neither one of major, minor, patch nor a version of three numbers"),
        (("httpcore", "0.9.0"), "0.9.0 is not newer than 1.0.0"),
        (("httpcore", "1.0.0"), "1.0.0 is not newer than 1.0.0"),
        (("httpcore-models", "minor"), "the changelog of httpcore-models has nothing below '## Unreleased'"),
    ],
)
def test_refusals_change_nothing(workspace: Workspace, arguments: tuple[str, str], reason: str) -> None:
    workspace.write_changelog("httpcore-models", "1.0.0 (2021-01-01)")
    before = workspace.files()
    finished = workspace.bump(*arguments)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith(f"bump: {reason}")
    assert workspace.files() == before


def version_of(package: Path) -> str:
    module = package / "src" / package.name.replace("-", "_") / "__init__.py"
    (version,) = re.findall('^__version__ = "(.*)"$', module.read_text(), flags=re.MULTILINE)
    return str(version)


def test_packages_of_this_repository_satisfy_each_other() -> None:
    for project in PROJECTS:
        siblings = [Requirement(line) for line in re.findall(r'"(httpcore[^"]*>=[^"]*)"', project.read_text())]
        assert siblings or project.parent.name == "httpcore-models"
        for sibling in siblings:
            assert version_of(ROOT / "packages" / sibling.name) in sibling.specifier, str(sibling)


def test_each_changelog_begins_with_the_current_version_or_unreleased_changes() -> None:
    for project in PROJECTS:
        package = project.parent
        title, _, header = (package / "CHANGELOG.md").read_text().splitlines()[:3]
        assert title == f"# Changelog of {package.name}"
        assert header == "## Unreleased" or header.startswith(f"## {version_of(package)} ("), header


def test_each_lower_bound_has_a_reason() -> None:
    for project in PROJECTS:
        bounds = re.findall(r'^.*"[^"]+>=\d.*', project.read_text(), re.MULTILINE)
        assert bounds
        for line in bounds:
            assert re.search(r'>=([\d.]+)[,"].*  # \1: \S', line), line
