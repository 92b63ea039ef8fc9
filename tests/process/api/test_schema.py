"""Whatever is asked of the API, within its schema or against it, is no fault of the server's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings

from api.app import create_app
from blocks.live.source import Source

WITH_PARAMETERS = (
    "/api/bars", "/api/days", "/api/decisions", "/api/messages", "/api/parity",
    "/api/sessions/{session}", "/api/logs", "/api/metrics/performance",
    "/api/metrics/{metric_type}/{metric_name}", "/api/orders", "/api/signals", "/api/trades",
)  # fmt: skip
OTHERS = (
    "/api/account", "/api/controls", "/api/equity", "/api/health", "/api/live", "/api/session",
    "/api/positions", "/health/live", "/health/ready", "/health/startup", "/health/state",
    "/metrics",
)  # fmt: skip
METRIC = "/api/metrics/gauge/equity"
EDGES = (
    ("/api/trades", "offset=9223372036854775808"),
    ("/api/trades", "limit=1000000000000"),
    ("/api/trades", "symbol=%00"),
    ("/api/trades", "strategy=%00"),
    ("/api/trades", "symbol=" + "A" * 10_000),
    ("/api/signals", "symbol=%ED%A0%80"),
    ("/api/logs", "search=%00%25_%5C"),
    ("/api/logs", "start_time=0001-01-01T00:00:00%2B14:00"),
    ("/api/logs", "end_time=9999-12-31T23:59:59-14:00"),
    (METRIC, "start_time=0001-01-01T00:00:00%2B23:59&end_time=9999-12-31T23:59:59-23:59"),
    (METRIC, "start_time=1e308"),
    ("/api/metrics/gauge/%00", ""),
    ("/api/metrics/gauge/" + "a" * 5_000, ""),
    ("/api/metrics/performance", "period=all%00"),
    ("/api/bars", "symbol=%00"),
    ("/api/bars", "symbol=AAPL&session=0001-01-01"),
    ("/api/bars", "symbol=AAPL&after=9223372036854775808"),
    ("/api/bars", "symbol=AAPL'%5B0%5D"),
    ("/api/decisions", "session=9999-12-31&symbol=%00"),
    ("/api/messages", "session=-0001-01-01"),
    ("/api/sessions/0001-01-01", ""),
    ("/api/sessions/9999-12-31", ""),
    ("/sessions/9999-12-31", ""),
    ("/sessions/%00", ""),
)


@pytest.fixture(scope="module")
def schema(traded: Path) -> Any:
    # Imported here: it takes half a second, which every process of the tests would pay.
    from schemathesis.openapi import from_dict

    app = create_app(Source(traded))
    found = from_dict(app.openapi())
    found.app = app
    return found


def test_every_path_is_asked_below(schema: Any) -> None:
    paths = {operation.ok().path for operation in schema.get_all_operations()}
    assert paths == {*WITH_PARAMETERS, *OTHERS}
    asking = {op.ok().path for op in schema.get_all_operations() if list(op.ok().iter_parameters())}
    assert asking == set(WITH_PARAMETERS)


# The soak asks others at each of its runs.
OFTEN = settings(max_examples=200)
SAME_AT_EACH_RUN = settings(max_examples=4, derandomize=True)


@pytest.mark.parametrize("path", WITH_PARAMETERS)
@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize(
    "how",
    [
        pytest.param(SAME_AT_EACH_RUN, id="a few"),
        pytest.param(OFTEN, id="many", marks=pytest.mark.soak),
    ],
)
def test_nothing_that_is_asked_is_a_fault_of_the_server(
    how: settings, mode: str, path: str, schema: Any
) -> None:
    from schemathesis import GenerationMode

    codes: list[int] = []
    asked = schema[path]["GET"].as_strategy(generation_mode=GenerationMode(mode))

    @settings(how, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=asked)
    def ask(case: Any) -> None:
        # A busy machine imports for longer than the client waits by itself.
        answer = case.call(timeout=300)
        codes.append(answer.status_code)
        assert answer.status_code < 500, (case.path_parameters, case.query, answer.text)

    ask()
    assert codes


@pytest.mark.parametrize(("path", "query"), EDGES)
def test_the_edges_of_dates_numbers_and_words_are_no_fault_either(
    path: str, query: str, schema: Any
) -> None:
    with TestClient(schema.app, raise_server_exceptions=False) as client:
        assert client.get(f"{path}?{query}").status_code < 500


@pytest.mark.parametrize("path", OTHERS)
def test_what_takes_no_parameter_is_answered_whatever_is_given(path: str, schema: Any) -> None:
    with TestClient(schema.app, raise_server_exceptions=False) as client:
        assert client.get(f"{path}?limit=-1&%00=%ff").status_code == 200
