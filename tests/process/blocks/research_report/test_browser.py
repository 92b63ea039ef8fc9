"""The page of a sweep in a real browser: it sorts, filters and maps all sets."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from blocks.research_report.sweep_page import sweep_page
from tests.process.blocks.report.browser import Page, browser_page, needs_chromium
from tests.unit.blocks.research_report.made import made_sweep

GRID = {
    "range_minutes": (5, 15, 30, 60),
    "min_body": tuple(at / 100 for at in range(50)),
    "bias": ("long", "short", "<b>both</b>"),
    "trailing": (True, False),
}
CELLS = "Array.from(document.querySelectorAll('#heat tbody tr'), (row) =>" \
    " Array.from(row.querySelectorAll('td'), (cell) => cell.firstChild.textContent))"  # fmt: skip


def choose(page: Page, field: str, value: str) -> None:
    page.evaluate(
        f"(() => {{ const field = document.getElementById('{field}'); field.value = '{value}';"
        " field.dispatchEvent(new Event('change')) })()"
    )


def column(page: Page, number: int) -> list[str]:
    return page.evaluate(
        f"Array.from(document.querySelectorAll('#sets tbody tr'), (row) =>"
        f" row.cells[{number}].innerText)"
    )


def written(value: float, form: str = "+,.2f") -> str:
    return format(value, form).replace("-", "\N{MINUS SIGN}")


@needs_chromium
@pytest.mark.timeout(180)
def test_all_sets_are_sorted_filtered_and_mapped_by_keyboard_and_nothing_is_asked_for(
    tmp_path: Path,
) -> None:
    run = made_sweep(GRID, sessions=10)
    address = tmp_path / "sweep.html"
    address.write_text(sweep_page(run), encoding="utf-8")
    rows = run.results
    with browser_page(tmp_path / "browser") as page:
        page.open(address.as_uri())
        best = column(page, 5)
        page.evaluate("document.querySelectorAll('#sets thead button')[5].focus()")
        for kind in ("keyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r",
                      windowsVirtualKeyCode=13)  # fmt: skip
        worst = column(page, 5)
        page.evaluate("document.getElementById('page-last').click()")
        last = column(page, 5)[-1]
        choose(page, "heat-x", "0")
        choose(page, "heat-y", "2")
        means = page.evaluate(CELLS)
        choose(page, "heat-over", "median")
        choose(page, "heat-figure", "total_pnl")
        medians = page.evaluate(CELLS)
        choose(page, "heat-y", "1")
        parts = page.evaluate("document.querySelectorAll('#heat tbody tr').length")
        page.evaluate(
            "(() => { const field = document.querySelector('#set-filters select');"
            " field.value = '2'; field.dispatchEvent(new Event('change')) })()"
        )
        count = page.evaluate("document.getElementById('set-count').innerText")
        complaints, requests = page.complaints(), page.requests()

    by_worth = rows["sharpe"].sort(descending=True)
    assert best == [written(value) for value in by_worth[:100]]
    assert worst == [written(value) for value in by_worth.reverse()[:100]]
    assert last == written(by_worth[0])
    cell = pl.col("range_minutes", "bias")
    of = rows.group_by(cell).agg(pl.col("sharpe").mean(), pl.col("total_pnl").median())
    table = {(row[0], row[1]): row[2:] for row in of.iter_rows()}
    for at, cells in ((0, means), (1, medians)):
        assert cells == [
            [written(table[minutes, bias][at]) for minutes in GRID["range_minutes"]]
            for bias in GRID["bias"]
        ]
    assert parts == 12
    assert count == "1 to 100 of 300 sets, 1,200 in all"
    assert complaints == []
    assert requests == [address.as_uri()]


@needs_chromium
@pytest.mark.timeout(180)
def test_without_scripts_figures_and_table_stay_and_a_phone_scrolls_only_the_tables(
    tmp_path: Path,
) -> None:
    run = made_sweep(GRID, sessions=10)
    address = tmp_path / "sweep.html"
    address.write_text(sweep_page(run), encoding="utf-8")
    with browser_page(tmp_path / "browser") as page:
        page.call("Emulation.setDeviceMetricsOverride", width=390, height=840,
                  deviceScaleFactor=1, mobile=True)  # fmt: skip
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.open(address.as_uri())
        page.call("Emulation.setScriptExecutionDisabled", value=False)
        rows = column(page, 5)
        controls = page.evaluate("document.getElementById('heat-controls').checkVisibility()")
        width = page.evaluate("document.documentElement.scrollWidth")
    assert rows == [
        written(value) for value in run.results["sharpe"].sort(descending=True).head(100)
    ]
    assert not controls
    assert width == 390
