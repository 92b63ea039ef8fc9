"""A plan that is damaged is one line with the way out, or is read where it is whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from blocks.ledger.ledger import DuckDBLedger
from blocks.live.source import Source
from trading.errors import StoreUnavailable

WAY_OUT = "openbell restore"


def note(data_dir: Path, text: str | None) -> None:
    with DuckDBLedger(data_dir, "replay").changing() as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'plan'", [text])


def change_rows(data_dir: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the plan in the first row of each session."""
    with DuckDBLedger(data_dir, "replay").changing() as connection:
        sql = "SELECT seq, payload FROM journal WHERE kind = 'session_started'"
        for number, payload in connection.execute(sql).fetchall():
            content = json.loads(payload)
            change(content["plan"])
            connection.execute(
                "UPDATE journal SET payload = ? WHERE seq = ?", [json.dumps(content), number]
            )


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"risk": null}', None])
def test_what_is_noted_of_a_plan_is_read_from_the_journal_where_it_is_damaged(
    text: str | None, data_dir: Path
) -> None:
    whole = DuckDBLedger(data_dir, "replay").newest_plan()
    note(data_dir, text)
    assert DuckDBLedger(data_dir, "replay").newest_plan() == whole
    client = TestClient(create_app(Source(data_dir, "replay")), raise_server_exceptions=False)
    for path in ("/", "/health/ready", "/metrics", "/api/live", "/api/account"):
        assert client.get(path).status_code == 200, path


def no_risk(plan: dict[str, Any]) -> None:
    plan["risk"] = None


def interval_in_words(plan: dict[str, Any]) -> None:
    plan["interval_minutes"] = "five"


def endless_interval(plan: dict[str, Any]) -> None:
    plan["interval_minutes"] = 1e308


def symbols_in_one(plan: dict[str, Any]) -> None:
    plan["symbols"] = "AAPL"


def strategy_of_words(plan: dict[str, Any]) -> None:
    plan["strategy"] = {"range_minutes": "long"}


@pytest.mark.parametrize(
    "damage", [no_risk, interval_in_words, endless_interval, symbols_in_one, strategy_of_words]
)
def test_a_damaged_plan_in_the_journal_is_one_line_everywhere(
    damage: Callable[[dict[str, Any]], object], data_dir: Path
) -> None:
    change_rows(data_dir, damage)
    note(data_dir, "{")
    with pytest.raises(StoreUnavailable, match=WAY_OUT):
        DuckDBLedger(data_dir, "replay").plan_of("2025-06-10")
    client = TestClient(create_app(Source(data_dir, "replay")), raise_server_exceptions=False)
    page = client.get("/")
    assert (page.status_code, WAY_OUT in page.text) == (200, True)
    ready = client.get("/health/ready").json()
    assert ready["status"] == "unhealthy"
    assert ready["reasons"][0].startswith("ledger: ")
    assert "\n" not in ready["reasons"][0]
    assert client.get("/metrics").status_code == 200
    for path in ("/api/account", "/api/days", "/api/bars?symbol=AAPL"):
        answer = client.get(path)
        assert (answer.status_code, WAY_OUT in answer.json()["error"]) == (503, True), path
