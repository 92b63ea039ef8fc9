"""What the docs name exists, and what they show runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from blocks.copies.manifest import openbell_version
from tests.repository import REPOSITORY
from tests.terminal import flows
from tests.unit.trading.test_rules_scenarios import LOADING, SCENARIOS

DOCS = REPOSITORY / "docs"


def test_each_assumption_names_a_test_that_exists() -> None:
    rows = [
        line.split("|")[2].strip()
        for line in (DOCS / "assumptions.md").read_text().splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| assumption"))
    ]
    names = {scenario.name for scenario in (*SCENARIOS, *LOADING)}
    tests = "\n".join(path.read_text() for path in (REPOSITORY / "tests").rglob("test_*.py"))
    assert len(rows) > 10
    for row in rows:
        if row.startswith('"'):
            assert row.strip('"') in names, row
        else:
            assert f"def {row.strip('`')}(" in tests, row


def test_each_file_that_contributors_are_sent_to_exists() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`((?:[a-z_.]+/)+[a-z_0-9.-]+|[A-Za-z.]+\.(?:md|yaml|toml))`", text))
    assert len(named) > 20
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


def test_each_file_of_ours_that_a_page_names_exists() -> None:
    folders = "trading|blocks|tasks|flows|deployments|api|tests|benchmarks|docs"
    named = {
        (page.name, name)
        for page in (*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md"))
        if page.name != "CHANGELOG.md"
        for name in re.findall(rf"`((?:{folders})(?:/[\w.-]+)+)`", page.read_text())
    }
    assert len(named) > 20
    assert [each for each in named if not (REPOSITORY / each[1]).exists()] == []


def test_each_picture_is_shown_on_a_page() -> None:
    text = "\n".join(page.read_text() for page in (REPOSITORY / "README.md", *DOCS.rglob("*.md")))
    pictures = {str(path.relative_to(DOCS / "images")) for path in DOCS.rglob("images/**/*.png")}
    assert len(pictures) > 5
    assert [name for name in pictures if f"images/{name})" not in text] == []


def test_the_order_of_folders_that_contributors_read_is_the_one_that_is_checked() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    for contract in project["tool"]["importlinter"]["contracts"]:
        package = contract.get("containers", [""])[0]
        if package in ("trading", "blocks"):
            table = text.partition(f"| `{package}` | |\n|---|---|\n")[2].partition("\n\n")[0]
            shown = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in table.splitlines()]
            checked = [re.split(r"\s*[|:]\s*", layer) for layer in contract["layers"]]
            assert list(map(sorted, shown)) == list(map(sorted, checked))


def test_links_between_pages_lead_somewhere() -> None:
    for page in (*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if not target.startswith("https://"):
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_tables_and_lists_are_shown_as_such_on_the_site_too() -> None:
    """A row without a heading above it, and a list right below a line, are plain text there."""
    for page in (*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")):
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.S | re.M)
        blocks = [block.splitlines() for block in re.split(r"\n\s*\n", text)]
        for first, *others in filter(None, blocks):
            if first.startswith("|"):
                assert re.fullmatch(r"\|[-|: ]+\|", others[0]), f"{page}: {first}"
            if (
                not first.startswith(("#", "- ", "1. ", " ", "|", "<"))
                and page.parent != REPOSITORY
            ):
                assert not any(line.startswith(("- ", "1. ")) for line in others), (
                    f"{page}: {first}"
                )


def test_each_decision_is_listed_by_its_title() -> None:
    listed = (DOCS / "adr" / "index.md").read_text()
    for page in (DOCS / "adr").glob("0*.md"):
        title = page.read_text().splitlines()[0].partition(": ")[2]
        assert f"[{title[0].upper()}{title[1:]}]({page.name})" in listed


def test_the_site_is_built_without_a_broken_link_and_loads_nothing_from_elsewhere(
    tmp_path: Path,
) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path)],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 40
    loaded = r"(?:src=|<link[^>]+href=|url\()[\"']?(?:https?:)?//"
    for page in (*pages, *tmp_path.rglob("*.css")):
        assert not re.search(loaded, page.read_text()), page


def test_only_pyproject_names_our_version() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert openbell_version() == version, "run `make env`"
    number = re.compile(rf"(?<![\d.]){re.escape(version)}(?![\d.])")
    # The changelog tells of each version; locks hold those of others.
    told = {"pyproject.toml", "CHANGELOG.md", "requirements.lock", "requirements-runtime.lock"}
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, tracked):
        path = REPOSITORY / name
        if name not in told and path.is_file():
            assert not number.search(path.read_text(errors="ignore")), name


@pytest.fixture
def strategy_file(tmp_path: Path) -> Path:
    code = re.findall(r"```python\n(.*?)```", (DOCS / "strategies.md").read_text(), re.S)
    target = tmp_path / "rsi_dip.py"
    target.write_text(code[0])
    return target


SIMULATED = ("--symbols", "AAA,BBB,CCC", "--start", "2025-06-02", "--end", "2025-06-06")


def test_the_example_strategy_of_the_docs_trades(strategy_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    own = ("--strategy-file", str(strategy_file))
    done = flows("backtest", *SIMULATED, *own, "--set", "dip=40", "--out", str(out))
    assert done.returncode == 0, done.stderr
    trades = (out / "trades.csv").read_text().splitlines()
    assert len(trades) > 5
    assert "rsi_dip" in trades[1]


def test_the_example_strategy_is_honest(strategy_file: Path) -> None:
    own = ("--strategy-file", str(strategy_file))
    noise = flows("null-test", "--trades", "1500", *own)
    assert noise.returncode == 0, noise.stderr + noise.stdout
    assert "what noise must show" in noise.stdout
    future = flows("look-ahead-test", *SIMULATED, *own, "--cuts", "4")
    assert future.returncode == 0, future.stderr + future.stdout


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("def observe(:\n", "line 1"),
        ("x = 1\n", "Parameters"),
        ("import nowhere_at_all\n", "ModuleNotFoundError"),
    ],
)
def test_a_broken_strategy_file_is_one_clear_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    done = flows("backtest", *SIMULATED, "--strategy-file", str(path))
    assert done.returncode == 2
    assert complaint in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
