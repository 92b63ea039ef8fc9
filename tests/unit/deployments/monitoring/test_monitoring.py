"""What the alert rules and the dashboard name is on the real page of metrics."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from blocks.copies.drill_record import DrillRecord, write_drill_record
from blocks.copies.record import note_success
from blocks.ledger.ledger import DuckDBLedger
from blocks.live.source import Source
from blocks.process.clock_offset import NOTED
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.metrics import Metric, MetricsStore, MetricType
from tests.repository import REPOSITORY

FOLDER = REPOSITORY / "deployments" / "monitoring"
PROMQL = {
    "abs", "absent", "and", "delta", "on", "or", "time", "up", "label_values",
    # Labels that Prometheus itself gives.
    "instance", "job", "openbell",
}  # fmt: skip
TOKENS = re.compile(
    r'\s+|"[^"]*"|[A-Za-z_:][A-Za-z0-9_:]*|\[\d+[smhdwy]\]|\d+(?:\.\d+)?|'
    r"=~|!~|!=|==|>=|<=|[-+*/=<>(){},]"
)
DURATION = re.compile(r"\d+[smhd]")
SEVERITIES = {"critical", "warning"}


@pytest.fixture
def page(data_dir: Path) -> str:
    """The metrics of an account of which everything is known."""
    now = datetime.now(UTC)
    note_success(data_dir, "replay", now, 1000, 100)
    write_drill_record(data_dir, "replay", DrillRecord(now, is_good=True, text="all is there"))
    store = MetricsStore(telemetry_file(data_dir, "replay"))
    store.record([Metric(MetricType.HEALTH, NOTED, 0.4, now)])
    with DuckDBLedger(data_dir, "replay").changing() as connection:
        connection.execute(
            "INSERT INTO positions VALUES ('AAPL', -4, now(), 100.0, 90.0, 110.0, 80.0, '')"
        )
        connection.execute(
            "INSERT INTO parity VALUES ('2025-06-10', now(), 'agrees', 75, 12, 0, 78, 0, 1, 0, 0,"
            " 2, 1, 9, 9, 1.5, 3.25, '')"
        )
    return asyncio.run(metrics_of(Source(data_dir, "replay")))


async def metrics_of(source: Source) -> str:
    """Return what the API answers when it is asked for its metrics."""
    door = httpx.ASGITransport(create_app(source))
    async with httpx.AsyncClient(transport=door, base_url="http://127.0.0.1") as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    return answer.text


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((FOLDER / "alerts.yaml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> Iterator[dict[str, Any]]:
    yield from json.loads((FOLDER / "dashboard.json").read_text())["panels"]


def questions() -> list[str]:
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    document = json.loads((FOLDER / "dashboard.json").read_text())
    asked += [
        variable["query"]
        for variable in document["templating"]["list"]
        if variable["type"] == "query"
    ]
    return asked + [rule["expr"] for rule in rules()]


def tokens(question: str) -> list[str]:
    """Return a question's tokens; fails at what is none."""
    found, at = [], 0
    while at < len(question):
        token = TOKENS.match(question, at)
        assert token is not None, f"{question!r} at {question[at:]!r}"
        at = token.end()
        if token[0].strip():
            found.append(token[0])
    return found


def test_each_metric_and_label_that_is_named_is_on_the_page(page: str) -> None:
    families = {family.name: family for family in text_string_to_metric_families(page)}
    labels = {label for family in families.values() for s in family.samples for label in s.labels}
    assert len(questions()) > 30
    for question in questions():
        words = [token for token in tokens(question) if re.match(r"[A-Za-z_]", token)]
        unknown = set(words) - families.keys() - labels - PROMQL
        assert not unknown, f"{question}: {unknown}"
        assert families.keys() & set(words) or "up" in words, question


def test_each_component_that_an_alert_names_is_one(page: str) -> None:
    families = {family.name: family for family in text_string_to_metric_families(page)}
    components = {sample.labels["component"] for sample in families["openbell_health"].samples}
    named = {
        name
        for question in questions()
        for values in re.findall(r'component(?:=|!=|=~|!~)"([^"]*)"', question)
        for name in values.split("|")
    }
    assert named >= {"lease", "exchange"}
    assert named <= components


def test_every_metric_of_the_page_is_on_the_dashboard_or_in_an_alert(page: str) -> None:
    """A number that nobody looks at is one to leave out."""
    families = {family.name for family in text_string_to_metric_families(page)}
    shown = {token for question in questions() for token in tokens(question)}
    left_out = {
        "openbell_health_since_timestamp_seconds",
        "openbell_last_bar_timestamp_seconds",
        "openbell_copies_success_ratio",
        "openbell_copy_ratio",
    }
    assert families - shown == left_out


def test_the_rules_have_the_form_that_prometheus_reads() -> None:
    document = yaml.safe_load((FOLDER / "alerts.yaml").read_text())
    assert document.keys() == {"groups"}
    assert len({group["name"] for group in document["groups"]}) == len(document["groups"])
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}, rule
        assert re.fullmatch(r"Openbell[A-Za-z]+", rule["alert"])
        assert DURATION.fullmatch(rule.get("for", "0s"))
        assert rule["labels"]["severity"] in SEVERITIES
        assert rule["annotations"].keys() == {"summary", "description"}
        assert all("\n" not in text for text in rule["annotations"].values())
        for text in rule["annotations"].values():
            assert text.count("{{") == text.count("}}")
    for question in questions():
        depth = 0
        for token in tokens(question):
            depth += (token in "({") - (token in ")}")
            assert depth >= 0, question
        assert depth == 0, question


def test_what_an_alert_tells_to_do_is_a_command_that_there_is() -> None:
    from deployments.openbell import SERVING
    from flows.commands.names import COMMANDS

    told = [
        command
        for rule in rules()
        for command in re.findall(r"openbell ([\w-]+)", rule["annotations"]["description"])
    ]
    assert told
    assert set(told) <= {*COMMANDS, *SERVING}


def test_the_dashboards_panels_lie_beside_each_other_and_ask_the_chosen_prometheus() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(list(panels()))


def test_prometheus_reads_the_rules_that_lie_beside_its_settings() -> None:
    settings = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    assert [(FOLDER / name).exists() for name in settings["rule_files"]] == [True]
    (job,) = settings["scrape_configs"]
    assert job["job_name"] == "openbell"
