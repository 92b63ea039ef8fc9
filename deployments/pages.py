"""The documentation's pages on the terminal: they come with the program, in a wheel too."""

from __future__ import annotations

from pathlib import Path

from deployments.listing import listed
from trading.errors import BadInput

# In a checkout a link to its folder `docs`.
PAGES = Path(__file__).parent / "docs"


def show_page(name: str | None) -> int:
    """Print a page as it was written, or one line about each; return the exit code."""
    pages = {str(path.relative_to(PAGES).with_suffix("")): path for path in PAGES.rglob("*.md")}
    if name is None:
        ordered = sorted(pages.items(), key=lambda page: ("/" in page[0], page[0]))
        titles = {known: _title(path) for known, path in ordered}
        print("\n".join(listed(titles, max(map(len, titles)))))
        return 0
    asked = name.removeprefix("docs/").removesuffix(".md")
    found = [path for known, path in sorted(pages.items()) if known.startswith(asked)]
    if asked in pages:
        found = [pages[asked]]
    if len(found) != 1:
        raise BadInput(f"there is no page {name}", "See their names with: openbell docs")
    print(found[0].read_text(), end="")
    return 0


def _title(path: Path) -> str:
    with path.open() as lines:
        return next((line.lstrip("# ").rstrip() for line in lines if line.startswith("#")), "")
