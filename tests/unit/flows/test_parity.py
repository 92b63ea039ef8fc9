"""Terminal and flow say whether sessions come again; an exit code says it to scripts."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.metrics_page import metrics_page
from blocks.health.checks import Level
from blocks.health.health import check_health
from blocks.ledger.ledger import DuckDBLedger
from blocks.settings.app_settings import AppSettings
from flows import parity as module
from flows.__main__ import main
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.parity.check import check_parity

DAYS = ("2025-06-11", "2025-06-10")
AFTER_CLOSE = datetime(2025, 6, 11, 21, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("parity")
    asked = SessionRequest(
        PlainParts(place),
        replay="2025-06-10:2025-06-11",
        symbols=("AAA", "BBB"),
        interval_minutes=60,
        settings={"range_minutes": 60, "min_body": -1.0},
    )
    assert asyncio.run(run_account(asked)) == 2
    return place


def parity(folder: Path, *options: str) -> int:
    return main(["parity", "--data-dir", str(folder), *options])


def test_sessions_that_come_again_end_with_0(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parity(folder, "--last", "20") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("replay: of 2 sessions 2 agree; shortfall +0.00 USD over ")
    # Folded to the terminal: each table has the sessions again.
    assert [line.split()[0] for line in shown[3:5]] == list(DAYS)
    assert max(map(len, shown)) <= 80
    assert parity(folder, "--session", DAYS[0], "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sessions"][0]["verdict"] == "agrees"
    assert found["differences"] == []
    assert {fill["shortfall_usd"] for fill in found["fills"]} == {0.0}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--session", "2025-06-12"), "no closed session 2025-06-12"),
        (("--session", "yesterday"), "is no date"),
        (("--last", "0"), "no number of sessions"),
        (("--last", "many"), "no number of sessions"),
        (("--account", "nobodys"), "'nobodys' is not in"),
    ],
)
def test_what_is_no_session_is_named(
    options: tuple[str, ...], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parity(folder, *options) == 2
    assert said in capsys.readouterr().err


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the flow shows, without Prefect around it."""
    kept: list[dict[str, Any]] = []

    async def keep(rows: list[dict[str, Any]], **named: Any) -> None:
        kept.append({"rows": rows, **named})

    monkeypatch.setattr(module, "acreate_table_artifact", keep)
    monkeypatch.setattr(module, "begin_process", lambda folder: AppSettings())
    monkeypatch.setattr(module, "check_parity", check_parity)
    return kept


def test_the_flow_shows_the_sessions_of_an_account(
    folder: Path, shown: list[dict[str, Any]]
) -> None:
    state = asyncio.run(module.parity.fn(str(folder)))
    assert state.is_completed()
    assert str(state.message).startswith("replay: of 2 sessions 2 agree")
    assert [page["key"] for page in shown] == ["replay-parity"]
    assert [row["session"] for row in shown[0]["rows"]] == list(DAYS)
    assert "shortfall +0.00 USD" in shown[0]["description"]


def test_the_flow_has_nothing_to_do_before_a_session_is_closed(
    tmp_path: Path, shown: list[dict[str, Any]]
) -> None:
    assert "no account" in str(asyncio.run(module.parity.fn(str(tmp_path))).message)
    ledger = DuckDBLedger(tmp_path, "paper")
    ledger.remember("account", "paper")
    assert "no session is closed" in str(asyncio.run(module.parity.fn(str(tmp_path))).message)
    assert shown == []


def test_a_session_that_does_not_come_again_ends_with_1_and_is_red_everywhere(
    folder: Path, shown: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = DuckDBLedger(folder, "replay")
    with ledger.changing() as connection:
        connection.execute(f"DELETE FROM decisions WHERE session = '{DAYS[0]}' AND symbol = 'BBB'")
    assert parity(folder, "--session", DAYS[0]) == 1
    shown = capsys.readouterr().out
    assert f"{DAYS[0]} DIFFERS: " in shown
    assert "no decision" in shown
    # What was found stays there to be read.
    assert parity(folder) == 1
    assert "of 2 sessions 1 agree, 1 DIFFER" in capsys.readouterr().out
    report = check_health(folder, "replay", AFTER_CLOSE)
    (component,) = [each for each in report.components if each.name == "parity"]
    assert component.level == Level.UNHEALTHY
    assert "openbell_parity_agrees 0.0" in metrics_page(report).decode()
    state = asyncio.run(module.parity.fn(str(folder)))
    assert state.is_failed()
    assert "1 DIFFER" in str(state.message)
