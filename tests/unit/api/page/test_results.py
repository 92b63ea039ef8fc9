"""Kept results in a browser: what there is, the files of one, and nothing of anywhere else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from blocks.live.source import Source
from blocks.results.served import MOST_FILES

TOKEN = "letters-and-digits-4711"
NAME = "2025-06 (2) \u00e9t\u00e9 50%"
SUMMARY = {
    "engine_version": "1+abc",
    "source": "simulated market, seed 1",
    "plan": {"strategy": {"strategy": "orb"}, "symbols": ["A", "B", "C", "D"]},
    "sessions": {"first": "2025-06-02", "last": "2025-06-06", "count": 5},
    "summary": {"total_pnl": -12.5, "total_return": -0.00125, "max_drawdown": -0.01, "trades": 7},
}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A data folder with results, and things beside them that are none."""
    run = tmp_path / "data" / "backtests" / NAME
    (run / ".partial").mkdir(parents=True)
    (run / "summary.json").write_text(json.dumps(SUMMARY))
    (run / "report.html").write_text("<h1>report</h1><script>alert(1)</script>")
    (run / "trades.csv").write_text("session,symbol\n")
    (run / "notes.sh").write_text("secret")
    (run / ".partial" / "report.html").write_text("secret")
    damaged = run.with_name("damaged")
    damaged.mkdir()
    (damaged / "summary.json").write_text("{")
    best = tmp_path / "data" / "sweeps" / "mine" / "sets" / "77aa"
    best.mkdir(parents=True)
    (best / "report.html").write_text("<h1>set</h1>")
    (best.parents[1] / "sweep.html").write_text("<h1>sweep</h1>")
    (tmp_path / "data" / "paper").mkdir()
    (tmp_path / "data" / "paper" / "report.html").write_text("secret")
    (tmp_path / "outside.html").write_text("secret")
    os.symlink(tmp_path / "outside.html", run / "link.html")
    os.symlink("loop.html", run / "loop.html")
    return tmp_path / "data"


def browser(data_dir: Path, token: str | None = None) -> TestClient:
    return TestClient(create_app(Source(data_dir), token=token), follow_redirects=False)


def test_all_results_are_listed_with_their_figures_and_lead_to_their_pages(kept: Path) -> None:
    page = browser(kept).get("/backtests/")
    assert page.status_code == 200
    place = f"/backtests/{quote(NAME)}/"
    for said in (f'href="{place}report.html"', f'href="{place}"', "orb (SIMULATED)",
                 "A, B, C and 1 more", "2025-06-02", "\N{MINUS SIGN}12.50", "it is no JSON",
                 'href="/sweeps/mine/sweep.html"'):  # fmt: skip
        assert said in page.text
    for path in ("/backtests", "/sweeps/", "/walks/"):
        assert browser(kept).get(path, follow_redirects=True).status_code == 200


def test_a_result_lists_its_files_and_each_is_given_with_a_place_of_its_own(kept: Path) -> None:
    client, place = browser(kept), f"/backtests/{quote(NAME)}/"
    listed = client.get(place).text
    assert listed.index("report.html") < listed.index("trades.csv")
    for hidden in ("notes.sh", ".partial", "link.html", "loop.html"):
        assert hidden not in listed
    report = client.get(f"{place}report.html")
    assert (report.status_code, "<h1>report</h1>" in report.text) == (200, True)
    policy = report.headers["content-security-policy"]
    # Its script has no part in what this page may read, whoever wrote it.
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert report.headers["x-content-type-options"] == "nosniff"
    table = client.get(f"{place}trades.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert 'filename="trades.csv"' in table.headers["content-disposition"]
    assert client.get("/sweeps/mine/sets/77aa/report.html").text == "<h1>set</h1>"
    assert client.get("/sweeps/mine/").text.count("report.html") == 2


@pytest.mark.parametrize(
    "path",
    [
        "/backtests/../paper/report.html",
        "/backtests/%2e%2e/paper/report.html",
        "/backtests/..%2f..%2foutside.html",
        "/backtests//etc/passwd",
        "/backtests/%2fetc%2fpasswd",
        "/backtests/{name}/link.html",
        "/backtests/{name}/loop.html",
        "/backtests/{name}/.partial/report.html",
        "/backtests/{name}/notes.sh",
        "/backtests/{name}/report.html/more",
        "/backtests/{name}%00/report.html",
        "/backtests/" + "x" * 5000,
        "/backtests/nowhere/",
        "/backtests/.runs/",
        "/paper/report.html",
    ],
)
def test_a_name_leads_to_nothing_but_results(path: str, kept: Path) -> None:
    answer = browser(kept).get(path.format(name=quote(NAME)))
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_nothing_is_kept_yet_and_the_way_to_keep_one_is_said(tmp_path: Path) -> None:
    page = browser(tmp_path).get("/backtests/")
    assert (page.status_code, "openbell backtest --out" in page.text) == (200, True)
    assert not list(tmp_path.iterdir())


def test_a_result_of_many_files_is_not_endless(tmp_path: Path) -> None:
    folder = tmp_path / "sweeps" / "large"
    folder.mkdir(parents=True)
    for number in range(MOST_FILES + 5):
        (folder / f"{number}.csv").touch()
    assert browser(tmp_path).get("/sweeps/large/").text.count("<tr>") == MOST_FILES + 1


def test_with_a_token_it_is_asked_for_and_leads_back_to_the_result(kept: Path) -> None:
    client, place = browser(kept, TOKEN), f"/backtests/{quote(NAME)}/report.html"
    asked = client.get(place)
    assert (asked.status_code, "report</h1>" in asked.text) == (401, False)
    assert f'name="to" value="{place}"' in asked.text
    wrong = client.post("/sign-in", data={"token": "wrong", "to": place})
    assert f'name="to" value="{place}"' in wrong.text
    right = client.post("/sign-in", data={"token": TOKEN, "to": place})
    assert right.headers["location"] == place
    assert client.get(place).status_code == 200
    for elsewhere in ("/backtests/\r\nx: y", "//x.example/backtests/", "/backtests/\\x"):
        answer = client.post("/sign-in", data={"token": TOKEN, "to": elsewhere})
        assert answer.headers["location"] == "/"
