"""Where results are shown: by the API where it serves them, else as files of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.settings.api import ApiSettings
from flows.pages.live_page import LivePage


@pytest.mark.parametrize(
    ("folder", "page", "address"),
    [
        ("backtests/my run", "report.html", "http://127.0.0.1:8085/backtests/my%20run/report.html"),
        ("sweeps/a", None, "http://127.0.0.1:8085/sweeps/a/"),
        ("walks/a", "walk_forward.html", "http://127.0.0.1:8085/walks/a/walk_forward.html"),
        ("paper", "report.html", "file://{data}/paper/report.html"),
        ("../elsewhere", None, "file://{data.parent}/elsewhere"),
    ],
)
def test_what_lies_among_the_results_is_shown_by_the_api(
    folder: str, page: str | None, address: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    live_page = LivePage.of(ApiSettings(), data)
    assert live_page.of_results(data / folder, page) == address.format(data=data)
    # A page that nobody serves is a file all the same, and is named once.
    file = (data / folder if page is None else data / folder / page).resolve().as_uri()
    said = live_page.openings(data / folder, page)
    assert said[-1].endswith(f"open {file}")
    assert said[0].startswith(f"open {address.format(data=data)}")
    assert len(said) == (2 if address.startswith("http") else 1)
