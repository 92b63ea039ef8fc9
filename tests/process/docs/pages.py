"""The pages that people read, and the command lines in them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.repository import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = {
    str(path.relative_to(REPOSITORY)): path.read_text()
    for path in (
        *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
        *sorted(DOCS.rglob("*.md")),
    )
}
# A block without a language is for a shell. Those with another hold no commands.
FOR_A_SHELL = ("", "sh", "bash", "shell", "console")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.S | re.M)


def blocks_of(page: str) -> list[tuple[str, str]]:
    """Return language and text of each fenced block."""
    return _BLOCK.findall(PAGES[page])


def commands_of(page: str) -> list[str]:
    """Return the lines of a page that a reader types, without what is said of them."""
    lines = [
        re.sub(r"(^|\s+)#.*", "", line).strip()
        for language, text in blocks_of(page)
        if language in FOR_A_SHELL
        for line in text.splitlines()
    ]
    return [line for line in lines if line]


def python_of(page: Path) -> list[str]:
    """Return the Python of a page."""
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.S)
