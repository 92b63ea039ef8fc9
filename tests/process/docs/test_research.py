"""The page on sweeps names what there is."""

from __future__ import annotations

from tests.process.docs.pages import PAGES
from trading.sweep.objective import Objective


def test_the_page_names_every_objective() -> None:
    page = PAGES["docs/research.md"]
    assert [name for name in Objective if f"`{name}`" not in page] == []
