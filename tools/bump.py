"""Prepare the release of one package: `python tools/bump.py PACKAGE major|minor|patch|VERSION`.

Sets the version, dates the changelog, and updates the requirements of siblings that exclude the new version. Then
prints what else must be released, before and after. New entries of a changelog are below the header `## Unreleased`.
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

PACKAGES = Path(__file__).resolve().parents[1] / "packages"
LEVELS = ("major", "minor", "patch")

Version: TypeAlias = tuple[int, int, int]

_VERSION_LINE = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
_UNRELEASED = re.compile(
    r"^## (?:Unreleased|\S+ \(unreleased\))\n+(?P<entries>.*?)\s*(?=^## |\Z)", re.MULTILINE | re.DOTALL
)
# A requirement of a sibling in a pyproject.toml, and the comment with the reason for its lower bound.
_RANGE = r'(?P<name>"{name}(?:\[[\w,-]+\])?)>=(?P<lower>[\d.]+),<(?P<upper>\d+)(?P<end>"\S*)(?P<comment>[ ]+\#[ ].*)?'


class BumpError(Exception):
    """The release cannot be prepared. Nothing has been changed."""


def parsed(text: str) -> Version:
    """Return the three numbers of a version."""
    match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", text)
    if match is None:
        raise BumpError(f"{text!r} is neither one of {', '.join(LEVELS)} nor a version of three numbers")
    major, minor, patch = (int(number) for number in match.groups())
    return major, minor, patch


def raised(version: Version, level: str) -> Version:
    """Return the version that follows `version`."""
    major, minor, patch = version
    if level == "major":
        return major + 1, 0, 0
    if level == "minor":
        return major, minor + 1, 0
    return (major, minor, patch + 1) if level == "patch" else parsed(level)


def formatted(version: Version) -> str:
    """Return the version as text."""
    return ".".join(map(str, version))


@dataclass(frozen=True)
class Package:
    """A distribution, and the files that its release changes."""

    name: str

    @property
    def project(self) -> Path:
        """The file with its metadata."""
        return PACKAGES / self.name / "pyproject.toml"

    @property
    def changelog(self) -> Path:
        """Its changelog."""
        return PACKAGES / self.name / "CHANGELOG.md"

    @property
    def module(self) -> Path:
        """The file with its version."""
        return PACKAGES / self.name / "src" / self.name.replace("-", "_") / "__init__.py"

    def version(self) -> Version:
        """Return the version in the repository."""
        (text,) = _VERSION_LINE.findall(self.module.read_text())
        return parsed(text)

    def unreleased(self) -> str:
        """Return the entries of the changelog for the next release; empty if there are none."""
        match = _UNRELEASED.search(self.changelog.read_text())
        return "" if match is None else match["entries"]

    def requires(self, other: Package) -> bool:
        """Whether it depends on a sibling, even if only for an extra."""
        return _range_of(other).search(self.project.read_text()) is not None

    def release(self, version: Version) -> None:
        """Set the version and the heading of the changelog."""
        _substitute(self.module, _VERSION_LINE, f'__version__ = "{formatted(version)}"')
        today = datetime.datetime.now(datetime.timezone.utc).date()
        entries = self.unreleased()
        rest = _UNRELEASED.sub("", self.changelog.read_text(), count=1)
        title, _, older = rest.partition("\n")
        parts = [title, f"## {formatted(version)} ({today})", entries, older.strip()]
        self.changelog.write_text("\n\n".join(filter(None, parts)) + "\n")

    def require(self, other: Package, version: Version) -> bool:
        """Require `version` of a sibling if the present range excludes it; return whether it did."""
        text = self.project.read_text()

        def replaced(match: re.Match[str]) -> str:
            lower = ".".join(map(str, version[:2]))
            comment = match["comment"] and f"  # {lower}: the first release of its major version"
            return f"{match['name']}>={lower},<{version[0] + 1}{match['end']}{comment or ''}"

        if all(version[0] < int(match["upper"]) for match in _range_of(other).finditer(text)):
            return False
        self.project.write_text(_range_of(other).sub(replaced, text))
        self._note(f"- Needs {other.name} {formatted(version)}.")
        return True

    def _note(self, entry: str) -> None:
        text = self.changelog.read_text()
        match = _UNRELEASED.search(text)
        if match is None:
            title, _, older = text.partition("\n")
            text = f"{title}\n\n## Unreleased\n\n{entry}\n\n{older.strip()}\n"
        else:
            start, end = match.span("entries")
            text = f"{text[:start]}{_with_entry(match['entries'], entry)}{text[end:]}"
        self.changelog.write_text(text)


def _with_entry(entries: str, entry: str) -> str:
    """Add an entry at the end; where there are groups, at the end of the group "Changed"."""
    if "### " not in entries:
        return f"{entries}\n{entry}"
    changed = re.search(r"^### Changed\n.*?(?=\n+### |\Z)", entries, re.MULTILINE | re.DOTALL)
    if changed is None:
        return f"{entries}\n\n### Changed\n\n{entry}"
    return f"{entries[: changed.end()]}\n{entry}{entries[changed.end() :]}"


def _range_of(package: Package) -> re.Pattern[str]:
    return re.compile(_RANGE.format(name=re.escape(package.name)))


def _substitute(path: Path, pattern: re.Pattern[str], replacement: str) -> None:
    path.write_text(pattern.sub(lambda _: replacement, path.read_text()))


def bump(name: str, level: str) -> list[str]:
    """Prepare the release, and return the lines to print."""
    packages = {path.parent.name: Package(path.parent.name) for path in sorted(PACKAGES.glob("*/pyproject.toml"))}
    if name not in packages:
        raise BumpError(f"{name!r} is not one of {', '.join(packages)}")
    package = packages.pop(name)
    old, new = package.version(), raised(package.version(), level)
    if not package.unreleased():
        raise BumpError(f"the changelog of {name} has nothing below '## Unreleased': there is nothing to release")
    never_released = f"## {formatted(old)} (unreleased)" in package.changelog.read_text()
    if new < old or (new == old and not never_released):
        raise BumpError(f"{formatted(new)} is not newer than {formatted(old)}")

    package.release(new)
    lines = [f"{name} {formatted(old)} -> {formatted(new)}; after committing: git tag {name}-v{formatted(new)}"]
    for other in packages.values():
        if package.requires(other) and other.unreleased():
            lines.append(f"first, if this release needs them: the unreleased changes of {other.name}")
    for other in packages.values():
        if other.require(package, new):
            lines.append(
                f"afterwards: {other.name}, whose requirement of {name} excluded {formatted(new)} and was updated"
            )
    return lines


def main() -> int:
    """Read the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("package")
    parser.add_argument("level", metavar="major|minor|patch|VERSION")
    arguments = parser.parse_args()
    try:
        print("\n".join(bump(arguments.package, arguments.level)))
    except BumpError as error:
        print(f"bump: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
