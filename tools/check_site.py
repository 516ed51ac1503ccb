"""Checks that the built documentation loads nothing from elsewhere: it is read offline, and tells nobody of readers."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path

SITE = Path(__file__).parents[1] / ".cache" / "site"


class Loads(HTMLParser):
    """Collects what a page loads from other places, as opposed to what it links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        values = dict(attrs)
        if tag == "link" and values.get("rel") not in ("canonical", "next", "prev"):
            values["src"] = values.get("href")
        address = values.get("src") or ""
        if address.startswith(("http:", "https:", "//")):
            self.found.append(address)


def main() -> int:
    """Print what is wrong; the exit status tells whether something is."""
    pages = sorted(SITE.rglob("*.html"))
    wrong = [] if pages else [f"there is no page in {SITE}"]
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        wrong += [f"{page.relative_to(SITE)} loads {address}" for address in loads.found]
    print("\n".join(wrong or [f"{len(pages)} pages load nothing from elsewhere"]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
